"""How far the service's group has committed its offsets: whatever lies before is published.

Offsets are committed only after a batch's events are acknowledged. So a history entry beyond the
committed offset of its partition may be unpublished yet, and this is how any instance tells.

Where a topic was deleted and made again, or the group's offsets were, entries seem unpublished that
are not. They are published once more, under the same ids, and then known to be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.envelope import Ref
from shared.mongo.client import Document
from shared.runtime.faults import Outage, kafka_errors_as_outage

ANSWER_WITHIN_SECONDS = 10.0
KNOWN_SECONDS = 60.0
"""A broker forgets a group's offsets with their topic, or when told to; so does this process."""
REMEMBERED = 10_000


class RecordPosition(NamedTuple):
    """Where a message was read."""

    topic: str
    partition: int
    offset: int


def position_of(entry: Mapping[str, Any]) -> RecordPosition:
    """The place of the message that a history entry records."""
    return RecordPosition(entry["topic"], entry["partition"], entry["offset"])


class GroupProgress(Protocol):
    """What the group as a whole has got done."""

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:
        """Those of `places` that no commit of the group has passed. Raises `Outage`."""


EntryKey = tuple[str, str]


class UnpublishedEntries:
    """Which history entries may be unpublished: `progress` says, and what this process published.

    Of the aggregates last answered, so that entries can leave a document before their batch is
    committed.
    """

    def __init__(self, progress: GroupProgress) -> None:
        self._progress = progress
        self._published: dict[Ref, set[EntryKey]] = {}

    def note(self, answered: Mapping[Ref, set[EntryKey]]) -> None:
        """Every event of these entries is acknowledged."""
        for ref, keys in answered.items():
            self._published[ref] = self._published.pop(ref, set()) | keys
        for ref in list(self._published)[: max(0, len(self._published) - REMEMBERED)]:
            del self._published[ref]

    async def lacking(self, entries: Iterable[tuple[Ref, Document]]) -> set[tuple[Ref, EntryKey]]:
        """Those that may be unpublished. Raises `Outage`."""
        asked = {
            (ref, key): position_of(entry)
            for ref, entry in entries
            if (key := (entry["message_id"], entry["digest"])) not in self._published.get(ref, ())
        }
        uncommitted = await self._progress.uncommitted(set(asked.values()))
        return {which for which, place in asked.items() if place in uncommitted}


class CommittedOffsets:
    """Remembers what this process committed or was told of late; asks the broker about the rest."""

    def __init__(self) -> None:
        self._consumer: AIOKafkaConsumer | None = None
        self._known: dict[TopicPartition, int] = {}
        self._known_since = time.monotonic()

    def ask(self, consumer: AIOKafkaConsumer) -> None:
        """The consumer whose group is meant."""
        self._consumer = consumer

    def note(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are committed. They are lower than before only in a new topic."""
        self._known |= offsets

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:
        if time.monotonic() - self._known_since > KNOWN_SECONDS:
            self._known, self._known_since = {}, time.monotonic()
        beyond = {place for place in places if not self._passed(place)}
        if beyond:
            await self._refresh({TopicPartition(one.topic, one.partition) for one in beyond})
        return {place for place in beyond if not self._passed(place)}

    def _passed(self, place: RecordPosition) -> bool:
        return place.offset < self._known.get(TopicPartition(place.topic, place.partition), 0)

    async def _refresh(self, partitions: Iterable[TopicPartition]) -> None:
        assert self._consumer is not None
        asked = list(partitions)
        with kafka_errors_as_outage():
            try:
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    answers = await asyncio.gather(*map(self._consumer.committed, asked))
            except TimeoutError:
                raise Outage("kafka", "no answer about committed offsets in time") from None
        self.note(
            {partition: offset or 0 for partition, offset in zip(asked, answers, strict=True)}
        )
