"""How a process waits at its start for what is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from shared.outage import Outage
from shared.runtime.backoff import Backoff
from shared.runtime.health.status import Health

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Step = Callable[[], Awaitable[object]]


async def until_there(step: Step, health: Health, backoff: Backoff) -> None:
    """Repeats a step of the start until its dependency answers or the process is stopping."""
    while not backoff.stopping.is_set():
        try:
            await step()
        except Outage as outage:
            health.lost(outage.dependency)
            log.warning("waiting to start", dependency=outage.dependency, why=str(outage))
            await backoff.pause()
        else:
            return
