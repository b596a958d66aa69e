"""The hand-written limit: the I/O of a service, and nothing else.

`python -m bench.contenders.limit inquiry_intake|cancellation`. Per batch: consume up to 500
records, parse them, ask for the same documents, write documents of the same size, publish events of
the same size with the same headers in whole batches, wait for every acknowledgement, commit. No
domain: what is written and published is one decision, made at start by the service's own Decider,
with the ids of each message put in.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.partitioner import murmur2
from pydantic_core import from_json
from pymongo import InsertOne, UpdateOne

from bench import load, stock
from shared.environment import load as settings_from_environment
from shared.events.envelope import message_uuid
from shared.events.topics import CANCELLATION, INTAKE, TOPIC_OF, topics_read_by
from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.publisher import MAX_REQUEST_BYTES
from shared.kafka.records import Headers
from shared.mongo.client import Collection, Database, Document, connect
from shared.settings import RuntimeSettings

MAX_RECORDS = 500
POLL_MS = 10
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Work:
    """One service's work. `ids` gives the ids that a message reads, by collection."""

    service: str
    kind: str
    template: stock.Template
    ids: Callable[[Document, str], dict[str, str]]
    marks: Callable[[Document, str], Document]
    """The fields of a message that go into its own copy of the template."""


def intake() -> Work:
    def ids(body: Document, message_id: str) -> dict[str, str]:
        own = str(message_uuid(load.CHANNEL, message_id))
        return {"inquiry": own, "customer": body["customer_id"]}

    def marks(body: Document, message_id: str) -> Document:
        own = str(message_uuid(load.CHANNEL, message_id))
        [number] = body["contract_numbers"]
        return {"inquiry_id": own, "customer_id": body["customer_id"], "contract_number": number}

    return Work(INTAKE, "inquiry", stock.opened(), ids, marks)


def cancellation() -> Work:
    def ids(body: Document, _message_id: str) -> dict[str, str]:
        return {"file": body["contract_number"]}

    def marks(body: Document, _message_id: str) -> Document:
        return {name: body[name] for name in ("contract_number", "customer_id", "inquiry_id")}

    return Work(CANCELLATION, "file", stock.scheduled(), ids, marks)


WORKS = {INTAKE: intake, CANCELLATION: cancellation}


class Limit:
    """One consumer, one producer, one database, one loop."""

    def __init__(self, work: Work, settings: RuntimeSettings) -> None:
        self._work = work
        self._chunk = settings.mongo_read_chunk
        name = settings.database_of(work.service)
        self._database = Database(connect(settings.mongo_url), name, journal=settings.mongo_journal)
        self._consumer = AIOKafkaConsumer(
            *topics_read_by(work.service),
            **consumer_options(settings),
            group_id=settings.group_of(work.service),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RangePartitionAssignor,),
        )
        self._producer = AIOKafkaProducer(
            **client_options(settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
        )
        self._partitions: dict[str, int] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        await self._producer.start()
        await self._consumer.start()
        for ce_type, _ in self._work.template.events:
            topic = TOPIC_OF[ce_type].name if ce_type in TOPIC_OF else None
            if topic:
                self._partitions[topic] = len(await self._producer.partitions_for(topic))
        while not stopping.is_set():
            found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
            if found:
                await self._batch(found)
        await self._consumer.stop()
        await self._producer.stop()

    async def _batch(self, found: dict[TopicPartition, list[Any]]) -> None:
        work, at = self._work, datetime.now(UTC)
        records = [record for records in found.values() for record in records]
        bodies = [from_json(record.value) for record in records]
        names = [dict(record.headers)["ce_id"].decode() for record in records]
        ids = [work.ids(body, name) for body, name in zip(bodies, names, strict=True)]
        there: dict[str, Document] = {}
        for kind in ids[0]:
            asked = [by_kind[kind] for by_kind in ids]
            for start in range(0, len(asked), self._chunk):
                query = {"_id": {"$in": asked[start : start + self._chunk]}}
                async for document in self._database.collection(kind).find(query):
                    if kind == work.kind:
                        there[document["_id"]] = document
        writes, events = [], []
        for record, body, name, own in zip(records, bodies, names, ids, strict=True):
            entry = work.template.entry(record, name, work.marks(body, name), at)
            state = work.template.state | work.marks(body, name)
            writes.append(_write(own[work.kind], there.get(own[work.kind]), state, entry))
            events += [event for event in entry["events"] if event["type"] in TOPIC_OF]
        collection: Collection = self._database.collection(work.kind)
        await collection.bulk_write(writes, ordered=False)
        await self._publish(events, at)
        await self._consumer.commit(
            {partition: records[-1].offset + 1 for partition, records in found.items()}
        )

    async def _publish(self, events: Sequence[Document], at: datetime) -> None:
        batches: dict[tuple[str, int], Any] = {}
        sent = []
        for event in events:
            data, topic = event["data"], TOPIC_OF[event["type"]].name
            key = str(data["inquiry_id" if topic == "desk.inquiries" else "contract_number"])
            place = topic, (murmur2(key.encode()) & 0x7FFFFFFF) % self._partitions[topic]
            batch = batches.get(place) or batches.setdefault(place, self._producer.create_batch())
            value = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
            headers = _headers(event, key, at)
            if batch.append(key=key.encode(), value=value, timestamp=None, headers=headers) is None:
                sent.append(await self._producer.send_batch(batch, place[0], partition=place[1]))
                batches[place] = batch = self._producer.create_batch()
                batch.append(key=key.encode(), value=value, timestamp=None, headers=headers)
        for (topic, partition), batch in batches.items():
            sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)


def _headers(event: Document, key: str, at: datetime) -> Headers:
    event_id = event["id"].encode()
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id),
        ("ce_source", b"/services/inquiry_intake"),
        ("ce_type", event["type"].encode()),
        ("ce_time", at.isoformat().encode()),
        ("ce_subject", key.encode()),
        ("content-type", b"application/json"),
        ("ce_correlationid", event_id),
        ("ce_causationid", event_id),
    ]


def _write(
    own: str, there: Document | None, state: Document, entry: Document
) -> InsertOne[Document] | UpdateOne:
    if there is None:
        return InsertOne({"_id": own, "version": 1, "state": state, "history": [entry]})
    version = there["version"]
    return UpdateOne(
        {"_id": own, "version": version},
        {"$set": {"version": version + 1, "state": state}, "$push": {"history": entry}},
    )


async def main(service: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await Limit(WORKS[service](), settings_from_environment(RuntimeSettings)).run(stopping)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
