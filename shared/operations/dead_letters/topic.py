"""The one place that reads `desk.dead-letters`; nothing ever changes what lies there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.topics import DEAD_LETTERS
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.kafka.records import RecordPosition
from shared.kafka.topic_records import records_on
from shared.operations.dead_letters.letter import Letter, LetterId, NoSuchLetters, letter_of
from shared.operations.topics import require_topics
from shared.runtime.faults import Outage, kafka_errors_as_outage
from shared.settings import RuntimeSettings

POLL_MS = 500
ANSWER_WITHIN_S = 15.0


async def letters(settings: RuntimeSettings, *, newest: int | None = None) -> AsyncIterator[Letter]:
    """Every dead letter that the topic holds now, oldest first per key.

    `newest` limits it to the last offsets of each partition. Raises `Outage`, `MissingTopics`.
    """
    await require_topics(settings, {DEAD_LETTERS})
    async for record in records_on(settings, [DEAD_LETTERS], newest=newest):
        yield letter_of(record)


async def briefs(settings: RuntimeSettings, *, newest: int | None = None) -> list[Letter]:
    """All letters without their values, by when they were given up.

    Raises `Outage`, `MissingTopics`.
    """
    found = [letter.brief async for letter in letters(settings, newest=newest)]
    return sorted(found, key=lambda letter: (letter.at, letter.id))


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


class DeadLetterTopic:
    """Fetches single letters whole, and knows which letters came after it was opened."""

    def __init__(self, reader: AIOKafkaConsumer, watcher: AIOKafkaConsumer) -> None:
        self._reader = reader
        self._watcher = watcher
        self._seen: dict[tuple[str, RecordPosition], Letter] = {}

    async def fetch(self, wanted: LetterId) -> Letter:
        """The letter with its value. Raises `NoSuchLetters`, `Outage`."""
        place = TopicPartition(DEAD_LETTERS, wanted.partition)
        if place not in self._reader.assignment():
            raise NoSuchLetters([wanted])
        with kafka_errors_as_outage():
            begin = (await self._reader.beginning_offsets([place]))[place]
            end = (await self._reader.end_offsets([place]))[place]
            if not begin <= wanted.offset < end:
                raise NoSuchLetters([wanted])
            self._reader.seek(place, wanted.offset)
        async for record in up_to(self._reader, {place: wanted.offset + 1}):
            return letter_of(record)
        raise NoSuchLetters([wanted])

    async def given_up_again(self, service: str, origin: RecordPosition) -> Letter | None:
        """The letter with which `service` gave up the record at `origin` since then, if any.

        Raises `Outage`.
        """
        with kafka_errors_as_outage():
            ends = await self._watcher.end_offsets(self._watcher.assignment())
        async for record in up_to(self._watcher, ends):
            letter = letter_of(record)
            self._seen[letter.service, letter.origin] = letter.brief
        return self._seen.get((service, origin))


@asynccontextmanager
async def dead_letter_topic(settings: RuntimeSettings) -> AsyncIterator[DeadLetterTopic]:
    """The topic, open for reading. Raises `Outage`, `MissingTopics`."""
    await require_topics(settings, {DEAD_LETTERS})
    async with (
        consumer_of(settings, DEAD_LETTERS) as reader,
        consumer_of(settings, DEAD_LETTERS) as watcher,
    ):
        with kafka_errors_as_outage():
            for one, end in (await watcher.end_offsets(watcher.assignment())).items():
                watcher.seek(one, end)
        yield DeadLetterTopic(reader, watcher)
