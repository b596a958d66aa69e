"""The committed offsets of the service's group: the events of earlier records are published."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.records import RecordPosition
from shared.outage import Outage

ANSWER_WITHIN_SECONDS = 10.0
KNOWN_SECONDS = 60.0
"""Cached offsets expire, since a broker can delete a group's offsets or their topic."""


class CommittedOffsets:
    """Caches the offsets committed or read lately, and asks the broker for the others."""

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
        """Returns those of `places` that the group has not committed. Raises `Outage`."""
        if time.monotonic() - self._known_since > KNOWN_SECONDS:
            self._known, self._known_since = {}, time.monotonic()
        beyond = {place for place in places if not self._passed(place)}
        if beyond:
            await self._refresh(
                {TopicPartition(position.topic, position.partition) for position in beyond}
            )
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
