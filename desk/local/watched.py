"""Watching one child process: a dead one is started again, after a pause that grows."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from desk.local.child import Child, ChildError

Say = Callable[[str], None]

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0
POLL_S = 0.05


@dataclass(slots=True)
class Patience:
    """How long to wait before the next start: doubling, and reset by a long enough run."""

    next_s: float = FIRST_PAUSE_S

    def pause_after(self, ran_s: float, exit_code: int | None = None) -> float:
        """The pause in seconds after a run of `ran_s` seconds.

        The longest where the configuration was refused: only a person can change that.
        """
        if exit_code == os.EX_CONFIG:
            return LONGEST_PAUSE_S
        if ran_s >= STEADY_AFTER_S:
            self.next_s = FIRST_PAUSE_S
        pause = self.next_s
        self.next_s = min(LONGEST_PAUSE_S, pause * 2)
        return pause


@dataclass(slots=True)
class Watched:
    """A child to keep alive. `start_again` may raise `ChildError`; then it is tried again."""

    child: Child
    start_again: Callable[[], Awaitable[None]]
    restarts: int = 0
    patience: Patience = field(default_factory=Patience)

    async def keep_alive(self, say: Say) -> None:
        """Never returns; `say` gets one line per death."""
        started = time.monotonic()
        while True:
            while self.child.alive:
                await asyncio.sleep(POLL_S)
            ran_s = time.monotonic() - started
            pause = self.patience.pause_after(ran_s, self.child.exit_code)
            ended = how_it_ended(self.child.exit_code)
            say(f"{self.child.name} {ended}; starting it again in {pause:g} s")
            await asyncio.sleep(pause)
            self.restarts += 1
            started = time.monotonic()
            try:
                await self.start_again()
            except (ChildError, OSError) as error:
                say(str(error).splitlines()[0])
                self.child.kill()


def how_it_ended(exit_code: int | None) -> str:
    """`was killed by SIGKILL` or `ended with exit code 70`."""
    if exit_code == os.EX_CONFIG:
        return f"refused its configuration (exit code {exit_code}; its log's last line says why)"
    if exit_code is None or exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was killed by signal {-exit_code}"
