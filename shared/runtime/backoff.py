"""Growing pauses: jittered while a dependency is down, plain while there is nothing to do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Each pause is about twice the last, up to `longest` seconds; `stopping` ends any at once."""

    longest: float
    stopping: asyncio.Event
    shortest: float = 0.1
    _next: float = field(default=0.0, init=False)

    def reset(self) -> None:
        self._next = 0.0

    async def pause(self) -> None:
        self._next = min(self.longest, max(self.shortest, self._next * 2))
        jittered = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - no secret in a pause
        await sleep_unless(self.stopping, jittered)


@dataclass(slots=True)
class IdlePace:
    """Seconds between two looks of something that is also woken when there is something to do.

    They are a fiftieth of the time for which looks have found nothing, `shortest` at least and
    `longest` at most: a look is for what was put off, or what another process has left undone.
    """

    shortest: float = 0.1
    longest: float = 1.0
    clock: Callable[[], float] = time.monotonic
    _found_at: float | None = field(default=None, init=False)

    def looked(self, found: int) -> None:
        """Note how much a look has found."""
        if found or self._found_at is None:
            self._found_at = self.clock()

    @property
    def seconds(self) -> float:
        idle = 0.0 if self._found_at is None else self.clock() - self._found_at
        return min(self.longest, max(self.shortest, idle / 50))


async def sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake at once when `stopping` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
