"""A process that sends what is due to webhooks, until it is killed: `… MONGO_URL DATABASE`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from services.customer_portal.api.partners import Partners
from services.customer_portal.api.webhooks.sender import Poster, WebhookSender
from services.customer_portal.api.webhooks.store import WebhookStore
from shared.mongo.client import Database, connect


def now() -> datetime:
    return datetime.now(UTC)


async def send(mongo_url: str, name: str) -> None:
    database = Database(connect(mongo_url), name, journal=False)
    store, partners = WebhookStore(database, now), Partners(database, now)
    poster = Poster(anywhere=True)
    sender = WebhookSender(store, partners, poster, now, give_up_after=timedelta(days=5))
    await sender.run(asyncio.Event(), 1.0)


if __name__ == "__main__":
    asyncio.run(send(*sys.argv[1:]))
