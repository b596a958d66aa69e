"""Idle consumers of the embedded broker rest between empty fetches, and wake up for data."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer.fetcher import Fetcher

from desk.local.broker import plain
from desk.local.stack import embedded_stack
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer

FETCHES_PER_IDLE_SECOND = 60  # a pause of 20 ms after each


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The nodes that were fetched from."""
    counted: list[int] = []
    original = Fetcher._proc_fetch_request

    async def counting(self: Any, assignment: Any, node_id: int, request: Any) -> bool:
        counted.append(node_id)
        result: bool = await original(self, assignment, node_id, request)
        return result

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", counting)
    return counted


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[str]:
    async with embedded_stack(tmp_path, mongo="given", smtp="given") as stack:
        servers = stack.endpoints.kafka_bootstrap_servers
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        await admin.create_topics([NewTopic("desk.submissions", 6, 1)])
        await admin.close()
        yield servers


@pytest.fixture
async def consumer(fetches: list[int], broker: str) -> AsyncIterator[EndingConsumer]:
    options = consumer_options(plain(broker))
    consumer = EndingConsumer(
        "desk.submissions", **options, group_id="intake", enable_auto_commit=False
    )
    await consumer.start()
    yield consumer
    await consumer.stop()  # while a pause runs: it must not end in a cancellation


async def test_an_idle_group_consumer_rests_and_still_answers_at_once(
    fetches: list[int], consumer: EndingConsumer, broker: str
) -> None:
    await consumer.getmany(timeout_ms=500)
    fetches.clear()
    await consumer.getmany(timeout_ms=1000)
    assert 0 < len(fetches) <= FETCHES_PER_IDLE_SECOND

    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        await producer.send_and_wait("desk.submissions", b"{}")
        sent = time.monotonic()
        received = await consumer.getone()
    assert received.value == b"{}"
    assert time.monotonic() - sent < 0.25
