"""The load generator: records made beforehand, handed to the broker in whole batches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import murmur2

from shared.events.contracts import ContractRecorded, RegistryContractRecorded
from shared.events.envelope import Event, message_uuid
from shared.events.requests import CancellationRequested
from shared.events.topics import TOPIC_OF
from shared.events.values import Channel, Contact
from shared.kafka.records import Headers
from shared.runtime import codec

SUBMISSIONS, REQUESTS = "desk.submissions", "desk.cancellation-requests"
REGISTRY = "registry.contracts"
CHANNEL = "/channels/bench"
BATCH_BYTES = 512 * 1024
IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish."""

    key: str
    value: bytes
    headers: Headers = field(repr=False)


def submission(number: int, run: str) -> Record:
    """A customer asks to cancel one contract: the desk's most ordinary submission."""
    customer = f"C-{run}-{number}"
    body = {
        "customer_id": customer,
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "language": "es",
        "contract_numbers": [contract_number(number, run)],
        "destruction_confirmed": True,
        "contact": {
            "name": "Cliente de Prueba",
            "email": f"c{number}@example.test",
            "phone": "+34 600 000 000",
        },
        "comment": "Ya no usamos este programa; todas las copias se han destruido.",
    }
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", submission_id(number, run).encode()),
        ("ce_source", CHANNEL.encode()),
        ("ce_type", b"submission.cancellation.v1"),
        ("ce_time", body["received_at"].encode()),  # type: ignore[attr-defined]
        ("content-type", b"application/json"),
    ]
    return Record(customer, json.dumps(body, ensure_ascii=False).encode(), headers)


def submission_id(number: int, run: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"submission {run} {number}"))


def contract_number(number: int, run: str) -> str:
    return f"K-{run}-{number}"


def registered(number: int, run: str) -> Record:
    """The registry's record of the contract that a submission is about."""
    return caused(
        RegistryContractRecorded(**_facts(number, run)),
        contract_number(number, run),
        f"registered {run} {number}",
    )


def recorded(number: int, run: str) -> Record:
    """The same contract, as the archive publishes it."""
    return caused(
        ContractRecorded(**_facts(number, run)),
        contract_number(number, run),
        f"recorded {run} {number}",
    )


def _facts(number: int, run: str) -> dict[str, Any]:
    return {
        "contract_number": contract_number(number, run),
        "customer_id": f"C-{run}-{number}",
        "type": "monthly_licence",
        "title": "Licencia de prueba",
        "starts_on": date(2025, 1, 1),
        "auto_renewal": False,
    }


def requested(number: int, run: str) -> Record:
    """The request that intake makes of a submission."""
    event = CancellationRequested(
        inquiry_id=str(message_uuid(CHANNEL, submission_id(number, run))),
        customer_id=f"C-{run}-{number}",
        channel=Channel.WEB,
        received_at=datetime.now(UTC),
        contract_number=contract_number(number, run),
        contact=Contact(
            name="Cliente de Prueba", email=f"c{number}@example.test", phone="+34 600 000 000"
        ),
        destruction_confirmed=True,
    )
    return caused(event, contract_number(number, run), f"requested {run} {number}")


def caused(event: Event, subject: str, identity: str) -> Record:
    """A service's event as its topic carries it; its ids follow from `identity`."""
    made = codec.envelope(
        str(uuid5(NAMESPACE_URL, identity)),
        event.ce_type,
        codec.dump(event),
        source=TOPIC_OF[event.ce_type].takes_from[0],
        subject=subject,
        at=datetime.now(UTC),
        causation_id=str(uuid5(NAMESPACE_URL, f"cause of {identity}")),
        correlation_id=str(uuid5(NAMESPACE_URL, f"cause of {identity}")),
        traceparent=None,
    )
    return Record(made.key, made.value, made.headers)


@asynccontextmanager
async def producing(bootstrap: str, *, linger_ms: int = 5) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES, linger_ms=linger_ms
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish(producer: AIOKafkaProducer, topic: str, records: Iterable[Record]) -> int:
    """Publish in batches, which are never the bottleneck; return the number when all are there."""
    partitions = len(await producer.partitions_for(topic))
    sending: set[asyncio.Future[Any]] = set()
    count = 0
    for partition, batch in _batches(producer, records, partitions):
        if len(sending) >= IN_FLIGHT:
            _, sending = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        sending.add(await producer.send_batch(batch, topic, partition=partition))
        count += batch.record_count()
    await asyncio.gather(*sending)
    return count


def _batches(
    producer: AIOKafkaProducer, records: Iterable[Record], partitions: int
) -> Iterator[tuple[int, Any]]:
    open_: dict[int, Any] = {}
    for record in records:
        key = record.key.encode()
        partition = (murmur2(key) & 0x7FFFFFFF) % partitions
        batch = open_.setdefault(partition, producer.create_batch())
        fields = {"key": key, "value": record.value, "timestamp": None, "headers": record.headers}
        if batch.append(**fields) is None:
            yield partition, batch
            open_[partition] = batch = producer.create_batch()
            batch.append(**fields)
    yield from open_.items()


async def begin_at_end(bootstrap: str, group: str, topics: Sequence[str]) -> None:
    """Let a group begin after everything that its topics hold now."""
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        while not (partitions := consumer.assignment()):
            await asyncio.sleep(0.05)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()


async def committed(admin: AIOKafkaAdminClient, group: str, topic: str) -> dict[int, int]:
    """The offset up to which a group has handled each partition of a topic."""
    offsets = await admin.list_consumer_group_offsets(group)
    return {
        partition.partition: max(committed.offset, 0)
        for partition, committed in offsets.items()
        if partition.topic == topic
    }
