"""Probes a user's rights on the broker by trying every operation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupIdNotFound,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownMemberIdError,
)
from aiokafka.protocol.admin import DeleteGroupsRequest, DeleteRecordsRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.kafka.client_options import client_options
from shared.settings import RuntimeSettings

ALL_REPLICAS = -1
WITHIN_MS = 10_000
BYTES = 1_024


class Probe:
    """One user's connection. Each question is about many resources, each answered for itself."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def _ask(self, request: Any) -> Any:
        return await self._client.send(self._client.get_random_node(), request)

    async def writable(self, topics: Collection[str]) -> set[str]:
        """Those that took a record. It is no event: each reader makes it a dead letter."""
        batch = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, BYTES)
        batch.append(0, timestamp=None, key=b"probe", value=b"probe", headers=[])
        records = bytes(batch.build())
        answer = await self._ask(
            ProduceRequest(None, ALL_REPLICAS, WITHIN_MS, [(t, [(0, records)]) for t in topics])
        )
        return _allowed({t: parts[0][1] for t, parts in answer.topics})

    async def readable(self, topics: Collection[str]) -> set[str]:
        """Those that were sent, from their beginning."""
        answer = await self._ask(
            FetchRequest(0, 0, 50 * BYTES, 1, [(t, [(0, 0, BYTES)]) for t in topics])
        )
        return _allowed({t: parts[0][1] for t, parts in answer.topics})

    async def may_join(self, group: str) -> bool:
        """Whether a heartbeat of a member that the group does not have is looked at."""
        code = (await self._ask(HeartbeatRequest(group, 0, "nobody"))).error_code
        assert code in (GroupAuthorizationFailedError.errno, UnknownMemberIdError.errno)
        return bool(code == UnknownMemberIdError.errno)

    async def may_empty(self, topics: Collection[str]) -> set[str]:
        """Those whose records it may delete; none lies before their beginning."""
        wanted = [(topic, [(0, 0)]) for topic in topics]
        answer = await self._ask(DeleteRecordsRequest(wanted, WITHIN_MS))
        return _allowed({topic: parts[0][2] for topic, parts, *_ in answer.topics})

    async def may_delete(self, group: str) -> bool:
        """Whether a group that is not there would have been deleted, and its offsets with it."""
        [(_, code)] = (await self._ask(DeleteGroupsRequest([group]))).results
        assert code in (GroupAuthorizationFailedError.errno, GroupIdNotFound.errno)
        return bool(code == GroupIdNotFound.errno)


class TopicProbe:
    """The same about changing topics instead of using them."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def creatable(self, topics: Collection[str]) -> set[str]:
        """Those that are there already would have been created; none is."""
        wanted = [NewTopic(name, num_partitions=1, replication_factor=1) for name in topics]
        answer = await self._admin.create_topics(wanted, validate_only=True)
        codes = {name: code for name, code, _ in answer.topic_errors}
        there = TopicAlreadyExistsError.errno
        return _allowed({name: 0 if code == there else code for name, code in codes.items()})

    async def alterable(self, topics: Collection[str]) -> set[str]:
        """Those that took another retention."""
        values = {"retention.ms": "86400000"}
        [answer] = await self._admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, values) for name in topics]
        )
        return _allowed({name: code for code, _, _, name in answer.resources})

    async def may_grow(self, topic: str) -> bool:
        try:
            await self._admin.create_partitions({topic: NewPartitions(24)}, validate_only=True)
        except TopicAuthorizationFailedError:
            return False
        return True

    async def deletable(self, topics: Collection[str]) -> set[str]:
        """Those that it deleted."""
        answer = await self._admin.delete_topics(list(topics))
        return _allowed(dict(answer.topic_error_codes))


def _allowed(codes: dict[str, int]) -> set[str]:
    assert set(codes.values()) <= {NoError.errno, TopicAuthorizationFailedError.errno}, codes
    return {name for name, code in codes.items() if code == NoError.errno}


@asynccontextmanager
async def probing_topics(settings: RuntimeSettings) -> AsyncIterator[TopicProbe]:
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        yield TopicProbe(admin)
    finally:
        await admin.close()


@asynccontextmanager
async def probing(settings: RuntimeSettings) -> AsyncIterator[Probe]:
    client = AIOKafkaClient(**client_options(settings))
    await client.bootstrap()
    try:
        yield Probe(client)
    finally:
        await client.close()
