"""Reads whole topics as they stand, without a consumer group: for comparison and restoration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.kafka.decompression import BUDGET
from shared.kafka.errors import kafka_errors_as_outage
from shared.outage import Outage
from shared.settings import RuntimeSettings

POLL_MS = 1_000
FRUITLESS_POLLS = 30


async def records_on(
    settings: RuntimeSettings, topics: Iterable[str], *, newest: int | None = None
) -> AsyncIterator[Any]:
    """Every committed record of `topics` up to their ends at this moment, each partition in order.

    One that cannot be decoded is an `UndecodableRecord`.
    `newest` leaves those at that number of last offsets of each partition. Topics that do not exist
    are passed over. Raises `Outage`.
    """
    consumer = EndingConsumer(**consumer_options(settings), group_id=None, enable_auto_commit=False)
    with kafka_errors_as_outage():
        try:
            await consumer.start()
            spans = await _spans(consumer, await _partitions(settings, topics))
            if newest is not None:
                spans = {
                    tp: range(max(s.start, s.stop - newest), s.stop) for tp, s in spans.items()
                }
            async for record in _within(consumer, spans):
                yield record
        finally:
            await consumer.stop()


async def _partitions(
    settings: RuntimeSettings, topics: Iterable[str]
) -> dict[str, list[TopicPartition]]:
    """Of each topic that exists. A consumer knows only those of the topics it has subscribed to."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        present = set(topics) & set(await admin.list_topics())
        described = await admin.describe_topics(sorted(present)) if present else []
    finally:
        await admin.close()
    return {
        topic["topic"]: [
            TopicPartition(topic["topic"], partition["partition"])
            for partition in topic["partitions"]
        ]
        for topic in described
    }


async def _spans(
    consumer: AIOKafkaConsumer, topics: Mapping[str, Sequence[TopicPartition]]
) -> dict[TopicPartition, range]:
    """The offsets that each partition has now; one that is empty is left out."""
    partitions = [*chain.from_iterable(topics.values())]
    begins = await consumer.beginning_offsets(partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return {tp: range(begins[tp], end) for tp, end in ends.items() if end > begins[tp]}


async def _within(
    consumer: EndingConsumer, spans: Mapping[TopicPartition, range]
) -> AsyncIterator[Any]:
    if not spans:
        return
    consumer.assign(list(spans))
    for partition, span in spans.items():
        consumer.seek(partition, span.start)
    left, fruitless = set(spans), 0
    following = {partition: span.start for partition, span in spans.items()}
    while left:
        BUDGET.renew()
        try:
            found = await consumer.getmany(*left, timeout_ms=POLL_MS)
        except UnicodeDecodeError:  # the failed poll may have dropped other records
            for partition in left:
                consumer.seek(partition, following[partition])
            found = {tp: await consumer.one_by_one(tp) for tp in left}
        for partition, records in found.items():
            for record in records:
                following[partition] = record.offset + 1
                if record.offset < spans[partition].stop:
                    yield record
        fruitless = 0 if found else fruitless + 1
        if fruitless > FRUITLESS_POLLS:
            raise Outage("kafka", "no more records came before the end of a topic")
        left = {tp for tp in left if await consumer.position(tp) < spans[tp].stop}


async def begins_of(settings: RuntimeSettings, topics: Iterable[str]) -> dict[str, bool]:
    """For each topic that exists, whether it still has its first records."""
    consumer = EndingConsumer(**consumer_options(settings), group_id=None, enable_auto_commit=False)
    with kafka_errors_as_outage():
        try:
            await consumer.start()
            found: dict[str, bool] = {}
            for topic, partitions in (await _partitions(settings, topics)).items():
                begins = await consumer.beginning_offsets(partitions)
                found[topic] = not any(begins.values())
        finally:
            await consumer.stop()
    return found


async def members_of(settings: RuntimeSettings, group: str) -> int:
    """How many consumers the group has now. Raises `Outage`, also where one may not know."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            [answer] = await admin.describe_consumer_groups([group])
        finally:
            await admin.close()
    [(error, _group, _state, _protocol_type, _protocol, members, *_)] = answer.groups
    if error:
        raise Outage("kafka", for_code(error).__name__)
    return len(members)


async def committed_by(settings: RuntimeSettings, group: str) -> dict[tuple[str, int], int]:
    """The group's committed offsets by topic and partition. Raises `Outage`."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            found = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
    return {(tp.topic, tp.partition): place.offset for tp, place in found.items()}
