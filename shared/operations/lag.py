"""How many records a service has yet to read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from shared.events.topics import topics_read_by
from shared.settings import RuntimeSettings

READ_WITHIN_S = 5.0
POLL_MS = 200


@dataclass(frozen=True, slots=True)
class Lag:
    """The records between a service's committed offsets and the ends of its topics."""

    service: str
    group: str
    behind: Counter[str]
    """By topic; a topic that was read to its end may be missing."""

    @property
    def records(self) -> int:
        return self.behind.total()


async def lag_of(
    service: str,
    admin: AIOKafkaAdminClient,
    consumer: AIOKafkaConsumer,
    settings: RuntimeSettings,
    present: Collection[str],
) -> Lag:
    """The service's lag on those of its topics that are `present` on the broker.

    `consumer` has no group and is given other partitions. Raises KafkaError.
    """
    group = settings.group_of(service)
    partitions = await _partitions(
        admin, [topic for topic in topics_read_by(service) if topic in present]
    )
    committed = await admin.list_consumer_group_offsets(group)
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    done = {
        one: max(committed[one].offset if one in committed else 0, begins[one])
        for one in partitions
    }
    behind: Counter[str] = Counter()
    for partition, offset in (await first_readable(consumer, done, ends)).items():
        behind[partition.topic] += ends[partition] - offset
    return Lag(service, group, behind)


async def first_readable(
    consumer: AIOKafkaConsumer,
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> dict[TopicPartition, int]:
    """The offset of the first record between `begins` and `ends`, for each partition with one.

    Markers and rolled-back records of transactions take offsets too, but nobody is given them. A
    partition that may not be read, or does not answer in time, counts from where it begins.
    """
    unknown = {one: offset for one, offset in begins.items() if offset < ends[one]}
    if not unknown:
        return {}
    consumer.assign(list(unknown))
    for partition, offset in unknown.items():
        consumer.seek(partition, offset)
    found: dict[TopicPartition, int] = {}
    with suppress(TimeoutError, TopicAuthorizationFailedError):
        async with asyncio.timeout(READ_WITHIN_S):
            while unknown:
                records = await consumer.getmany(*unknown, timeout_ms=POLL_MS, max_records=1)
                found |= {one: some[0].offset for one, some in records.items()}
                for partition in list(unknown):
                    if partition in found or await consumer.position(partition) >= ends[partition]:
                        del unknown[partition]
                        consumer.pause(partition)
    return unknown | {one: offset for one, offset in found.items() if offset < ends[one]}


async def _partitions(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    described = await admin.describe_topics(list(topics))
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]
