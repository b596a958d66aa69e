"""A topic gets more partitions: they are read, whoever of the group was restarted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka.admin import NewPartitions, NewTopic

from desk.local.stack import Endpoints
from shared.kafka import consumer as kafka_consumer
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import TolerantConsumer
from tests.builders import clients

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEW, MANY = 2, 4
WITHIN_SECONDS = 60.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_consumer, "METADATA_MS", 500)


@asynccontextmanager
async def members(
    endpoints: Endpoints, topic: str, *names: str
) -> AsyncIterator[Sequence[TolerantConsumer]]:
    """All have polled once. Started again, they come back as the same to the group."""
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            one = TolerantConsumer(
                topic,
                **consumer_options(clients.settings_at(endpoints.kafka_bootstrap_servers)),
                group_id=f"group-of-{topic}",
                group_instance_id=name,
                auto_offset_reset="earliest",
            )
            stack.push_async_callback(one.stop)
            await one.start()
            found.append(one)
        await poll(found)
        yield found


async def poll(found: Sequence[TolerantConsumer]) -> None:
    await asyncio.gather(*(one.getmany(timeout_ms=100) for one in found))


async def new_topic(endpoints: Endpoints) -> str:
    topic = f"growing-{uuid4().hex[:8]}"
    async with clients.admin(endpoints.kafka_bootstrap_servers) as admin:
        await admin.create_topics([NewTopic(topic, num_partitions=FEW, replication_factor=1)])
    return topic


async def grow(endpoints: Endpoints, topic: str) -> None:
    async with clients.admin(endpoints.kafka_bootstrap_servers) as admin:
        await admin.create_partitions({topic: NewPartitions(total_count=MANY)})


async def until_all_are_assigned(found: Sequence[TolerantConsumer]) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while sum(len(one.assignment()) for one in found) < MANY:
            await poll(found)


@pytest.mark.parametrize(
    "names",
    [("one",), ("one", "two"), ("z", "a", "b")],
    ids=["alone", "all of two", "a leader without a partition among them"],
)
async def test_members_that_were_restarted_see_that_a_topic_has_grown(
    endpoints: Endpoints, names: tuple[str, ...]
) -> None:
    topic = await new_topic(endpoints)
    async with members(endpoints, topic, *names):
        pass
    async with members(endpoints, topic, *names) as again:
        await grow(endpoints, topic)
        await until_all_are_assigned(again)


async def test_a_topic_that_grows_while_its_only_reader_is_away_is_read_afterwards(
    endpoints: Endpoints,
) -> None:
    topic = await new_topic(endpoints)
    async with members(endpoints, topic, "one"):
        pass
    await grow(endpoints, topic)
    async with members(endpoints, topic, "one") as again:
        await until_all_are_assigned(again)
