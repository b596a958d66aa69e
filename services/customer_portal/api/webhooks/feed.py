"""Turns the desk's events into deliveries, with a separate consumer group.

Offsets are committed once the deliveries are kept. A record that comes again makes the same ones.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.customer_portal.api.partners import Partner, Partners
from services.customer_portal.api.webhooks.payload import OFFERED, READ_FROM, body_of, may_hear
from services.customer_portal.api.webhooks.store import Webhook, WebhookStore
from services.customer_portal.queries import ProjectionQueries
from shared.events.envelope import Event, Message
from shared.events.inquiries import InquiryOpened
from shared.events.topics import PORTAL
from shared.kafka.group_consumer import GroupConsumer
from shared.kafka.records import Record
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.backoff import Backoff, sleep_unless
from shared.runtime.faults import Unreadable
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_RECORDS = 500
MOST_REMEMBERED = 10_000
KNOWN_WITHIN_SECONDS = 30.0
"""Wait for the projection to read an inquiry's customer; it takes longer only while it lags."""
LOOK_SECONDS = 0.5


class Feed:
    """Reads the topics and keeps deliveries."""

    def __init__(
        self,
        settings: RuntimeSettings,
        store: WebhookStore,
        partners: Partners,
        queries: ProjectionQueries,
        is_projected: Callable[[Record], Awaitable[bool]],
        stopping: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._store = store
        self._partners = partners
        self._queries = queries
        self._is_projected = is_projected
        self._stopping = stopping
        self._customers: OrderedDict[str, str] = OrderedDict()
        """Customer ids of recently opened inquiries, by inquiry id."""

    async def run(self) -> None:
        """Return when `stopping` is set."""
        backoff = Backoff(self._settings.max_pause_seconds, self._stopping)
        while not self._stopping.is_set():
            try:
                await self._read(backoff)
            except Outage as outage:
                log.warning("waiting", dependency=outage.dependency, why=str(outage))
                await backoff.pause()

    async def _read(self, backoff: Backoff) -> None:
        group = f"{self._settings.group_of(PORTAL)}.webhooks"
        consumer = GroupConsumer(self._settings, group, READ_FROM)
        await consumer.start()
        try:
            while not self._stopping.is_set():
                records = await consumer.records(MOST_RECORDS)
                if records:
                    await self.keep(records)
                    await consumer.commit()
                backoff.reset()
        finally:
            await consumer.stop()

    async def keep(self, records: Sequence[Record]) -> None:
        """Make the deliveries of these records. Raises `Outage`."""
        webhooks = await self._store.every()
        partners = {it.partner: await self._partners.known(it.partner) for it in webhooks}
        for record in records:
            try:
                message = codec.read(record, self._settings.topic_sources).message
            except Unreadable:
                continue
            if isinstance(message.data, InquiryOpened):
                self._remember(message.data)
            if message.type in OFFERED and isinstance(message.data, Event):
                await self._tell(webhooks, partners, record, message, message.data)
        for webhook in webhooks:
            if webhook.disabled is not None:
                await self._store.shorten(webhook)

    def _remember(self, opened: InquiryOpened) -> None:
        self._customers[opened.inquiry_id] = opened.customer_id
        if len(self._customers) > MOST_REMEMBERED:
            self._customers.popitem(last=False)

    async def _tell(
        self,
        webhooks: Sequence[Webhook],
        partners: dict[str, Partner | None],
        record: Record,
        message: Message,
        event: Event,
    ) -> None:
        at = message.broker_time or message.time
        wanted = [it for it in webhooks if at is not None and it.wants(message.type, at)]
        if not wanted or at is None:
            return
        customer_id = await self._customer_of(event, record)
        for webhook in wanted:
            partner = partners[webhook.partner]
            if partner is None or customer_id is None or customer_id not in partner.customers:
                continue
            if may_hear(partner, event):
                name = f"{message.source} {message.id}"
                body = body_of(partner, event, customer_id, at)
                await self._store.deliver(
                    webhook, name, customer_id, message.type, body, message.traceparent
                )

    async def _customer_of(self, event: Event, record: Record) -> str | None:
        """Finds the event's customer; an inquiry's later events name only the inquiry.

        Returns None if the projection has read this record and knows no customer. Raises `Outage`
        while the projection lags: the record is redelivered, so that a rebuild loses no message.
        """
        customer_id = getattr(event, "customer_id", None)
        inquiry_id = str(getattr(event, "inquiry_id", ""))
        found = customer_id or self._customers.get(inquiry_id)
        waited = 0.0
        while found is None and waited < KNOWN_WITHIN_SECONDS and not self._stopping.is_set():
            document = await self._queries.answer(inquiry_id)
            found = document.get("customer_id")
            if found is not None or document.get("forgotten"):
                return found
            await sleep_unless(self._stopping, LOOK_SECONDS)
            waited += LOOK_SECONDS
        if found is None and self._stopping.is_set():
            raise Outage(PORTAL, "it stops")  # uncommitted, the record comes again
        if found is None and not await self._is_projected(record):
            raise Outage(PORTAL, "its projections lag behind")
        if found is None:
            log.warning("no webhook: nobody knows whose the inquiry is", inquiry_id=inquiry_id)
        return None if found is None else str(found)
