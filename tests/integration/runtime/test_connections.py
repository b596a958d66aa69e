"""A connection that is closed under a Kafka client's feet ends none of its background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvloop

from desk.local.stack import Endpoints
from shared.kafka.broker import broker_at
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import TolerantConsumer
from shared.kafka.publisher import KafkaPublisher
from tests.integration.runtime.wire import settings_for

TOLD_AFTER_SECONDS = 1.0


@asynccontextmanager
async def consumers_client(endpoints: Endpoints) -> AsyncIterator[Any]:
    consumer = TolerantConsumer(**consumer_options(settings_for(endpoints, "connections")))
    await consumer.start()
    try:
        yield consumer._client
    finally:
        await consumer.stop()


@asynccontextmanager
async def producers_client(endpoints: Endpoints) -> AsyncIterator[Any]:
    publisher = KafkaPublisher(settings_for(endpoints, "connections"))
    await publisher.start()
    try:
        yield publisher._producer.client
    finally:
        await publisher.stop()


@asynccontextmanager
async def admins_client(endpoints: Endpoints) -> AsyncIterator[Any]:
    async with broker_at(settings_for(endpoints, "connections")) as broker:
        yield broker.admin._client


async def close_unnoticed(connection: Any) -> None:
    """The transport is closed; the task that reads from it is told only after the next write.

    In plaintext that write fails; with TLS it vanishes, and what waits for its answer fails then.
    """
    connection._read_task.cancel()
    connection._reader = reader = asyncio.StreamReader()
    connection._writer.transport.abort()
    await asyncio.sleep(0.1)
    assert connection.connected()
    connection._read_task = connection._create_reader_task()
    asyncio.get_running_loop().call_later(TOLD_AFTER_SECONDS, reader.feed_eof)


@pytest.mark.parametrize("client_of", [consumers_client, producers_client, admins_client])
async def test_a_client_outlives_a_connection_that_is_closed_before_it_writes(
    endpoints: Endpoints, client_of: Callable[[Endpoints], AbstractAsyncContextManager[Any]]
) -> None:
    """On the loop that the services run on, which raises where asyncio's own says nothing."""

    async def close_and_ask() -> None:
        async with client_of(endpoints) as client:
            for broker in client.cluster.brokers():
                assert await client.ready(broker.nodeId)
            for connection in client._conns.values():
                await close_unnoticed(connection)
            async with asyncio.timeout(35):
                while not await client.force_metadata_update():
                    await asyncio.sleep(0.1)

    await asyncio.to_thread(uvloop.run, close_and_ask())
