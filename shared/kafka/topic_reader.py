"""One topic, read at any place and without a group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiokafka import TopicPartition

from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer, Offsets
from shared.kafka.errors import kafka_errors_as_outage
from shared.outage import Outage
from shared.settings import RuntimeSettings

POLL_MS = 500
ANSWER_WITHIN_S = 15.0


class TopicReader:
    """Reads single records, or those that came after it was opened; not both at once."""

    def __init__(self, topic: str, consumer: EndingConsumer) -> None:
        self._topic = topic
        self._consumer = consumer

    async def record_at(self, partition: int, offset: int) -> Any | None:
        """The record there, if there is one. Raises `Outage`."""
        place = TopicPartition(self._topic, partition)
        if place not in self._consumer.assignment():
            return None
        with kafka_errors_as_outage():
            begin = (await self._consumer.beginning_offsets([place]))[place]
            end = (await self._consumer.end_offsets([place]))[place]
            if not begin <= offset < end:
                return None
            self._consumer.seek(place, offset)
        async for record in self._up_to({place: offset + 1}):
            return record
        return None

    async def skip_to_end(self) -> None:
        """`further` then begins with what comes next. Raises `Outage`."""
        with kafka_errors_as_outage():
            for place, end in (await self._ends()).items():
                self._consumer.seek(place, end)

    async def further(self) -> AsyncIterator[Any]:
        """Every record up to the topic's present end that was not read yet. Raises `Outage`."""
        with kafka_errors_as_outage():
            ends = await self._ends()
        async for record in self._up_to(ends):
            yield record

    async def _ends(self) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(
            self._consumer.assignment()
        )
        return ends

    async def _up_to(self, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Any]:
        """The records between the consumer's positions and `ends`."""
        heard, consumer = monotonic(), self._consumer
        with kafka_errors_as_outage():
            while unread := await _before(ends, consumer):
                found = await consumer.records_at(unread, POLL_MS)
                heard = monotonic() if found else heard
                if monotonic() - heard > ANSWER_WITHIN_S:
                    raise Outage("kafka", "no answer in time")
                for tp, records in found.items():
                    for record in records:
                        if record.offset < ends[tp]:
                            yield record


async def _before(ends: Mapping[TopicPartition, int], consumer: EndingConsumer) -> Offsets:
    """Where the consumer stands in the partitions that it has not read up to `ends`."""
    stands = {tp: await consumer.position(tp) for tp in ends}
    return {tp: offset for tp, offset in stands.items() if offset < ends[tp]}


@asynccontextmanager
async def topic_reader(settings: RuntimeSettings, topic: str) -> AsyncIterator[TopicReader]:
    """A reader of a topic that exists. Raises `Outage`."""
    consumer = EndingConsumer(topic, **consumer_options(settings), auto_offset_reset="earliest")
    try:
        with kafka_errors_as_outage():
            await consumer.start()
        yield TopicReader(topic, consumer)
    finally:
        await consumer.stop()
