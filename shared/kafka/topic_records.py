"""Reads whole topics as they stand, without a consumer group: for comparison and restoration."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.records import EPOCH
from shared.outage import Outage
from shared.settings import RuntimeSettings

POLL_MS = 1_000
FRUITLESS_POLLS = 30


@dataclass(frozen=True, slots=True)
class Window:
    """A part of topics: by the records' instants (timezone-aware) or offsets; all if none is given.

    `until` and `last` are the first that are left out. The offsets are those of `partition`, or of
    each partition; `newest` leaves that number of each one's last offsets. `done` are the first
    offsets by topic and partition, such as a group has committed.
    """

    since: datetime | None = None
    until: datetime | None = None
    partition: int | None = None
    first: int | None = None
    last: int | None = None
    newest: int | None = None
    done: Mapping[tuple[str, int], int] = field(default_factory=dict)


ALL = Window()


async def records_on(
    settings: RuntimeSettings,
    topics: Iterable[str],
    window: Window = ALL,
) -> AsyncGenerator[Any, None]:
    """Every committed record in the window, up to the ends at this moment, each partition in order.

    One that cannot be decoded is an `UndecodableRecord`. Topics that do not exist are passed over.
    Raises `Outage`.
    """
    async with _reading(settings) as consumer:
        spans = await _spans(consumer, await _partitions(settings, topics), window)
        unread = {tp: span for tp, span in spans.items() if span}
        async for record in _within(consumer, unread):
            yield record


async def spans_of(settings: RuntimeSettings, topic: str, window: Window = ALL) -> dict[int, range]:
    """The offsets of each partition that lie in the window at this moment. Raises `Outage`."""
    async with _reading(settings) as consumer:
        found = await _spans(consumer, await _partitions(settings, [topic]), window)
    return {tp.partition: span for tp, span in sorted(found.items())}


async def records_in(
    settings: RuntimeSettings, topic: str, spans: Mapping[int, range]
) -> AsyncGenerator[Any, None]:
    """Every committed record at these offsets, by partition, each in order. Raises `Outage`."""
    unread = {TopicPartition(topic, it): span for it, span in spans.items() if span}
    if not unread:
        return
    async with _reading(settings) as consumer:
        async for record in _within(consumer, unread):
            yield record


async def followed(
    settings: RuntimeSettings, topics: Iterable[str], window: Window | None
) -> AsyncGenerator[Any | None, None]:
    """Yields records from the start of `window` (default: now), then new ones as they arrive.

    It never ends by itself. None says that nothing came for a second. Raises `Outage`.
    """
    async with _reading(settings) as consumer:
        spans = await _spans(consumer, await _partitions(settings, topics), window or ALL)
        following = {tp: span.stop if window is None else span.start for tp, span in spans.items()}
        _seek(consumer, following)
        while True:
            found = await consumer.records_at(following, POLL_MS)
            for partition, records in found.items():
                for record in records:
                    following[partition] = record.offset + 1
                    yield record
            if not found:
                yield None


@asynccontextmanager
async def _reading(settings: RuntimeSettings) -> AsyncIterator[EndingConsumer]:
    """A consumer without a group, of no topic yet. Raises `Outage`."""
    consumer = EndingConsumer(
        **consumer_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # where retention has taken the first, the others are left
    )
    with kafka_errors_as_outage():
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()


def _seek(consumer: EndingConsumer, offsets: Mapping[TopicPartition, int]) -> None:
    consumer.assign(list(offsets))
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)


async def _partitions(
    settings: RuntimeSettings, topics: Iterable[str]
) -> dict[str, list[TopicPartition]]:
    """Lists partitions by topic. A consumer knows only those of its subscribed topics."""
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
    consumer: AIOKafkaConsumer, topics: Mapping[str, Sequence[TopicPartition]], window: Window
) -> dict[TopicPartition, range]:
    """The offsets of each partition that lie in the window now; the range may be empty."""
    partitions = [
        tp
        for tp in chain.from_iterable(topics.values())
        if window.partition in (None, tp.partition)
    ]
    if not partitions:
        return {}
    begins: dict[TopicPartition, int] = await consumer.beginning_offsets(partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    since = await _offsets_at(consumer, window.since, ends)
    until = await _offsets_at(consumer, window.until, ends)
    return {
        tp: range(
            min(end, max(begins[tp], since.get(tp, 0), _first(window, tp, end))),
            min(end, until.get(tp, end), end if window.last is None else window.last),
        )
        for tp, end in ends.items()
    }


def _first(window: Window, tp: TopicPartition, end: int) -> int:
    newest = 0 if window.newest is None else end - window.newest
    return max(newest, window.first or 0, window.done.get((tp.topic, tp.partition), 0))


async def _offsets_at(
    consumer: AIOKafkaConsumer, at: datetime | None, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """The offset of each partition's first record of that instant or later, or its end.

    None of them where all records are meant: a broker cannot be asked of instants before 1970.
    """
    if at is None or at <= EPOCH:
        return {}
    milliseconds = int(at.timestamp() * 1000)
    found = await consumer.offsets_for_times(dict.fromkeys(ends, milliseconds))
    return {tp: found[tp].offset if found.get(tp) else end for tp, end in ends.items()}


async def _within(
    consumer: EndingConsumer, spans: Mapping[TopicPartition, range]
) -> AsyncIterator[Any]:
    if not spans:
        return
    following = {partition: span.start for partition, span in spans.items()}
    _seek(consumer, following)
    left, fruitless = set(spans), 0
    while left:
        found = await consumer.records_at({tp: following[tp] for tp in left}, POLL_MS)
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
    """Tells for each existing topic whether it still has its first records."""
    async with _reading(settings) as consumer:
        found: dict[str, bool] = {}
        for topic, partitions in (await _partitions(settings, topics)).items():
            begins = await consumer.beginning_offsets(partitions)
            found[topic] = not any(begins.values())
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
