"""Topics that the broker forbids this service to read, for `/health`.

The client is refused at every fetch and keeps asking, so nothing else would show it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from shared.runtime.backoff import sleep_unless
from shared.runtime.health.status import Health

log: structlog.stdlib.BoundLogger = structlog.get_logger()

RIGHTS = "rights"
"""Under this name a health page says that topics may not be read."""
REMEMBERED_SECONDS = 30.0
"""A topic that was not refused for this long is read again, or has nobody asking for it."""
WATCH_SECONDS = 1.0


class Refusals:
    """The topics refused of late."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._at: dict[str, float] = {}

    def note(self, topic: str) -> None:
        """The broker has just refused it."""
        self._at[topic] = self._elapsed()

    def tell(self, health: Health) -> None:
        """A change is logged once."""
        begin = self._elapsed() - REMEMBERED_SECONDS
        self._at = {topic: at for topic, at in self._at.items() if at > begin}
        if self._at:
            why = f"this Kafka user may not read {', '.join(sorted(self._at))}"
            if health.reasons.get(RIGHTS) != why:
                log.error("topics may not be read", why=why)
            health.objects(RIGHTS, why)
        else:
            health.back(RIGHTS)


async def watch_refusals(refusals: Refusals, health: Health, stopping: asyncio.Event) -> None:
    """Tell `health` of them until `stopping` is set."""
    while not stopping.is_set():
        refusals.tell(health)
        await sleep_unless(stopping, WATCH_SECONDS)
