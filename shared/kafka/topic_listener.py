"""Reads what is published on some topics from the moment it starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer
from shared.kafka.errors import kafka_errors_as_outage
from shared.settings import RuntimeSettings

POLL_MS = 200


class TopicListener:
    """Hears every record, those of one partition in their order."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def next(self) -> list[Any]:
        """The next records; an empty list after 0.2 s without any. Raises `Outage`."""
        with kafka_errors_as_outage():
            batches = await self._consumer.getmany(timeout_ms=POLL_MS)
        return [record for batch in batches.values() for record in batch]


@asynccontextmanager
async def topic_listener(
    settings: RuntimeSettings, topics: Iterable[str]
) -> AsyncIterator[TopicListener]:
    """A listener that misses nothing published after this was entered. Raises `Outage`."""
    consumer = EndingConsumer(
        *topics,
        **consumer_options(settings),
        auto_offset_reset="latest",
        enable_auto_commit=False,
    )
    try:
        with kafka_errors_as_outage():
            await consumer.start()
            # Only a position that is known is a promise to miss nothing from here on.
            await asyncio.gather(*map(consumer.position, consumer.assignment()))
        yield TopicListener(consumer)
    finally:
        await consumer.stop()
