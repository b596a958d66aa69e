"""The one place that reads `desk.dead-letters`; nothing ever changes what lies there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.events.topics import DEAD_LETTERS
from shared.kafka.records import RecordPosition
from shared.kafka.topic_reader import TopicReader, topic_reader
from shared.kafka.topic_records import Window, records_in, records_on, spans_of
from shared.operations.dead_letters.letter import Letter, LetterId, NoSuchLetters, letter_of
from shared.operations.topics import require_topics
from shared.settings import RuntimeSettings

LETTERS_A_PAGE = 300
"""Offsets of each partition: what one look reads, however many letters the topic holds."""
GIVEN_UP_BEFORE = timedelta(minutes=5)
"""Clocks differ: a record's first letter may seem to be that much older than its parking."""


@dataclass(frozen=True, slots=True)
class LettersPage:
    """Letters without their values, by when they were given up.

    `older` says, by partition, before which offset older ones lie; it is empty where none do.
    """

    letters: list[Letter]
    older: Mapping[int, int]


async def letters(settings: RuntimeSettings) -> AsyncIterator[Letter]:
    """Every dead letter that the topic holds now, oldest first per key.

    Raises `Outage`, `MissingTopics`.
    """
    await require_topics(settings, {DEAD_LETTERS})
    async for record in records_on(settings, [DEAD_LETTERS]):
        yield letter_of(record)


async def briefs(settings: RuntimeSettings) -> list[Letter]:
    """All letters without their values, by when they were given up.

    Raises `Outage`, `MissingTopics`.
    """
    return in_time([letter.brief async for letter in letters(settings)])


async def page_of_briefs(
    settings: RuntimeSettings,
    before: Mapping[int, int],
    *,
    holding: LetterId | None = None,
) -> LettersPage:
    """The newest letters; `before` these offsets, by partition, where it names them.

    A page that is `holding` a letter reaches back to that. Raises `Outage`, `MissingTopics`.
    """
    await require_topics(settings, {DEAD_LETTERS})
    whole = await spans_of(settings, DEAD_LETTERS)
    spans = newest_of(whole, before)
    if holding and holding.offset not in spans.get(holding.partition, ()):
        spans = newest_of(whole, {**before, holding.partition: holding.offset + 1})
    starts = {it: span.start for it, span in spans.items()}
    is_last = all(starts[it] == span.start for it, span in whole.items())
    return LettersPage(await _briefs_in(settings, spans), {} if is_last else starts)


def newest_of(whole: Mapping[int, range], before: Mapping[int, int]) -> dict[int, range]:
    """The last offsets of each partition, as many as a page reads, `before` those named there."""
    return {
        partition: range(
            span.start, max(span.start, min(span.stop, before.get(partition, span.stop)))
        )[-LETTERS_A_PAGE:]
        for partition, span in whole.items()
    }


async def briefs_since(settings: RuntimeSettings, at: datetime) -> list[Letter]:
    """The first letters since an instant, as many as a page reads: where a line begins.

    Raises `Outage`, `MissingTopics`.
    """
    await require_topics(settings, {DEAD_LETTERS})
    spans = await spans_of(settings, DEAD_LETTERS, Window(since=at - GIVEN_UP_BEFORE))
    first = {partition: span[:LETTERS_A_PAGE] for partition, span in spans.items()}
    return await _briefs_in(settings, first)


async def briefs_at(settings: RuntimeSettings, ids: Iterable[LetterId]) -> list[Letter]:
    """These letters without their values, by when they were given up, without those that are gone.

    Raises `Outage`, `MissingTopics`.
    """
    if not (wanted := set(ids)):
        return []
    await require_topics(settings, {DEAD_LETTERS})
    async with topic_reader(settings, DEAD_LETTERS) as reader:
        found = [await reader.record_at(*it) for it in sorted(wanted)]
    return in_time(letter_of(it).brief for it in found if it is not None)


def in_time(found: Iterable[Letter]) -> list[Letter]:
    """The letters, each once, by when they were given up."""
    return sorted({it.id: it for it in found}.values(), key=lambda it: (it.at, it.id))


async def _briefs_in(settings: RuntimeSettings, spans: Mapping[int, range]) -> list[Letter]:
    records = records_in(settings, DEAD_LETTERS, spans)
    return in_time([letter_of(record).brief async for record in records])


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
