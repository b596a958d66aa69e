"""One child process: started, watched until it is ready, and never left behind."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

Probe = Callable[[], Awaitable[bool]]
"""Answers whether the process serves yet; a refused connection is a plain `False`."""

POLL_S = 0.02
LOG_LINES_SHOWN = 15
PR_SET_PDEATHSIG = 1
INSTALL_HINT = "pip install 'contract-desk[embedded]'"

# Loaded here and not after the fork, where importing or loading anything may deadlock.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ChildError(RuntimeError):
    """A child process cannot be started or died; the message says what to do about it."""


class Child:
    """A process of its own session, with one log file for stdout and stderr.

    Ctrl-C in the terminal reaches the parent alone, which then stops its children in order.
    On Linux the kernel ends the child when the parent is killed without a chance to do so.
    A stopped or dead child can be started again: it keeps its address and its log.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        inherit_fds: Collection[int] = (),
    ) -> None:
        self.name = name
        self.argv = tuple(argv)
        self.log_file = log_file
        self._env = dict(env) if env is not None else None
        self._inherit_fds = tuple(inherit_fds)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the last start, or `None` before the first."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """`None` while it runs or before it was started; negative for a signal."""
        return self._process.poll() if self._process else None

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Start the process, with `more` in its environment; call it from the main thread.

        Linux sends the parent-death signal when the *thread* that forked ends, so a child started
        in a pool thread would be stopped with that thread. Raises `ChildError` if it cannot run.
        """
        if self.alive:
            raise ChildError(f"{self.name} is already running as process {self.pid}")
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.log_file.open("ab") as log:
                self._process = subprocess.Popen(
                    self.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**(os.environ if self._env is None else self._env), **(more or {})},
                    pass_fds=self._inherit_fds,
                    start_new_session=True,
                    preexec_fn=_end_with_parent(os.getpid()),  # noqa: PLW1509 - calls libc only
                )
        except OSError as error:
            raise ChildError(
                f"{self.name} cannot be started ({error}); try: {INSTALL_HINT}"
            ) from error

    async def wait_ready(self, probe: Probe, timeout_s: float) -> None:
        """Return as soon as `probe` answers yes.

        Raises `ChildError` with the end of the log if the process dies or stays unready.
        """
        deadline = time.monotonic() + timeout_s
        while self.alive and time.monotonic() < deadline:
            if await probe():
                return
            await asyncio.sleep(POLL_S)
        what = f"is not ready after {timeout_s:g} s" if self.alive else f"ended ({self.exit_code})"
        raise ChildError(f"{self.name} {what}; its log {self.log_file} ends:\n{self._log_tail()}")

    async def stop(self, grace_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL after `grace_s` seconds, or at once if this call is cancelled."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        try:
            while self.alive and time.monotonic() < deadline:
                await asyncio.sleep(POLL_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to the process and what it started; returns when it is gone."""
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self.alive:
            os.killpg(self._process.pid, number)

    def _log_tail(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LOG_LINES_SHOWN:])


def _end_with_parent(parent: int) -> Callable[[], None] | None:
    """Runs in the child between fork and exec so that it does not outlive its parent.

    A parent that is killed with SIGKILL cannot stop its children: they would keep their ports and
    data directories. The kernel's parent-death signal is SIGTERM, so that they save their data.
    """
    if _libc is None:
        return None
    prctl = _libc.prctl

    def ask_for_the_signal() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the request: nobody would send the signal
            os._exit(1)

    return ask_for_the_signal
