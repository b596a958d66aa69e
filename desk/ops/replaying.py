"""Dead letters read back, and what waits behind a defect let through again, in its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from desk.ops.records import Records
from desk.ops.sending import require_topics
from shared.events.envelope import Ref
from shared.events.topics import DEAD_LETTERS
from shared.runtime.faults import kafka_at_work, mongodb_at_work
from shared.runtime.publisher import kafka_options
from shared.settings import RuntimeSettings

POLL_MS = 500
DECIDED_WITHIN_S = 15.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: the original record, and what the `dl_` headers say of it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    def says(self, name: str) -> str:
        """A header as text; empty where it is missing."""
        found = [value for header, value in self.headers if header == name and value is not None]
        return found[-1].decode(errors="replace") if found else ""

    @property
    def message_id(self) -> str:
        """The identity by which the runtime knows the message."""
        return f"{self.says('ce_source')} {self.says('ce_id')}"

    @property
    def original_headers(self) -> list[tuple[str, bytes | None]]:
        return [(name, value) for name, value in self.headers if not name.startswith("dl_")]


@dataclass(frozen=True, slots=True)
class Parked:
    """An aggregate that a defect parked, and the messages that wait for it, in their order."""

    service: str
    ref: Ref
    since: datetime
    error: str
    waiting: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What became of one parked aggregate's replay; `stopped_by` says why it went no further."""

    parked: Parked
    decided: int = 0
    stopped_by: str | None = field(default=None)


async def letters(settings: RuntimeSettings) -> AsyncIterator[Letter]:
    """Every dead letter that the topic holds now, oldest first per key.

    Raises `Outage`, or `DeskError` where the topic is missing.
    """
    await require_topics(settings, {DEAD_LETTERS})
    consumer = AIOKafkaConsumer(
        DEAD_LETTERS, **kafka_options(settings), auto_offset_reset="earliest"
    )
    with kafka_at_work():
        await consumer.start()
    try:
        with kafka_at_work():
            ends = await consumer.end_offsets(consumer.assignment())
            unread = set(ends)
            while unread := {one for one in unread if await consumer.position(one) < ends[one]}:
                for one, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    for record in records:
                        if record.offset < ends[one]:
                            yield Letter(record.key, record.value, tuple(record.headers))
    finally:
        await consumer.stop()


async def parked(records: Records) -> list[Parked]:
    """The service's parked aggregates, longest parked first. Raises `Outage`."""
    found: list[Parked] = []
    for decider in records.service.deciders:
        collection = records.database.collection(decider.kind)
        with mongodb_at_work():
            async for one in collection.find({"parked.at": {"$exists": True}}, {"parked": 1}):
                what = one["parked"]
                ref = Ref(decider.kind, one["_id"])
                waiting = tuple(what["waiting"])
                found.append(Parked(records.service.name, ref, what["at"], what["error"], waiting))
    return sorted(found, key=lambda one: one.since)


async def replay(
    records: Records,
    aggregates: list[Parked],
    settings: RuntimeSettings,
    *,
    told: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Let through what waits, each message only once the one before it was decided.

    Stops an aggregate's replay at the first message that fails again. Safe to run again: what was
    decided is known by its id, and only the message at the head is ever tried.
    """
    wanted = {message_id for one in aggregates for message_id in one.waiting}
    found = {
        letter.message_id: letter
        async for letter in letters(settings)
        if letter.message_id in wanted and letter.says("dl_service") == records.service.name
    }
    producer = AIOKafkaProducer(**kafka_options(settings), acks="all", enable_idempotence=True)
    with kafka_at_work():
        await producer.start()
    outcomes: list[Outcome] = []
    try:
        for one in aggregates:
            outcomes.append(await _let_through(records, one, found, producer))
            told(outcomes[-1])
    finally:
        await producer.stop()
    return outcomes


async def _let_through(
    records: Records, one: Parked, found: Mapping[str, Letter], producer: Any
) -> Outcome:
    outcome = Outcome(one)
    for message_id in one.waiting:
        letter = found.get(message_id)
        if letter is None:
            outcome.stopped_by = f"its dead letter is gone from {DEAD_LETTERS}: {message_id}"
            return outcome
        with kafka_at_work():
            await producer.send_and_wait(
                letter.says("dl_topic"),
                key=letter.key,
                value=letter.value,
                headers=letter.original_headers,
            )
        if not await _decided(records, one.ref, message_id):
            outcome.stopped_by = await _why_not(records, one.ref)
            return outcome
        outcome.decided += 1
    return outcome


async def _decided(records: Records, ref: Ref, message_id: str) -> bool:
    """Whether the message is let through within the time; the service may be slow or down."""
    try:
        async with asyncio.timeout(DECIDED_WITHIN_S):
            while message_id in await _waiting(records, ref):
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        return False
    return True


async def _waiting(records: Records, ref: Ref) -> list[str]:
    what = await _parked_now(records, ref)
    return list(what["waiting"]) if what else []


async def _parked_now(records: Records, ref: Ref) -> Mapping[str, Any] | None:
    with mongodb_at_work():
        document = await records.database.collection(ref.kind).find_one(
            {"_id": ref.id}, {"parked": 1}
        )
    return document.get("parked") if document else None


async def _why_not(records: Records, ref: Ref) -> str:
    what = await _parked_now(records, ref)
    return f"not decided in {DECIDED_WITHIN_S:g} s; the defect was {what['error'] if what else ''}"
