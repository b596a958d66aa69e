"""One call starts what is missing, and leaves nothing behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from desk.local import stack as stack_module
from desk.local.child import ChildError
from desk.local.stack import Endpoints, Stack, embedded_stack

GIVEN = {"kafka": "kafka.example.org:9092", "mongo": "mongodb://mongo.example.org"}
PARENT = """
import asyncio, pathlib, sys
from desk.local.stack import embedded_stack

async def main():
    async with embedded_stack(pathlib.Path(sys.argv[1]), kafka="given", mongo="given") as stack:
        print(stack.children["mailbox"].pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[int]:
    """The pid of a mailbox whose parent is gone and which cannot yet act on that."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGSTOP)
        parent.kill()
    yield child
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


async def test_what_is_given_is_not_started(tmp_path: Path) -> None:
    async with embedded_stack(tmp_path, smtp="smtp://mail.example.org:25", **GIVEN) as stack:
        assert stack.children == {}
        assert stack.endpoints == Endpoints(
            kafka_bootstrap_servers="kafka.example.org:9092",
            mongo_url="mongodb://mongo.example.org",
            smtp_url="smtp://mail.example.org:25",
            mailbox=None,
        )


async def test_everything_that_is_missing_is_started_and_its_addresses_are_written_down(
    tmp_path: Path,
) -> None:
    async with embedded_stack(tmp_path) as stack:
        assert sorted(stack.children) == ["broker", "database", "mailbox"]
        written = json.loads((tmp_path / "endpoints.json").read_text())
        assert sorted(written) == sorted(Endpoints.model_fields)
        assert Endpoints.model_validate(written) == stack.endpoints
        assert stack.endpoints.mailbox == tmp_path / "mail"
        assert [child.alive for child in stack.children.values()] == [True, True, True]
    assert [child.alive for child in stack.children.values()] == [False, False, False]


async def test_the_same_data_keeps_its_addresses(tmp_path: Path) -> None:
    async with embedded_stack(tmp_path, **GIVEN) as stack:
        before = stack.endpoints
    async with embedded_stack(tmp_path, **GIVEN) as stack:
        assert stack.endpoints == before


async def test_a_directory_belongs_to_one_stack_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_module, "LOCK_WAIT_S", 0.1)
    async with embedded_stack(tmp_path, **GIVEN):
        with pytest.raises(ChildError, match="in use"):
            async with embedded_stack(tmp_path, **GIVEN):
                pass


async def test_a_directory_stays_taken_until_the_last_child_of_a_killed_parent_has_ended(
    orphan: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_module, "LOCK_WAIT_S", 0.1)
    with pytest.raises(ChildError, match="in use"):
        async with embedded_stack(tmp_path, **GIVEN):
            pass
    os.kill(orphan, signal.SIGKILL)
    monkeypatch.undo()
    async with embedded_stack(tmp_path, **GIVEN) as stack:
        assert stack.children["mailbox"].alive


async def test_a_cancelled_stack_stops_its_children(tmp_path: Path) -> None:
    running: asyncio.Future[Stack] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with embedded_stack(tmp_path, **GIVEN) as stack:
            running.set_result(stack)
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    stack = await running
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stack.children["mailbox"].alive


async def test_a_killed_child_comes_back_at_the_same_address(tmp_path: Path) -> None:
    async with embedded_stack(tmp_path, **GIVEN) as stack:
        stack.children["mailbox"].kill()
        await stack.start_again("mailbox")
        assert stack.children["mailbox"].alive
