"""The webhooks' database suite, on a fake in memory and on MongoDB.

A subclass has a fixture `database`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from services.customer_portal.api.partners import Partners, Scope
from services.customer_portal.api.webhooks.schedule import (
    PAUSES,
    AttemptResult,
    DeliveryState,
    Disabled,
    Next,
)
from services.customer_portal.api.webhooks.sender import WebhookSender
from services.customer_portal.api.webhooks.store import LEASE, ON_A_PAGE, Webhook, WebhookStore
from shared.mongo.client import Database
from tests.fakes.documents_suite import Clock

CUSTOMER, CE_TYPE = "C-ANA", "inquiry.opened.v1"
EVERY = tuple(it.value for it in DeliveryState)
GOOD = AttemptResult(status=204)
DELIVERED = Next(DeliveryState.DELIVERED)


class Post:
    """Partners' servers: each takes its time, and counts what it is being sent at once."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def __call__(self, url: str, headers: dict[str, str], body: bytes) -> AttemptResult:  # noqa: ARG002 - as the port has it
        message = headers["webhook-id"]
        self.now[message] += 1
        self.most[message] = max(self.most[message], self.now[message])
        for _ in range(20):
            await asyncio.sleep(0)
        self.now[message] -= 1
        self.got.append(message)
        return GOOD


class WebhooksSuite:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    async def store(self, database: Database, clock: Clock) -> WebhookStore:
        made = WebhookStore(database, clock)
        await made.prepare()
        return made

    @pytest.fixture
    async def webhook(self, store: WebhookStore) -> Webhook:
        return await store.add("acme", "https://hooks.example.com/in", ())

    async def deliver(self, store: WebhookStore, webhook: Webhook, *names: str) -> None:
        for name in names:
            await store.deliver(webhook, name, CUSTOMER, CE_TYPE, b"{}")

    async def states(self, store: WebhookStore, webhook: Webhook) -> Counter[str]:
        return Counter(it.state.value for it in await store.log(webhook, EVERY, 0))

    async def test_a_webhook_is_due_once_however_much_waits_for_it_and_not_before_its_time(
        self, store: WebhookStore, webhook: Webhook, clock: Clock
    ) -> None:
        other = await store.add("acme", "https://other.example/", ())
        await self.deliver(store, webhook, "e-1", "e-2", "e-3")
        assert await store.with_due() == [webhook.id]
        clock.pass_by(timedelta(seconds=1))
        await self.deliver(store, other, "e-1")
        assert sorted(await store.with_due()) == sorted([webhook.id, other.id])

        for _ in range(3):
            leased = await store.lease(webhook.id)
            assert leased is not None
            then = Next(DeliveryState.WAITING, clock.now + PAUSES[0], clock.now)
            await store.note(webhook, leased, AttemptResult(error="timeout"), then, 3)

        assert await store.with_due() == [other.id]
        clock.pass_by(PAUSES[0])
        assert len(await store.with_due()) == 2

    async def test_the_same_event_is_one_delivery_and_what_came_of_it_stands(
        self, store: WebhookStore, webhook: Webhook
    ) -> None:
        await self.deliver(store, webhook, "e-1")
        leased = await store.lease(webhook.id)
        assert leased is not None
        await store.note(webhook, leased, GOOD, DELIVERED, 3)

        await self.deliver(store, webhook, "e-1", "e-1")

        [delivery] = await store.log(webhook, EVERY, 0)
        assert (delivery.id, delivery.state) == (leased.id, DeliveryState.DELIVERED)
        assert [it["status"] for it in delivery.attempts] == [204]

    async def test_of_several_processes_one_has_a_delivery_until_its_lease_ends(
        self, store: WebhookStore, webhook: Webhook, clock: Clock
    ) -> None:
        await self.deliver(store, webhook, "e-1")

        leases = await asyncio.gather(*(store.lease(webhook.id) for _ in range(5)))

        [first] = [it for it in leases if it is not None]
        clock.pass_by(LEASE - timedelta(seconds=1))
        assert await store.lease(webhook.id) is None
        clock.pass_by(timedelta(seconds=1))
        second = await store.lease(webhook.id)
        assert second is not None
        assert (second.id, second.tries) == (first.id, 0)

        await store.note(webhook, first, AttemptResult(status=500), Next(DeliveryState.FAILED), 3)
        assert await self.states(store, webhook) == {"waiting": 1}, "its lease was lost"
        await store.note(webhook, second, GOOD, DELIVERED, 3)
        assert await self.states(store, webhook) == {"delivered": 1}

    async def test_two_processes_never_send_a_delivery_at_the_same_time_and_send_each_once(
        self, database: Database, store: WebhookStore, webhook: Webhook, clock: Clock
    ) -> None:
        partners, post = Partners(database, clock), Post()
        await partners.add("acme", [Scope.READ], [CUSTOMER])
        await self.deliver(store, webhook, *(f"e-{number}" for number in range(12)))
        day = timedelta(days=1)
        senders = [WebhookSender(store, partners, post, clock, give_up_after=day) for _ in range(2)]

        async with asyncio.timeout(60):
            while await store.with_due():
                for sender in senders:
                    await sender.round()
                for sender in senders:
                    await sender.settled()

        assert len(post.got) == len(set(post.got)) == 12
        assert max(post.most.values()) == 1
        assert await self.states(store, webhook) == {"delivered": 12}

    async def test_what_is_held_waits_for_a_replay_and_a_replay_may_begin_at_a_moment(
        self, store: WebhookStore, webhook: Webhook, clock: Clock
    ) -> None:
        await self.deliver(store, webhook, "e-1", "e-2")
        leased = await store.lease(webhook.id)
        assert leased is not None
        gone = Next(DeliveryState.HELD, None, clock.now, Disabled.GONE)
        await store.note(webhook, leased, AttemptResult(status=410), gone, 3)
        clock.pass_by(timedelta(seconds=1))
        disabled = await store.one("acme", webhook.id)
        assert (disabled.disabled, disabled.failing_since) == (
            Disabled.GONE,
            clock.now - timedelta(seconds=1),
        )
        await self.deliver(store, disabled, "e-3")
        assert await self.states(store, webhook) == {"held": 3}

        await store.enable(webhook)
        assert await store.with_due() == []
        assert await store.replay(webhook, since=clock.now) == 1
        assert await self.states(store, webhook) == {"held": 2, "waiting": 1}
        assert await store.replay(webhook, delivery_id=leased.id) == 1
        assert await store.replay(webhook, delivery_id="another") == 0
        assert await store.with_due() == [webhook.id]

    async def test_a_replay_that_is_asked_for_during_an_attempt_stands(
        self, store: WebhookStore, webhook: Webhook
    ) -> None:
        await self.deliver(store, webhook, "e-1")
        leased = await store.lease(webhook.id)
        assert leased is not None

        await store.replay(webhook, delivery_id=leased.id)
        await store.note(webhook, leased, GOOD, DELIVERED, 3)

        again = await store.lease(webhook.id)
        assert again is not None
        assert again.id == leased.id

    async def test_the_log_has_pages_newest_first_and_a_webhook_takes_its_own_along(
        self, store: WebhookStore, webhook: Webhook, clock: Clock
    ) -> None:
        other = await store.add("acme", "https://other.example/", ())
        await self.deliver(store, other, "e-1")
        for number in range(ON_A_PAGE + 2):
            await self.deliver(store, webhook, f"e-{number}")
            clock.pass_by(timedelta(milliseconds=1))

        first = await store.log(webhook, EVERY, 0)
        rest = await store.log(webhook, EVERY, ON_A_PAGE)

        assert (len(first), len(rest)) == (ON_A_PAGE + 1, 2)
        assert first[0].at > first[-1].at
        assert first[-1].id == rest[0].id, "one more says that there is a next page"
        leased = await store.lease(webhook.id)
        assert leased is not None
        await store.drop(leased)
        [dropped] = await store.log(webhook, (DeliveryState.DROPPED.value,), 0)
        assert (dropped.id, dropped.body) == (leased.id, b"")
        await store.remove(webhook)
        assert await store.log(webhook, EVERY, 0) == []
        assert await self.states(store, other) == {"waiting": 1}
        assert [it.id for it in await store.every()] == [other.id]
