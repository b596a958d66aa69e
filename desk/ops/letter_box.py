"""Single dead letters fetched whole, and those that come while a command is at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from desk.ops.letters import Letter, LetterId, Origin, consumer_of, letter_of, missing, up_to
from desk.ops.sending import require_topics
from shared.events.topics import DEAD_LETTERS
from shared.runtime.faults import kafka_errors_as_outage
from shared.settings import RuntimeSettings


class LetterBox:
    """Fetches single letters whole, and tells which letters have come since it was opened."""

    def __init__(self, reader: AIOKafkaConsumer, watcher: AIOKafkaConsumer) -> None:
        self._reader = reader
        self._watcher = watcher
        self._seen: dict[tuple[str, Origin], Letter] = {}

    async def fetch(self, wanted: LetterId) -> Letter:
        """Raises `DeskError` for a letter that is not there, `Outage`."""
        place = TopicPartition(DEAD_LETTERS, wanted.partition)
        if place not in self._reader.assignment():
            raise missing(wanted)
        with kafka_errors_as_outage():
            begin = (await self._reader.beginning_offsets([place]))[place]
            end = (await self._reader.end_offsets([place]))[place]
            if not begin <= wanted.offset < end:
                raise missing(wanted)
            self._reader.seek(place, wanted.offset)
        async for record in up_to(self._reader, {place: wanted.offset + 1}):
            return letter_of(record)
        raise missing(wanted)

    async def come_for(self, service: str, origin: Origin) -> Letter | None:
        """The letter by which `service` has given up the record at `origin` since. Or none."""
        with kafka_errors_as_outage():
            ends = await self._watcher.end_offsets(self._watcher.assignment())
        async for record in up_to(self._watcher, ends):
            letter = letter_of(record)
            self._seen[letter.service, letter.origin] = letter.brief
        return self._seen.get((service, origin))


@asynccontextmanager
async def letter_box(settings: RuntimeSettings) -> AsyncIterator[LetterBox]:
    """Raises `Outage`, or `DeskError` where the topic is missing."""
    await require_topics(settings, {DEAD_LETTERS})
    async with (
        consumer_of(settings, DEAD_LETTERS) as reader,
        consumer_of(settings, DEAD_LETTERS) as watcher,
    ):
        with kafka_errors_as_outage():
            for one, end in (await watcher.end_offsets(watcher.assignment())).items():
                watcher.seek(one, end)
        yield LetterBox(reader, watcher)
