"""Sending a dead letter's record to its topic again, and writing down that it was done.

Each step is acknowledged before the next begins: the record, its audit event, then the next
letter. Whoever is killed between the first two sends the record once more when run again; every
consumer knows it by its id and drops it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from aiokafka import AIOKafkaProducer

from shared.events.operations import DeadLetterReplayed, LetterHandled
from shared.kafka.client_options import client_options
from shared.kafka.publisher import ACKNOWLEDGED_WITHIN_SECONDS, MAX_REQUEST_BYTES
from shared.operations.audit_trail import (
    MOST_REPLAYS,
    OPERATIONS,
    Acts,
    Signed,
    common,
    envelope_of,
    read_acts,
)
from shared.operations.dead_letters.letter import Letter, Original
from shared.operations.dead_letters.topic import LetterBox, letter_box
from shared.operations.topics import require_topics
from shared.runtime.faults import Outage, kafka_errors_as_outage
from shared.settings import RuntimeSettings

DEFAULT_RATE = 50.0


@dataclass(slots=True)
class Pace:
    """At most so many letters per second; the first goes at once."""

    per_second: float = DEFAULT_RATE
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float | None = None

    async def keep(self) -> None:
        """Wait until the next letter may go."""
        now = self.clock()
        if self._next is not None and self._next > now:
            await self.sleep(self._next - now)
            now = self._next
        self._next = now + 1 / self.per_second


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record went."""

    partition: int
    offset: int


class Post:
    """One run of a command that sends: who runs it, what was done before, and how fast it goes."""

    def __init__(
        self,
        settings: RuntimeSettings,
        producer: AIOKafkaProducer,
        box: LetterBox,
        acts: Acts,
        signed: Signed,
        pace: Pace,
        *,
        force: bool = False,
    ) -> None:
        self.settings = settings
        self.box = box
        self.acts = acts
        self.signed = signed
        self.force = force
        self._producer = producer
        self._pace = pace

    def refusal(self, letter: Letter) -> str | None:
        """Why this letter is not sent again, unless forced: it might be what breaks things."""
        replays = self.acts.replays(letter)
        if self.force or replays < MOST_REPLAYS:
            return None
        return f"it was already replayed {replays} times; if the cause is gone, give --force"

    async def again(self, letter: Letter) -> Place:
        """Send the record unchanged, and write that down. Raises `Outage`."""
        place = await self.send(letter.original)
        event = DeadLetterReplayed.model_validate(
            common(letter, self.signed)
            | {
                "attempt": self.acts.replays(letter) + 1,
                "sent_partition": place.partition,
                "sent_offset": place.offset,
            }
        )
        await self.note(event, place.partition, place.offset)
        return place

    async def send(self, record: Original) -> Place:
        """Send a record to its topic under its key; acknowledged when this returns."""
        await self._pace.keep()
        key, value, headers = record.key, record.value, list(record.headers)
        if key is None and value is None:
            value = b""  # the client refuses to send a record of nothing at all
        return await self._acknowledged(record.topic, key, value, headers)

    async def note(self, event: LetterHandled, *distinct: object) -> None:
        """Write down what was done; acknowledged when this returns. Raises `Outage`."""
        one = envelope_of(event, *distinct)
        await self._acknowledged(one.topic, one.key.encode(), one.value, one.headers)
        self.acts.add(event)

    async def _acknowledged(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> Place:
        with kafka_errors_as_outage():
            try:
                async with asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                    sent = await self._producer.send_and_wait(
                        topic, key=key, value=value, headers=headers
                    )
            except TimeoutError:
                raise Outage("kafka", "no acknowledgement in time") from None
        return Place(sent.partition, sent.offset)


@asynccontextmanager
async def post_office(
    settings: RuntimeSettings, signed: Signed, *, pace: Pace | None = None, force: bool = False
) -> AsyncIterator[Post]:
    """Raises `Outage`, or `DeskError` where a topic is missing."""
    await require_topics(settings, {OPERATIONS})
    acts = await read_acts(settings)
    producer = AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_REQUEST_BYTES,
    )
    async with letter_box(settings) as box:
        try:
            with kafka_errors_as_outage():
                await producer.start()
            yield Post(settings, producer, box, acts, signed, pace or Pace(), force=force)
        finally:
            await producer.stop()
