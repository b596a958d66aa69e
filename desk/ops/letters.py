"""The one place that reads `desk.dead-letters`; nothing ever changes what lies there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from desk.ops.errors import FAILED, DeskError
from desk.ops.sending import require_topics
from shared.events.topics import DEAD_LETTERS
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.runtime.faults import Outage, Reason, kafka_errors_as_outage
from shared.settings import RuntimeSettings

POLL_MS = 500
ANSWER_WITHIN_S = 15.0
WAITING_REASONS = frozenset({Reason.DEFECT, Reason.BLOCKED})
"""Such a letter belongs to one service alone; any other one to every reader of its topic."""
DL_HEADERS = frozenset(
    f"dl_{name}" for name in ("topic", "partition", "offset", "service", "reason", "error", "at")
)
_ID = re.compile(r"([0-9]{1,9})-([0-9]{1,18})")
Headers = tuple[tuple[str, bytes | None], ...]


class LetterId(NamedTuple):
    """A letter's place in its topic, written `3-1042`. It stays where it is for a year."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


class Origin(NamedTuple):
    """Where the record was read when it was given up."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Original:
    """The record as it was, for the codec to read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int = -1
    timestamp_type: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: the original record, and what the `dl_` headers say of it.

    `at` (aware) is when it was given up. `sha256` is that of the value, also where a listing has
    let go of the value itself.
    """

    id: LetterId
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers
    sha256: str

    def says(self, name: str) -> str:
        """A header as text, its name in lower case; empty where it is missing."""
        found = [v for header, v in self.headers if header.lower() == name and v is not None]
        return found[-1].decode(errors="replace") if found else ""

    @property
    def service(self) -> str:
        return self.says("dl_service")

    @property
    def reason(self) -> str:
        return self.says("dl_reason")

    @property
    def error(self) -> str:
        return self.says("dl_error")

    @property
    def message_id(self) -> str:
        """The identity by which the runtime knows the message; empty where it has none."""
        source, ce_id = self.says("ce_source"), self.says("ce_id")
        return f"{source} {ce_id}" if source and ce_id else ""

    @property
    def origin(self) -> Origin:
        partition, offset = self.says("dl_partition"), self.says("dl_offset")
        return Origin(self.says("dl_topic"), _number(partition), _number(offset))

    @property
    def original_headers(self) -> list[tuple[str, bytes | None]]:
        return [(name, value) for name, value in self.headers if name not in DL_HEADERS]

    @property
    def original(self) -> Original:
        headers = tuple(self.original_headers)
        return Original(*self.origin, key=self.key, value=self.value, headers=headers)

    @property
    def brief(self) -> Letter:
        """The same without the value, which may be large."""
        return replace(self, value=None)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1


def letter_id(written: str) -> LetterId:
    """What a person typed. Raises `DeskError`."""
    found = _ID.fullmatch(written.strip())
    if found is None:
        raise DeskError(
            f"{written!r} is no letter's id; it looks like 3-1042.\n"
            "`desk dead-letters list --letters` shows them."
        )
    return LetterId(int(found[1]), int(found[2]))


def letter_of(record: Any) -> Letter:
    """The letter that a consumed record is."""
    headers: Headers = tuple(record.headers)
    letter = Letter(
        id=LetterId(record.partition, record.offset),
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        key=record.key,
        value=record.value,
        headers=headers,
        sha256=hashlib.sha256(record.value or b"").hexdigest(),
    )
    try:
        at = datetime.fromisoformat(letter.says("dl_at"))
    except ValueError:
        return letter
    return replace(letter, at=at) if at.tzinfo else letter


async def letters(settings: RuntimeSettings, *, newest: int | None = None) -> AsyncIterator[Letter]:
    """Every dead letter that the topic holds now, oldest first per key.

    `newest` leaves out all but so many per partition. Raises `Outage`, or `DeskError` where the
    topic is missing.
    """
    await require_topics(settings, {DEAD_LETTERS})
    async for record in records_of(settings, DEAD_LETTERS, newest=newest):
        yield letter_of(record)


async def briefs(settings: RuntimeSettings, *, newest: int | None = None) -> list[Letter]:
    """All letters without their values, in the order in which they were given up."""
    found = [letter.brief async for letter in letters(settings, newest=newest)]
    return sorted(found, key=lambda letter: (letter.at, letter.id))


async def records_of(
    settings: RuntimeSettings, topic: str, *, newest: int | None = None
) -> AsyncIterator[Any]:
    """Every record of a topic up to its present end. Raises `Outage`."""
    async with consumer_of(settings, topic) as consumer:
        with kafka_errors_as_outage():
            ends = await consumer.end_offsets(consumer.assignment())
            begins = await consumer.beginning_offsets(consumer.assignment())
            for one, end in ends.items():
                consumer.seek(one, max(begins[one], end - newest if newest else 0))
        async for record in up_to(consumer, ends):
            yield record


async def up_to(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> AsyncIterator[Any]:
    """What lies between the consumer's positions and `ends`. Raises `Outage` if nothing comes."""
    heard = monotonic()
    with kafka_errors_as_outage():
        while unread := [one for one in ends if await consumer.position(one) < ends[one]]:
            found = await consumer.getmany(*unread, timeout_ms=POLL_MS)
            heard = monotonic() if found else heard
            if monotonic() - heard > ANSWER_WITHIN_S:
                raise Outage("kafka", "no answer in time")
            for one, records in found.items():
                for record in records:
                    if record.offset < ends[one]:
                        yield record


@asynccontextmanager
async def consumer_of(settings: RuntimeSettings, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = EndingConsumer(topic, **consumer_options(settings), auto_offset_reset="earliest")
    try:
        with kafka_errors_as_outage():
            await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


def missing(*ids: LetterId) -> DeskError:
    return DeskError(
        f"there is no dead letter {', '.join(map(str, ids))}.\n"
        "`desk dead-letters list --letters --all` shows those that are there.",
        code=FAILED,
    )


def by_id(found: Sequence[Letter]) -> dict[LetterId, Letter]:
    return {letter.id: letter for letter in found}
