"""Publishing: everything of a batch is handed over, then one wait for every acknowledgement."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer

from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.faults import Outage, ProducerDead, kafka_at_work
from shared.settings import RuntimeSettings

MAX_REQUEST_BYTES = 2 * 1024 * 1024
ACKNOWLEDGED_WITHIN_SECONDS = 20.0
STOPPED_WITHIN_SECONDS = 5.0


class Publisher(Protocol):
    """Where events and dead letters go."""

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        """Return once all are acknowledged, in order per key. Raises `Outage`, `ProducerDead`."""


def kafka_options(settings: RuntimeSettings) -> dict[str, Any]:
    """How every Kafka client of the desk connects, from the settings."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


class KafkaPublisher:
    """An idempotent producer that waits for all replicas in sync."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._producer = AIOKafkaProducer(
            **kafka_options(settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=256 * 1024,
            max_request_size=MAX_REQUEST_BYTES,
        )

    async def start(self) -> None:
        with kafka_at_work():
            await self._producer.start()

    async def stop(self) -> None:
        """Close; what is not acknowledged by then is published again by whoever comes next."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOPPED_WITHIN_SECONDS):
                await self._producer.stop()

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        if not outgoing:
            return
        try:
            await self._acknowledged(outgoing)
        except Outage as outage:
            if self._no_longer_sends:
                raise ProducerDead("its sending task has ended") from outage
            raise

    @property
    def _no_longer_sends(self) -> bool:
        """After an error that the client does not expect, its sending task ends for good."""
        task: asyncio.Task[None] | None = self._producer._sender.sender_task
        return task is not None and task.done()

    async def _acknowledged(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        with kafka_at_work():
            try:
                async with asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                    sent = [await self._send(one) for one in outgoing]
                    await asyncio.gather(*sent)
            except TimeoutError:
                raise Outage("kafka", "no acknowledgement in time") from None

    async def _send(self, one: Envelope | DeadLetter) -> asyncio.Future[Any]:
        if isinstance(one, DeadLetter):
            key, value = one.record.key, one.record.value
            if key is None and value is None:
                value = b""  # the client refuses to send a record of nothing at all
        else:
            key, value = one.key.encode(), one.value
        sent: asyncio.Future[Any] = await self._producer.send(
            one.topic, key=key, value=value, headers=one.headers
        )
        return sent
