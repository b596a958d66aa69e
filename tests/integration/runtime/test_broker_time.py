"""The broker's time: what no sender and no wrong clock can bend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.events.topics import CATALOGUE, Topic
from shared.kafka.topic_creation import create_missing_topics
from shared.runtime.codec import broker_time
from tests.builders import clients
from tests.integration.runtime.wire import outsider, settings_for

LONG_AGO_MS = 86_400_000
STAMPED = [topic for topic in CATALOGUE if topic.name in ("desk.submissions", "desk.timers")]


@pytest.mark.parametrize("topic", STAMPED, ids=lambda topic: topic.name)
async def test_the_broker_stamps_a_record_whatever_time_its_sender_gives(
    endpoints: Endpoints, topic: Topic
) -> None:
    own = replace(topic, name=f"{topic.name}.{uuid4().hex}", partitions=1)
    await create_missing_topics(settings_for(endpoints, "setup"), [own])
    consumer = clients.consumer(
        endpoints.kafka_bootstrap_servers, own.name, auto_offset_reset="earliest"
    )
    async with outsider(endpoints) as client:
        await client.producer.send_and_wait(own.name, b"{}", timestamp_ms=LONG_AGO_MS)
        await consumer.start()
        try:
            record = await consumer.getone()
        finally:
            await consumer.stop()

    stamped = broker_time(record)
    assert stamped is not None
    assert abs(stamped - datetime.now(UTC)) < timedelta(hours=1)
