"""Sends records one by one, each acknowledged by all replicas in sync before the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from shared.kafka.client_options import client_options
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.publisher import ACKNOWLEDGED_WITHIN_SECONDS, MAX_REQUEST_BYTES
from shared.kafka.records import RawHeaders, RecordPosition
from shared.outage import Outage
from shared.settings import RuntimeSettings


class RecordSender:
    """An idempotent producer that says where each record went."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: RawHeaders
    ) -> RecordPosition:
        """Acknowledged when this returns. Raises `Outage`, `ProducerDead`."""
        if key is None and value is None:
            value = b""  # the client refuses to send a record of nothing at all
        with kafka_errors_as_outage():
            try:
                async with asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                    sent = await self._producer.send_and_wait(
                        topic, key=key, value=value, headers=list(headers)
                    )
            except TimeoutError:
                raise Outage("kafka", "no acknowledgement in time") from None
        return RecordPosition(sent.topic, sent.partition, sent.offset)


@asynccontextmanager
async def record_sender(settings: RuntimeSettings) -> AsyncIterator[RecordSender]:
    """A sender, connected. Raises `Outage`."""
    producer = AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_REQUEST_BYTES,
    )
    try:
        with kafka_errors_as_outage():
            await producer.start()
        yield RecordSender(producer)
    finally:
        await producer.stop()
