"""Webhooks on MongoDB, and a sender that is killed between a message and its note."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from services.customer_portal.api.partners import Partners, Scope
from services.customer_portal.api.webhooks.schedule import DeliveryState
from services.customer_portal.api.webhooks.sender import Poster, WebhookSender
from services.customer_portal.api.webhooks.store import LEASE, WebhookStore
from shared.mongo.client import Database, connect
from tests.builders.webhook_receiver import Received, receiver
from tests.fakes.webhooks_suite import CE_TYPE, CUSTOMER, EVERY, WebhooksSuite

WITHIN_S = 60.0


class TestWebhooksOnMongoDB(WebhooksSuite):
    @pytest.fixture
    async def database(self, endpoints: Endpoints) -> AsyncIterator[Database]:
        client = connect(endpoints.mongo_url)
        yield Database(client, f"portal{uuid4().hex[:8]}", journal=False)
        client.close()


async def test_what_a_killed_process_had_sent_and_not_noted_is_sent_again_under_the_same_id(
    endpoints: Endpoints,
) -> None:
    """The partner has the message, and kills the portal before it has the answer."""
    client, name = connect(endpoints.mongo_url), f"portal{uuid4().hex[:8]}"
    ahead = timedelta()

    def now() -> datetime:
        return datetime.now(UTC) + ahead

    database = Database(client, name, journal=False)
    store, partners = WebhookStore(database, now), Partners(database, now)
    await store.prepare()
    await partners.add("acme", [Scope.READ], [CUSTOMER])
    async with receiver() as hook:
        webhook = await store.add("acme", hook.url, ())
        await store.deliver(webhook, "e-1", CUSTOMER, CE_TYPE, b'{"type":"x"}')
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.builders.webhook_process", endpoints.mongo_url, name)
        )

        async def kill(_got: Received) -> None:
            process.kill()
            await process.wait()

        hook.before_answer = kill
        async with asyncio.timeout(WITHIN_S):
            assert await process.wait() == -signal.SIGKILL
        hook.before_answer = None
        [delivery] = await store.log(webhook, EVERY, 0)
        assert (delivery.state, delivery.tries, len(hook.got)) == (DeliveryState.WAITING, 0, 1)
        poster = Poster(anywhere=True)
        sender = WebhookSender(store, partners, poster, now, give_up_after=timedelta(days=5))
        await sender.round()
        await sender.settled()
        assert len(hook.got) == 1, "the lease of the dead process holds"

        ahead = LEASE
        await sender.round()
        await sender.settled()
        await sender.round()

        await poster.close()
        first, second = hook.got
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.id
        assert first.body == second.body
        [delivery] = await store.log(webhook, EVERY, 0)
        assert (delivery.state, delivery.tries) == (DeliveryState.DELIVERED, 1)
    client.close()
