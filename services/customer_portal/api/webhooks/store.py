"""Stores webhooks and deliveries in the portal's own database; no topic could rebuild them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from services.customer_portal.api.webhooks.schedule import (
    AttemptResult,
    DeliveryState,
    Disabled,
    Next,
)
from services.customer_portal.api.webhooks.signature import new_secret
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_new
from shared.web.pages import NotFound

MOST_WEBHOOKS = 10
"""Limit per partner."""
MOST_READ = 10_000
MOST_HELD = 10_000
"""Limit per disabled webhook: enough for a partner's replay after a long holiday."""
KEPT = timedelta(days=30)
LEASE = timedelta(seconds=60)
"""Exceeds the duration of an attempt; afterwards another process retries."""
ATTEMPTS_KEPT = 20
ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a partner's system wants to hear of which events; of all where `types` is empty."""

    id: str
    partner: str
    url: str
    types: tuple[str, ...]
    secret: str
    created_at: datetime
    disabled: Disabled | None
    failing_since: datetime | None

    def wants(self, ce_type: str, at: datetime) -> bool:
        """Whether it is to hear of an event of this type, which happened at `at`."""
        return at >= self.created_at and (not self.types or ce_type in self.types)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one webhook; its id is the same at every attempt and replay."""

    id: str
    webhook: str
    customer_id: str
    type: str
    body: bytes
    at: datetime
    state: DeliveryState
    due_at: datetime | None
    tries: int
    attempts: tuple[Mapping[str, Any], ...]
    traceparent: str | None = None
    """Of the event that it tells of."""


class TooManyWebhooks(Exception):
    """The partner has as many as it may have."""


class WebhookStore:
    """Its methods raise `Outage`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._webhooks = database.collection("webhooks")
        self._deliveries = database.collection("webhook_deliveries")
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._webhooks, [["partner"]])
            fields = [["webhook", "state", "due_at"], ["state", "due_at"], ["webhook", "at"]]
            await create_indexes_on(self._deliveries, fields, expires_on="until")

    async def add(self, partner: str, url: str, types: tuple[str, ...]) -> Webhook:
        """Raises `TooManyWebhooks`."""
        if len(await self.of_partner(partner)) >= MOST_WEBHOOKS:
            raise TooManyWebhooks
        document: Document = {
            "_id": f"wh_{uuid4().hex}",
            "partner": partner,
            "url": url,
            "types": list(types),
            "secret": new_secret(),
            "created_at": in_milliseconds(self._now()),
            "disabled": None,
            "failing_since": None,
        }
        with mongodb_errors_as_outage():
            await self._webhooks.insert_one(document)
        return _webhook(document)

    async def every(self) -> list[Webhook]:
        with mongodb_errors_as_outage():
            return [_webhook(it) for it in await self._webhooks.find({}).to_list(MOST_READ)]

    async def of_partner(self, partner: str) -> list[Webhook]:
        with mongodb_errors_as_outage():
            found = self._webhooks.find({"partner": partner}).sort("created_at", 1)
            return [_webhook(it) for it in await found.to_list(MOST_WEBHOOKS)]

    async def one(self, partner: str, webhook_id: str) -> Webhook:
        """Raises `NotFound` for another partner's."""
        with mongodb_errors_as_outage():
            found = await self._webhooks.find_one({"_id": webhook_id, "partner": partner})
        if found is None:
            raise NotFound
        return _webhook(found)

    async def by_id(self, webhook_id: str) -> Webhook | None:
        with mongodb_errors_as_outage():
            found = await self._webhooks.find_one({"_id": webhook_id})
        return None if found is None else _webhook(found)

    async def remove(self, webhook: Webhook) -> None:
        with mongodb_errors_as_outage():
            await self._webhooks.delete_one({"_id": webhook.id})
            await self._deliveries.delete_many({"webhook": webhook.id})

    async def enable(self, webhook: Webhook) -> None:
        """From now on; what was held is sent by a replay."""
        fields = {"disabled": None, "failing_since": None}
        with mongodb_errors_as_outage():
            await self._webhooks.update_one({"_id": webhook.id}, {"$set": fields})

    async def deliver(
        self,
        webhook: Webhook,
        event_name: str,
        customer_id: str,
        ce_type: str,
        body: bytes,
        traceparent: str | None = None,
    ) -> None:
        """Stores one delivery for the webhook; idempotent per event."""
        now = self._now()
        held = webhook.disabled is not None
        document: Document = {
            "_id": f"msg_{uuid5(NAMESPACE_URL, f'{webhook.id} {event_name}').hex}",
            "webhook": webhook.id,
            "customer_id": customer_id,
            "type": ce_type,
            "body": body.decode(),
            "at": now,
            "state": DeliveryState.HELD.value if held else DeliveryState.WAITING.value,
            "due_at": now,
            "tries": 0,
            "attempts": [],
            "until": now + KEPT,
            **({} if traceparent is None else {"traceparent": traceparent}),
        }
        with mongodb_errors_as_outage():
            await insert_new(self._deliveries, document)

    async def with_due(self) -> list[str]:
        """The webhooks that have something to be sent now."""
        due = {"state": DeliveryState.WAITING.value, "due_at": {"$lte": self._now()}}
        with mongodb_errors_as_outage():
            return [str(it) for it in await self._deliveries.distinct("webhook", due)]

    async def lease(self, webhook_id: str) -> Delivery | None:
        """Leases this webhook's longest due delivery to this process; None if none is due."""
        now = self._now()
        waiting = {"webhook": webhook_id, "state": DeliveryState.WAITING.value}
        with mongodb_errors_as_outage():
            due = self._deliveries.find(waiting | {"due_at": {"$lte": now}}).sort("due_at", 1)
            for found in await due.limit(1).to_list(1):
                until = in_milliseconds(now + LEASE)
                same = {"_id": found["_id"], "due_at": found["due_at"], **waiting}
                leased = await self._deliveries.update_one(same, {"$set": {"due_at": until}})
                if leased.matched_count:
                    return _delivery(found | {"due_at": until})
        return None

    async def note(
        self, webhook: Webhook, delivery: Delivery, outcome: AttemptResult, then: Next, took_ms: int
    ) -> None:
        """Stores the result of an attempt; a replay requested in the meantime keeps its place."""
        attempt = {"at": self._now(), "took_ms": took_ms}
        attempt |= {"status": outcome.status} if outcome.status else {"error": outcome.error}
        fields = {
            "state": then.state.value,
            "due_at": then.due_at,
            "tries": delivery.tries + 1,
            "attempts": [*delivery.attempts, attempt][-ATTEMPTS_KEPT:],
        }
        leased = {"_id": delivery.id, "due_at": delivery.due_at}
        with mongodb_errors_as_outage():
            await self._deliveries.update_one(leased, {"$set": fields})
            if then.failing_since != webhook.failing_since or then.disabled:
                state = {"failing_since": then.failing_since, "disabled": then.disabled}
                await self._webhooks.update_one({"_id": webhook.id}, {"$set": state})
        if then.disabled:
            await self.hold(webhook.id)

    async def hold(self, webhook_id: str) -> None:
        """Send nothing that waits."""
        waiting = {"webhook": webhook_id, "state": DeliveryState.WAITING.value}
        held = {"$set": {"state": DeliveryState.HELD.value}}
        with mongodb_errors_as_outage():
            await self._deliveries.update_many(waiting, held)

    async def shorten(self, webhook: Webhook) -> None:
        """Forget the oldest of what is held beyond `MOST_HELD`."""
        held: Document = {"webhook": webhook.id, "state": DeliveryState.HELD.value}
        with mongodb_errors_as_outage():
            newest = self._deliveries.find(held, {"at": 1}).sort("at", -1)
            for first_beyond in await newest.skip(MOST_HELD).limit(1).to_list(1):
                beyond = held | {"at": {"$lte": first_beyond["at"]}}
                await self._deliveries.delete_many(beyond)

    async def drop(self, delivery: Delivery) -> None:
        """Never send it: the partner may no longer read of it. Its body goes."""
        fields = {"state": DeliveryState.DROPPED.value, "body": "", "due_at": None}
        with mongodb_errors_as_outage():
            await self._deliveries.update_one({"_id": delivery.id}, {"$set": fields})

    async def log(self, webhook: Webhook, states: tuple[str, ...], first: int) -> list[Delivery]:
        """The deliveries in these states, newest first: a page, and one if there are more."""
        wanted = {"webhook": webhook.id, "state": {"$in": list(states)}}
        with mongodb_errors_as_outage():
            found = self._deliveries.find(wanted).sort("at", -1).skip(first).limit(ON_A_PAGE + 1)
            return [_delivery(it) for it in await found.to_list(ON_A_PAGE + 1)]

    async def replay(
        self, webhook: Webhook, *, delivery_id: str | None = None, since: datetime | None = None
    ) -> int:
        """Send one delivery again, or all since a moment; how many that are."""
        wanted: Document = {"webhook": webhook.id}
        wanted["state"] = {"$in": [it.value for it in DeliveryState if it != "dropped"]}
        if delivery_id is not None:
            wanted["_id"] = delivery_id
        if since is not None:
            wanted["at"] = {"$gte": since}
        fields = {
            "state": DeliveryState.WAITING.value,
            "due_at": in_milliseconds(self._now()),
            "tries": 0,
        }
        with mongodb_errors_as_outage():
            return int((await self._deliveries.update_many(wanted, {"$set": fields})).matched_count)


def in_milliseconds(at: datetime) -> datetime:
    """Truncates an instant to the database's precision, so that a query for it matches."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _webhook(found: Document) -> Webhook:
    return Webhook(
        found["_id"],
        found["partner"],
        found["url"],
        tuple(found["types"]),
        found["secret"],
        found["created_at"],
        Disabled(found["disabled"]) if found["disabled"] else None,
        found["failing_since"],
    )


def _delivery(found: Document) -> Delivery:
    return Delivery(
        found["_id"],
        found["webhook"],
        found["customer_id"],
        found["type"],
        found["body"].encode(),
        found["at"],
        DeliveryState(found["state"]),
        found["due_at"],
        found["tries"],
        tuple(found["attempts"]),
        found.get("traceparent"),
    )
