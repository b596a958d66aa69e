"""A question about the offsets of many topics takes no longer than one about few."""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition

from desk.local.stack import Endpoints
from shared.events.topics import TOPICS
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.kafka.topic_creation import create_missing_topics
from tests.integration.runtime.wire import settings_for


async def test_where_the_partitions_of_all_topics_are_is_asked_at_once(
    endpoints: Endpoints,
) -> None:
    """On Apache Kafka. The embedded broker tells of all topics at the first connection."""
    asked, settings = 0, settings_for(endpoints, "offsets")
    await create_missing_topics(settings)  # a broker that is asked of one may make it too small
    partitions = [TopicPartition(topic, 0) for topic in sorted(TOPICS)]
    consumer = EndingConsumer(**consumer_options(settings), group_id=None)
    await consumer.start()
    metadata_update = consumer._client._metadata_update

    async def counted(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        return await metadata_update(*given)

    consumer._client._metadata_update = counted
    try:
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, 0))
    finally:
        await consumer.stop()
    assert begins.keys() == ends.keys() == found.keys() == {*partitions}
    assert asked <= 2
