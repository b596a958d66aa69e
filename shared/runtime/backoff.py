"""Growing, jittered pauses while a dependency is down."""

from __future__ import annotations

import asyncio
import contextlib
import random
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


async def sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake at once when `stopping` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
