"""A right to read that was taken away shows, and the other topics are read on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from shared.kafka import consumer
from shared.kafka.consumer import TolerantConsumer
from shared.runtime.health.status import Health
from shared.runtime.refusals import REMEMBERED_SECONDS, RIGHTS, Refusals
from shared.runtime.stage.batch import utc_now
from shared.telemetry.metrics import Metrics


async def test_a_refused_topic_is_told_and_the_others_are_read_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = {TopicPartition("desk.contracts", 0): ["a record"]}
    answers: list[Any] = [TopicAuthorizationFailedError("desk.submissions"), there]

    async def getmany(_self: AIOKafkaConsumer, *_: Any, **__: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", getmany)
    monkeypatch.setattr(consumer, "REFUSED_SECONDS", 0)
    refused: list[str] = []
    reader = TolerantConsumer(refused=refused.append)
    assert [await reader.getmany(), await reader.getmany()] == [{}, there]
    assert refused == ["desk.submissions"]
    await asyncio.wait_for(reader.stop(), 30)


def test_health_names_it_until_it_was_not_refused_for_a_while() -> None:
    time = 100.0
    refusals, health = Refusals(lambda: time), Health("inquiry_intake", Metrics(), utc_now)
    health.begun()
    refusals.tell(health)
    assert health.status == "ok"
    refusals.note("desk.submissions")
    refusals.tell(health)
    assert (health.status, health.reasons[RIGHTS]) == (
        "degraded",
        "this Kafka user may not read desk.submissions",
    )
    time += REMEMBERED_SECONDS
    refusals.tell(health)
    assert (health.status, health.reasons) == ("ok", {})
