"""The hand-written limit of the whole chain: four loops with the hops of the four services.

`python -m bench.contenders.chain_loop inquiry_intake|cancellation|contract_archive|notification`.
Per batch: consume, read one document for each record, write one, publish its events in whole
batches, wait for every acknowledgement, commit. Notification also hands one mail for each record to
the mail server, over ten connections, MAIL, RCPT and DATA in one write. No domain: what is written
and published is one decision, made at start by the service's own Decider, with ids put in.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import uvloop
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2
from pydantic_core import from_json
from pymongo import InsertOne

from bench import load, stock
from bench.contenders.limit import BATCH_BYTES, MAX_RECORDS
from services.contract_archive.service import build as archive_service
from services.contract_archive.settings import Settings as ArchiveSettings
from services.notification.settings import Settings as NotificationSettings
from shared.environment import load as settings_from_environment
from shared.events.cancellations import CancellationScheduled
from shared.events.contracts import ContractStatusChanged
from shared.events.inquiries import InquiryOpened
from shared.events.notifications import NotificationSent
from shared.events.requests import CancellationRequested
from shared.events.submissions import CancellationSubmitted
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION, TOPIC_OF, key_in
from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.consumer import TolerantConsumer
from shared.kafka.publisher import MAX_REQUEST_BYTES
from shared.kafka.records import Headers
from shared.mongo.client import Database, Document, connect
from shared.settings import RuntimeSettings
from tests.builders.notification import Notifications, opened, scheduled

POLL_MS = 200
CONNECTIONS = 10
SMTP_PORT = 25
TAKEN = b"2"


@dataclass(frozen=True, slots=True)
class Hop:
    """One service: a document and copies of `template` for each record of these types.

    `kept` are the fields that an event takes over from its record; `mails` whether it mails.
    """

    service: str
    handled: frozenset[str]
    template: stock.Template
    kept: tuple[str, ...] = ("inquiry_id", "contract_number", "customer_id")
    mails: bool = False


def intake() -> Hop:
    return Hop(INTAKE, _types(CancellationSubmitted), stock.opened())


def cancellation() -> Hop:
    return Hop(CANCELLATION, _types(CancellationRequested), stock.scheduled())


def archive() -> Hop:
    known = stock.read(load.REGISTRY, load.registered(0, "sample"))
    data = dict(stock.scheduled().events)[CancellationScheduled.ce_type]
    event = CancellationScheduled.model_validate(data)
    decided = stock.read("desk.cancellations", load.caused(event, event.contract_number, "sample"))
    made = stock.template(archive_service(ArchiveSettings()), [known, decided])
    changed = [pair for pair in made.events if pair[0] == ContractStatusChanged.ce_type]
    return Hop(ARCHIVE, _types(CancellationScheduled), replace(made, events=changed))


def notification() -> Hop:
    world = Notifications(opened(), scheduled())
    state = world.last.model_dump(mode="json")
    sent = NotificationSent(
        notification_id=world.last.notification_id,
        template=world.last.template,
        recipient_hash="0" * 32,
        customer_id=world.last.customer_id,
        inquiry_id=world.last.inquiry_id,
        attempts=1,
    )
    made = stock.Template(state, [(sent.ce_type, sent.model_dump(mode="json"))])
    types = _types(InquiryOpened, CancellationScheduled)
    return Hop(NOTIFICATION, types, made, kept=("inquiry_id", "customer_id"), mails=True)


def _types(*events: Any) -> frozenset[str]:
    return frozenset(event.ce_type for event in events)


HOPS: Mapping[str, Callable[[], Hop]] = {
    INTAKE: intake,
    CANCELLATION: cancellation,
    ARCHIVE: archive,
    NOTIFICATION: notification,
}


class MailPool:
    """Connections to the mail server, each with one mail at a time."""

    def __init__(self, url: str) -> None:
        self._where = urlsplit(url)
        self._idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        world = Notifications(opened(), scheduled())
        self._mail = world.composed()
        self._id = world.last.notification_id.encode()

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            reader, writer = await asyncio.open_connection(
                self._where.hostname, self._where.port or SMTP_PORT
            )
            await reader.readline()
            writer.write(b"EHLO localhost\r\n")
            while (await reader.readline())[3:4] == b"-":
                pass
            self._idle.put_nowait((reader, writer))

    async def send(self, mail_id: str) -> None:
        """Raises ConnectionError if the server does not take it."""
        reader, writer = await self._idle.get()
        writer.write(b"MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n")
        for _ in range(3):
            await reader.readline()
        writer.write(self._mail.replace(self._id, mail_id.encode()) + b"\r\n.\r\n")
        if not (await reader.readline()).startswith(TAKEN):
            raise ConnectionError("a mail was refused")
        self._idle.put_nowait((reader, writer))


class ChainLoop:
    """One consumer, one producer, one collection, one loop."""

    def __init__(self, hop: Hop, settings: RuntimeSettings) -> None:
        self._hop = hop
        self._settings = settings
        name = settings.database_of(hop.service)
        database = Database(connect(settings.mongo_url), name, journal=settings.mongo_journal)
        self._documents = database.collection("decided")
        self._consumer = TolerantConsumer(
            *sorted({TOPIC_OF[ce_type].name for ce_type in hop.handled}),
            interval_ms=settings.fetch_interval_ms,
            **consumer_options(settings),
            group_id=settings.group_of(hop.service),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._producer = AIOKafkaProducer(
            **client_options(settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
        )
        self._mails: MailPool | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        if self._hop.mails:
            url = settings_from_environment(NotificationSettings).smtp_url.get_secret_value()
            self._mails = MailPool(url)
            await self._mails.open()
        await self._producer.start()
        await self._consumer.start()
        while not stopping.is_set():
            found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
            if found:
                await self._batch(found)
        await self._consumer.stop()
        await self._producer.stop()

    async def _batch(self, found: Mapping[TopicPartition, Sequence[Any]]) -> None:
        at = datetime.now(UTC)
        entries = [
            entry
            for records in found.values()
            for record in records
            if (entry := self._decided(record, at)) is not None
        ]
        if entries:
            await self._store(entries)
            if self._mails is not None:
                sent = [
                    event["data"]["notification_id"] for it in entries for event in it["events"]
                ]
                await asyncio.gather(*map(self._mails.send, sent))
            await self._publish(entries, at)
        await self._consumer.commit(
            {partition: records[-1].offset + 1 for partition, records in found.items()}
        )

    def _decided(self, record: Any, at: datetime) -> Document | None:
        headers = {name: value.decode() for name, value in record.headers}
        ce_type, message_id = headers["ce_type"], headers["ce_id"]
        if ce_type not in self._hop.handled:
            return None
        body = from_json(record.value)
        own = str(uuid5(NAMESPACE_URL, f"{ce_type} {message_id}"))
        numbers = body.get("contract_numbers") or [body.get("contract_number")]
        known = {"inquiry_id": own, **body, "contract_number": numbers[0]}
        marks: Document = {name: known[name] for name in self._hop.kept}
        if self._hop.mails:
            decided = ce_type == CancellationScheduled.ce_type
            template = "cancellation_scheduled" if decided else "inquiry_opened"
            marks |= {"notification_id": own, "template": template}
        entry = self._hop.template.entry(record, own, marks, at)
        return entry | {"correlation_id": headers.get("ce_correlationid", message_id)}

    async def _store(self, entries: Sequence[Document]) -> None:
        ids = [entry["message_id"] for entry in entries]
        chunk, state = self._settings.mongo_read_chunk, self._hop.template.state
        for start in range(0, len(ids), chunk):
            query = {"_id": {"$in": ids[start : start + chunk]}}
            await self._documents.find(query).to_list(None)
        writes = [
            InsertOne({"_id": own, "version": 1, "state": state, "history": [entry]})
            for own, entry in zip(ids, entries, strict=True)
        ]
        await self._documents.bulk_write(writes, ordered=False)

    async def _publish(self, entries: Sequence[Document], at: datetime) -> None:
        batches: dict[tuple[str, int], Any] = {}
        sent = []
        for entry in entries:
            for event in entry["events"]:
                if event["type"] not in TOPIC_OF:
                    continue
                topic, key = TOPIC_OF[event["type"]].name, key_in(event["type"], event["data"])
                partitions = len(await self._producer.partitions_for(topic))
                place = topic, (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
                batch = batches.get(place) or batches.setdefault(
                    place, self._producer.create_batch()
                )
                record = {
                    "key": key.encode(),
                    "value": json.dumps(event["data"], ensure_ascii=False).encode(),
                    "timestamp": None,
                    "headers": _headers(event, entry, key, at),
                }
                if batch.append(**record) is None:
                    sent.append(await self._producer.send_batch(batch, topic, partition=place[1]))
                    batches[place] = batch = self._producer.create_batch()
                    batch.append(**record)
        for (topic, partition), batch in batches.items():
            sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)


def _headers(event: Document, entry: Document, key: str, at: datetime) -> Headers:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event["id"].encode()),
        ("ce_source", b"/services/inquiry_intake"),
        ("ce_type", event["type"].encode()),
        ("ce_time", at.isoformat().encode()),
        ("ce_subject", key.encode()),
        ("content-type", b"application/json"),
        ("ce_correlationid", entry["correlation_id"].encode()),
        ("ce_causationid", entry["causation_id"].encode()),
    ]


async def main(service: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await ChainLoop(HOPS[service](), settings_from_environment(RuntimeSettings)).run(stopping)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
