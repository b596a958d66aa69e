"""How far the service's group has committed its offsets: whatever lies before is published.

Offsets are committed only after a batch's events are acknowledged. So a history entry beyond the
committed offset of its partition may be unpublished yet, and this is how any instance tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.runtime.faults import Outage, kafka_at_work

ANSWER_WITHIN_SECONDS = 10.0


class Place(NamedTuple):
    """Where a message was read."""

    topic: str
    partition: int
    offset: int


def place_of(entry: Mapping[str, Any]) -> Place:
    """The place of the message that a history entry records."""
    return Place(entry["topic"], entry["partition"], entry["offset"])


class Progress(Protocol):
    """What the group as a whole has got done."""

    async def uncommitted(self, places: Iterable[Place]) -> set[Place]:
        """Those of `places` that no commit of the group has passed. Raises `Outage`."""


class CommittedOffsets:
    """Remembers what this process committed or once was told; asks the broker about the rest.

    Committed offsets only grow, so what was passed once stays passed.
    """

    def __init__(self) -> None:
        self._consumer: AIOKafkaConsumer | None = None
        self._known: dict[TopicPartition, int] = {}

    def ask(self, consumer: AIOKafkaConsumer) -> None:
        """The consumer whose group is meant."""
        self._consumer = consumer

    def note(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets are committed."""
        for partition, offset in offsets.items():
            self._known[partition] = max(offset, self._known.get(partition, 0))

    async def uncommitted(self, places: Iterable[Place]) -> set[Place]:
        beyond = {place for place in places if not self._passed(place)}
        if beyond:
            await self._refresh({TopicPartition(one.topic, one.partition) for one in beyond})
        return {place for place in beyond if not self._passed(place)}

    def _passed(self, place: Place) -> bool:
        return place.offset < self._known.get(TopicPartition(place.topic, place.partition), 0)

    async def _refresh(self, partitions: Iterable[TopicPartition]) -> None:
        assert self._consumer is not None
        asked = list(partitions)
        with kafka_at_work():
            try:
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    answers = await asyncio.gather(*map(self._consumer.committed, asked))
            except TimeoutError:
                raise Outage("kafka", "no answer about committed offsets in time") from None
        self.note(
            {partition: offset or 0 for partition, offset in zip(asked, answers, strict=True)}
        )
