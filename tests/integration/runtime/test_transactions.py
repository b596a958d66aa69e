"""Transactions of an upstream system: what was rolled back is not decided, markers are no lag."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from desk.local.stack import Endpoints
from shared.kafka.broker import broker_at
from shared.kafka.client_options import consumer_options
from shared.kafka.topic_records import Window, records_on
from shared.operations.checks.kafka import lag_check
from shared.operations.lag import lag_of
from shared.runtime.wiring import Runtime
from shared.settings import RuntimeSettings
from tests.builders import clients
from tests.infra import resolved
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

TOPIC = "desk.submissions"


@asynccontextmanager
async def transactional(endpoints: Endpoints) -> AsyncIterator[AIOKafkaProducer]:
    bootstrap = endpoints.kafka_bootstrap_servers
    async with clients.producer(bootstrap, transactional_id=f"tx-{uuid4().hex}") as producer:
        yield producer


async def submit(producer: AIOKafkaProducer, name: str, ids: list[str], *, commit: bool) -> None:
    """All of one transaction, to one partition."""
    await producer.begin_transaction()
    for ce_id in ids:
        await producer.send_and_wait(
            TOPIC,
            key=f"C-{name}".encode(),
            value=f'{{"customer_id": "C-{name}", "text": "hello"}}'.encode(),
            headers=event_headers("submission.inquiry.v1", ce_id),
            partition=0,
        )
    await (producer.commit_transaction() if commit else producer.abort_transaction())


def measured_lag(runtime: Runtime) -> float | None:
    labels = {"topic": TOPIC, "partition": "0"}
    return runtime.health.metrics.registry.get_sample_value("desk_lag_records", labels)


async def told_lag(settings: RuntimeSettings) -> str:
    async with broker_at(settings) as broker:
        present = await broker.topics()
        lag = await lag_of("inquiry_intake", broker, settings, present)
        return lag_check(lag).found


async def who_takes_over_begins(settings: RuntimeSettings) -> None:
    """Markers and what was rolled back lie behind all that a group can commit. Raises
    TimeoutError.
    """
    async with asyncio.timeout(60), broker_at(settings) as broker:
        await broker.caught_up(settings.group_of("inquiry_intake"), [TOPIC])


async def test_a_rolled_back_submission_is_not_decided_and_markers_are_no_lag(
    endpoints: Endpoints, request: pytest.FixtureRequest
) -> None:
    name = f"tx{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name)
    async with (
        outsider(endpoints) as client,
        transactional(endpoints) as producer,
        transactional(endpoints) as another,
    ):
        # The embedded broker names a producer's old rollbacks at every fetch: the Kafka client
        # then takes what that producer commits later for rolled back, too.
        embedded = resolved(request.config.getoption("--infra")) == "embedded"
        aborting = another if embedded else producer
        async with running(toy.build(), settings) as runtime:
            answers = await client.watch("desk.rejections")
            await submit(producer, name, [f"{name}-1", f"{name}-2"], commit=True)
            decided = list(await collect(answers, 2, name))
            await submit(aborting, name, [f"{name}-3"], commit=False)
            await asyncio.sleep(1)  # the rollback is read before what follows it
            await submit(producer, name, [f"{name}-4"], commit=True)
            decided += await collect(answers, 1, name)
            async with asyncio.timeout(90):
                while (
                    await told_lag(settings) != f"group {name}.inquiry_intake has read everything"
                ):
                    await asyncio.sleep(0.2)
            lag = measured_lag(runtime)
        place = TopicPartition(TOPIC, 0)
        committed = (await client.committed(f"{name}.inquiry_intake"))[place]
        await submit(aborting, name, [f"{name}-5"], commit=False)
        after_an_abort = await told_lag(settings)
        await who_takes_over_begins(settings)
        await submit(producer, name, [f"{name}-6"], commit=True)
        after_a_commit = await told_lag(settings)
        async with AIOKafkaConsumer(**consumer_options(settings), group_id=None) as consumer:
            end = (await consumer.end_offsets([place]))[place]
        read = [
            record.headers
            async for record in records_on(settings, [TOPIC], Window(newest=end - committed))
        ]

    assert [headers_of(r)["ce_causationid"] for r in decided] == [
        f"{name}-{number}" for number in (1, 2, 4)
    ]
    assert lag == 0
    assert after_an_abort == f"group {name}.inquiry_intake has read everything"
    assert after_a_commit.startswith(f"group {name}.inquiry_intake is 2 records behind")
    assert end - committed == 4
    assert [dict(headers)["ce_id"].decode() for headers in read if name in str(headers)] == [
        f"{name}-6"
    ]
