"""Deletes what forgotten customers have attached and the portal has not handed over, or notes of.

Sessions end with the next page (`shared/web/pages.py`); submissions leave by their own time.
"""

from __future__ import annotations

import asyncio

import structlog

from services.customer_portal.queries import ProjectionQueries
from services.customer_portal.uploads import Uploads
from shared.outage import Outage
from shared.runtime.backoff import sleep_unless

log: structlog.stdlib.BoundLogger = structlog.get_logger()

EVERY_SECONDS = 600.0


async def erase(uploads: Uploads, queries: ProjectionQueries) -> int:
    """Answers of how many customers. Raises `Outage`."""
    owners = await uploads.owners()
    forgotten = await queries.forgotten_among(owners) if owners else []
    for customer_id in forgotten:
        await uploads.forget(customer_id)
    return len(forgotten)


async def erase_again_and_again(
    uploads: Uploads, queries: ProjectionQueries, stopping: asyncio.Event
) -> None:
    """Return when `stopping` is set. An outage is told by those who need the database always."""
    while not stopping.is_set():
        try:
            if number := await erase(uploads, queries):
                log.info("attachments of forgotten customers were deleted", customers=number)
        except Outage as outage:
            log.info("not erased yet", dependency=outage.dependency)
        await sleep_unless(stopping, EVERY_SECONDS)
