"""The one place that reads `desk.dead-letters`; nothing ever changes what lies there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.events.topics import DEAD_LETTERS
from shared.kafka.records import RecordPosition
from shared.kafka.topic_reader import TopicReader, topic_reader
from shared.kafka.topic_records import Window, records_on
from shared.operations.dead_letters.letter import Letter, LetterId, NoSuchLetters, letter_of
from shared.operations.topics import require_topics
from shared.settings import RuntimeSettings


async def letters(settings: RuntimeSettings, *, newest: int | None = None) -> AsyncIterator[Letter]:
    """Every dead letter that the topic holds now, oldest first per key.

    `newest` limits it to the last offsets of each partition. Raises `Outage`, `MissingTopics`.
    """
    await require_topics(settings, {DEAD_LETTERS})
    async for record in records_on(settings, [DEAD_LETTERS], Window(newest=newest)):
        yield letter_of(record)


async def briefs(settings: RuntimeSettings, *, newest: int | None = None) -> list[Letter]:
    """All letters without their values, by when they were given up.

    Raises `Outage`, `MissingTopics`.
    """
    found = [letter.brief async for letter in letters(settings, newest=newest)]
    return sorted(found, key=lambda letter: (letter.at, letter.id))


class DeadLetterTopic:
    """Fetches single letters whole, and knows which letters came after it was opened."""

    def __init__(self, reader: TopicReader, watcher: TopicReader) -> None:
        self._reader = reader
        self._watcher = watcher
        self._seen: dict[tuple[str, RecordPosition], Letter] = {}

    async def fetch(self, wanted: LetterId) -> Letter:
        """The letter with its value. Raises `NoSuchLetters`, `Outage`."""
        record = await self._reader.record_at(wanted.partition, wanted.offset)
        if record is None:
            raise NoSuchLetters([wanted])
        return letter_of(record)

    async def given_up_again(self, service: str, origin: RecordPosition) -> Letter | None:
        """The letter with which `service` gave up the record at `origin` since then, if any.

        Raises `Outage`.
        """
        async for record in self._watcher.further():
            letter = letter_of(record)
            self._seen[letter.service, letter.origin] = letter.brief
        return self._seen.get((service, origin))


@asynccontextmanager
async def dead_letter_topic(settings: RuntimeSettings) -> AsyncIterator[DeadLetterTopic]:
    """The topic, open for reading. Raises `Outage`, `MissingTopics`."""
    await require_topics(settings, {DEAD_LETTERS})
    async with (
        topic_reader(settings, DEAD_LETTERS) as reader,
        topic_reader(settings, DEAD_LETTERS) as watcher,
    ):
        await watcher.skip_to_end()
        yield DeadLetterTopic(reader, watcher)
