"""A consumer that is closed comes to an end, whatever its client waits for."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from shared.kafka import consumer
from shared.kafka.consumer import EndingConsumer, TolerantConsumer


async def for_ever(_consumer: AIOKafkaConsumer) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("kind", [EndingConsumer, TolerantConsumer])
async def test_a_consumer_stops_although_its_client_waits_for_ever(
    kind: type[EndingConsumer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaConsumer, "stop", for_ever)
    monkeypatch.setattr(consumer, "STOPPED_WITHIN_SECONDS", 0.01)
    _, still_stopping = await asyncio.wait([asyncio.create_task(kind().stop())], timeout=30)
    assert still_stopping == set()
