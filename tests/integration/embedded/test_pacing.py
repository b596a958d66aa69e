"""Idle consumers of the embedded broker rest between empty fetches, and wake up for data."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.consumer.fetcher import Fetcher

from desk.local import pacing, service
from desk.local.stack import embedded_stack

FETCHES_PER_IDLE_SECOND = 60  # a pause of 20 ms after each


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The nodes fetched from, under paced fetching; the consumer is as before afterwards."""
    counted: list[int] = []
    original = Fetcher._proc_fetch_request

    async def counting(self: Any, assignment: Any, node_id: int, request: Any) -> bool:
        counted.append(node_id)
        result: bool = await original(self, assignment, node_id, request)
        return result

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", counting)
    pacing.install()
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
async def consumer(fetches: list[int], broker: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        "desk.submissions", bootstrap_servers=broker, group_id="intake", enable_auto_commit=False
    )
    await consumer.start()
    yield consumer
    await consumer.stop()  # while a pause runs: it must not end in a cancellation


async def test_an_idle_group_consumer_rests_and_still_answers_at_once(
    fetches: list[int], consumer: AIOKafkaConsumer, broker: str
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


async def test_data_ends_the_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True, False])
    pauses: list[float] = []

    async def answer(self: Any, assignment: Any, node_id: int, request: Any) -> bool:
        return next(answers)

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", answer)
    pacing.install()
    pacing.install()  # the second time changes nothing
    monkeypatch.setattr(asyncio, "sleep", note)
    fetcher = Fetcher.__new__(Fetcher)
    brought = [await fetcher._proc_fetch_request(None, 1, None) for _ in range(4)]
    assert brought == [False, False, True, False]
    assert pauses == [0.0005, 0.001, 0.0005]


async def test_pauses_grow_to_20_ms_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def nothing(self: Any, assignment: Any, node_id: int, request: Any) -> bool:
        return False

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", nothing)
    pacing.install()
    monkeypatch.setattr(asyncio, "sleep", note)
    fetcher = Fetcher.__new__(Fetcher)
    for _ in range(8):
        await fetcher._proc_fetch_request(None, 1, None)
    assert max(pauses) == pauses[-1] == 0.02


def test_a_service_is_run_with_pacing(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[bool] = []
    entry = ModuleType("services.cancellation.__main__")
    entry.main = lambda: ran.append(hasattr(Fetcher._proc_fetch_request, "paces"))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, entry.__name__, entry)
    monkeypatch.setattr(Fetcher, "_proc_fetch_request", Fetcher._proc_fetch_request)
    service.main(["cancellation"])
    assert ran == [True]
