"""A child process never outlives its parent and says what went wrong when it dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from desk.local.child import Child, ChildError

IGNORES_SIGTERM = "trap '' TERM; echo up; sleep 60 & wait; wait"
PARENT = """
import pathlib, sys, time
from desk.local.child import Child
child = Child("sleeper", ["sleep", "60"], log_file=pathlib.Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


async def never() -> bool:
    return False


def has_ended(pid: int, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().split()[2] == "Z":
            return True
        time.sleep(0.02)
    return False


async def test_a_child_runs_in_a_session_of_its_own_and_ends_on_sigterm(tmp_path: Path) -> None:
    child = Child("sleeper", ["sleep", "60"], log_file=tmp_path / "log")
    child.start()
    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid
    await child.stop()
    assert child.exit_code == -signal.SIGTERM


async def test_a_child_that_ignores_sigterm_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    child = Child("stubborn", ["sh", "-c", IGNORES_SIGTERM], log_file=tmp_path / "log")

    async def is_up() -> bool:
        return "up" in (tmp_path / "log").read_text()

    child.start()
    await child.wait_ready(is_up, timeout_s=5)
    await child.stop(grace_s=0.1)
    assert child.exit_code == -signal.SIGKILL


async def test_the_error_about_a_dead_child_shows_its_exit_code_and_last_words(
    tmp_path: Path,
) -> None:
    child = Child("talker", ["sh", "-c", "echo disk full; exit 3"], log_file=tmp_path / "log")
    child.start()
    with pytest.raises(ChildError, match=r"talker ended \(3\)(.|\n)*disk full"):
        await child.wait_ready(never, timeout_s=5)


async def test_a_child_that_never_serves_is_reported_after_the_timeout(tmp_path: Path) -> None:
    child = Child("sleeper", ["sleep", "60"], log_file=tmp_path / "log")
    child.start()
    with pytest.raises(ChildError, match=r"not ready after 0\.1 s"):
        await child.wait_ready(never, timeout_s=0.1)
    await child.stop()


def test_a_missing_program_is_answered_with_how_to_install_it(tmp_path: Path) -> None:
    child = Child("broker", ["/nonexistent/broker"], log_file=tmp_path / "log")
    with pytest.raises(ChildError, match=r"pip install 'contract-desk\[embedded\]'"):
        child.start()


async def test_a_killed_child_can_be_started_again(tmp_path: Path) -> None:
    child = Child("sleeper", ["sleep", "60"], log_file=tmp_path / "log")
    child.start()
    child.kill()
    assert not child.alive
    child.start()
    assert child.alive
    await child.stop()


@pytest.mark.skipif(
    sys.platform != "linux", reason="needs Linux: only its kernel signals the death of a parent"
)
def test_a_child_ends_when_its_parent_is_killed_without_a_chance_to_stop_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child_pid = int(parent.stdout.readline())
        parent.kill()
    assert has_ended(child_pid, within_s=5)
