"""A topic gets more partitions: they are read, whoever of the group was restarted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka.admin import NewPartitions, NewTopic

from desk.local.stack import Endpoints
from shared.kafka import consumer as kafka_consumer
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import TolerantConsumer
from tests.builders import clients
from tests.faults.groups import admin_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEW, MANY = 2, 4
WITHIN_SECONDS = 60.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_consumer, "METADATA_MS", 500)


@asynccontextmanager
async def member(endpoints: Endpoints, topic: str, name: str) -> AsyncIterator[TolerantConsumer]:
    """One that comes back as the same when it is started again."""
    found = TolerantConsumer(
        topic,
        **consumer_options(clients.settings_at(endpoints.kafka_bootstrap_servers)),
        group_id=f"group-of-{topic}",
        group_instance_id=name,
        auto_offset_reset="earliest",
    )
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


async def new_topic(endpoints: Endpoints) -> str:
    topic = f"growing-{uuid4().hex[:8]}"
    async with admin_of(endpoints.kafka_bootstrap_servers) as admin:
        await admin.create_topics([NewTopic(topic, num_partitions=FEW, replication_factor=1)])
    return topic


async def grow(endpoints: Endpoints, topic: str) -> None:
    async with admin_of(endpoints.kafka_bootstrap_servers) as admin:
        await admin.create_partitions({topic: NewPartitions(total_count=MANY)})


async def until_all_are_read(*members: TolerantConsumer) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while sum(len(it.assignment()) for it in members) < MANY:
            await asyncio.gather(*(it.getmany(timeout_ms=100) for it in members))


async def test_a_restarted_member_that_is_alone_sees_that_a_topic_has_grown(
    endpoints: Endpoints,
) -> None:
    topic = await new_topic(endpoints)
    async with member(endpoints, topic, "one") as before:
        await before.getmany(timeout_ms=100)
    async with member(endpoints, topic, "one") as again:
        await again.getmany(timeout_ms=100)
        await grow(endpoints, topic)
        await until_all_are_read(again)


async def test_a_topic_that_grows_while_its_only_reader_is_away_is_read_afterwards(
    endpoints: Endpoints,
) -> None:
    topic = await new_topic(endpoints)
    async with member(endpoints, topic, "one") as before:
        await before.getmany(timeout_ms=100)
    await grow(endpoints, topic)
    async with member(endpoints, topic, "one") as again:
        await until_all_are_read(again)


async def test_members_that_were_all_restarted_see_that_a_topic_has_grown(
    endpoints: Endpoints,
) -> None:
    topic = await new_topic(endpoints)
    async with member(endpoints, topic, "one") as one, member(endpoints, topic, "two") as two:
        await asyncio.gather(one.getmany(timeout_ms=100), two.getmany(timeout_ms=100))
    async with member(endpoints, topic, "one") as one, member(endpoints, topic, "two") as two:
        await asyncio.gather(one.getmany(timeout_ms=100), two.getmany(timeout_ms=100))
        await grow(endpoints, topic)
        await until_all_are_read(one, two)
