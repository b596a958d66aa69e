"""Asks a broker about its topics and their readers, over one connection."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.kafka.records import Record, RecordPosition, stamped
from shared.settings import RuntimeSettings

READ_WITHIN_S = 5.0
POLL_MS = 200
LOOK_EVERY_S = 0.1
FETCH_BYTES = 64 * 1024
"""Small, since only the first record of a backlog is read."""


@dataclass(frozen=True, slots=True)
class GroupBacklog:
    """How many records of a topic a group has yet to read, and the timestamp of the first.

    `oldest` is None where it could not be read in time.
    """

    records: int
    oldest: datetime | None = None


class Broker:
    """Answers questions; every one raises KafkaError."""

    def __init__(
        self,
        settings: RuntimeSettings,
        admin: AIOKafkaAdminClient,
        until_closed: AsyncExitStack,
        timeout: Mapping[str, int],
    ) -> None:
        self.admin = admin
        self._settings = settings
        self._until_closed = until_closed
        self._timeout = timeout
        self._consumer: AIOKafkaConsumer | None = None

    async def topics(self) -> set[str]:
        """The names of all topics that this user may see."""
        return set(await self.admin.list_topics())

    async def replicas(self, topics: Iterable[str]) -> dict[str, list[int]]:
        """How many replicas each partition of each topic has."""
        described = await self.admin.describe_topics(list(topics))
        return {
            topic["topic"]: [len(partition["replicas"]) for partition in topic["partitions"]]
            for topic in described
        }

    async def passes(self, group: str, position: RecordPosition, *, within_s: float) -> bool:
        """Whether the group commits an offset beyond `position` within the time, in seconds."""
        partition = TopicPartition(position.topic, position.partition)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    offsets = await self.admin.list_consumer_group_offsets(group)
                    if partition in offsets and offsets[partition].offset > position.offset:
                        return True
                    await asyncio.sleep(LOOK_EVERY_S)
        return False

    async def unread(self, group: str, topics: Iterable[str]) -> Counter[str]:
        """How many records of each topic lie beyond what the group has committed.

        A topic that was read to its end may be missing.
        """
        found = await self.backlogs(group, topics)
        return Counter({topic: backlog.records for topic, backlog in found.items()})

    async def backlogs(
        self, group: str, topics: Iterable[str], *, within_s: float = READ_WITHIN_S
    ) -> dict[str, GroupBacklog]:
        """The same, with the oldest of them; a topic that was read to its end may be missing."""
        consumer = await self._reader()
        partitions = await self._partitions(topics)
        ends = await consumer.end_offsets(partitions)
        done = await self._done(group, partitions)
        first = await _first_readable(consumer, done, ends, within_s)
        found: dict[str, GroupBacklog] = {}
        for partition, (offset, at) in first.items():
            before = found.get(partition.topic, GroupBacklog(0))
            instants = [it for it in (before.oldest, at) if it is not None]
            records = before.records + ends[partition] - offset
            found[partition.topic] = GroupBacklog(records, min(instants, default=None))
        return found

    async def caught_up(self, group: str, topics: Iterable[str]) -> None:
        """Returns once the group has committed every record that the topics hold at this moment."""
        consumer = await self._reader()
        partitions = await self._partitions(topics)
        ends = await consumer.end_offsets(partitions)
        done = await self._done(group, partitions)
        while await _first_readable(consumer, done, ends, READ_WITHIN_S):
            await asyncio.sleep(LOOK_EVERY_S)
            done = await self._done(group, partitions)

    async def written(self, topics: Iterable[str], since: datetime) -> dict[str, tuple[int, int]]:
        """How many records each topic has, and how many of them since then.

        Markers and rolled-back records of transactions count.
        """
        consumer = await self._reader()
        partitions = await self._partitions(topics)
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        milliseconds = int(since.timestamp() * 1000)
        first = await consumer.offsets_for_times(dict.fromkeys(partitions, milliseconds))
        found: dict[str, tuple[int, int]] = {}
        for tp in partitions:
            whole, new = found.get(tp.topic, (0, 0))
            offset = first[tp].offset if first.get(tp) else ends[tp]
            found[tp.topic] = (whole + ends[tp] - begins[tp], new + ends[tp] - offset)
        return found

    async def _done(
        self, group: str, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """The offset of each partition up to which the group has committed all that is there."""
        committed = await self.admin.list_consumer_group_offsets(group)
        begins = await (await self._reader()).beginning_offsets(partitions)
        return {
            tp: max(committed[tp].offset if tp in committed else 0, begins[tp]) for tp in partitions
        }

    async def _partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number)
            for topic, replicas in (await self.replicas(topics)).items()
            for number in range(len(replicas))
        ]

    async def _reader(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = EndingConsumer(
                **consumer_options(self._settings),
                **self._timeout,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",  # the end would look as if all had been read
                max_partition_fetch_bytes=FETCH_BYTES,
            )
            self._until_closed.push_async_callback(consumer.stop)
            await consumer.start()
            self._consumer = consumer
        return self._consumer


@asynccontextmanager
async def broker_at(
    settings: RuntimeSettings, *, timeout_ms: int | None = None
) -> AsyncIterator[Broker]:
    """The broker of the settings. Raises KafkaError or OSError where it does not answer."""
    timeout = {} if timeout_ms is None else {"request_timeout_ms": timeout_ms}
    admin = AIOKafkaAdminClient(**client_options(settings), **timeout)
    async with AsyncExitStack() as until_closed:
        until_closed.push_async_callback(admin.close)
        await admin.start()
        yield Broker(settings, admin, until_closed, timeout)


async def _first_readable(
    consumer: AIOKafkaConsumer,
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    within_s: float,
) -> dict[TopicPartition, tuple[int, datetime | None]]:
    """The first record between `begins` and `ends`, by offset and timestamp, where there is one.

    Markers and rolled-back records of transactions take offsets too, but no consumer is given
    them. A partition that may not be read, or does not answer in time, counts from where it begins;
    so do all of them where one cannot be decoded.
    """
    unknown = {tp: offset for tp, offset in begins.items() if offset < ends[tp]}
    if not unknown:
        return {}
    consumer.assign(list(unknown))
    for partition, offset in unknown.items():
        consumer.seek(partition, offset)
    found: dict[TopicPartition, tuple[int, datetime | None]] = {}
    with suppress(TimeoutError, TopicAuthorizationFailedError, UnicodeDecodeError):
        async with asyncio.timeout(within_s):
            while unknown:
                records = await consumer.getmany(*unknown, timeout_ms=POLL_MS, max_records=1)
                found |= {tp: _placed(some[0]) for tp, some in records.items()}
                for partition in list(unknown):
                    if partition in found or await consumer.position(partition) >= ends[partition]:
                        del unknown[partition]
                        consumer.pause(partition)
    unread = {tp: (offset, None) for tp, offset in unknown.items()}
    return unread | {tp: place for tp, place in found.items() if place[0] < ends[tp]}


def _placed(record: Record) -> tuple[int, datetime | None]:
    return record.offset, stamped(record)
