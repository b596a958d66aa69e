"""Publishing: everything of a batch is handed over, then one wait for every acknowledgement.

Events go out in one batch per partition: handing records over one by one costs four times as much.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from shared.kafka.aiokafka_workarounds import hear_unsent, no_longer_sends
from shared.kafka.client_options import client_options
from shared.kafka.clock_skew import ClockSkew, elapsed_seconds
from shared.kafka.errors import ProducerDead, kafka_errors_as_outage
from shared.kafka.records import Envelope, Headers, Outgoing, OutgoingRecord, UndeliveredValue
from shared.outage import Outage
from shared.settings import RuntimeSettings

MAX_REQUEST_BYTES = 2 * 1024 * 1024
ACKNOWLEDGED_WITHIN_SECONDS = 20.0
STOPPED_WITHIN_SECONDS = 5.0


def data_schema(base_url: str | None, ce_type: str) -> Headers:
    """The header that names the JSON Schema of an event, where schemas are served."""
    if base_url is None:
        return []
    return [("ce_dataschema", f"{base_url.rstrip('/')}/{ce_type}.json".encode())]


class KafkaPublisher:
    """An idempotent producer that waits for all replicas in sync."""

    def __init__(self, settings: RuntimeSettings, skew: ClockSkew | None = None) -> None:
        self._skew = skew
        self._schemas = settings.event_schema_base_url
        self._producer = AIOKafkaProducer(
            **client_options(settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=256 * 1024,
            max_request_size=MAX_REQUEST_BYTES,
        )

    async def start(self) -> None:
        with kafka_errors_as_outage():
            await self._producer.start()

    async def stop(self) -> None:
        """Close; what is not acknowledged by then is published again by the next process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOPPED_WITHIN_SECONDS):
                await self._producer.stop()

    async def publish(self, outgoing: Sequence[Outgoing]) -> None:
        """Return once all are acknowledged, in order per key. Raises `Outage`, `ProducerDead`."""
        if not outgoing:
            return
        try:
            await self._acknowledged(outgoing)
        except Outage as outage:
            if no_longer_sends(self._producer):
                hear_unsent(self._producer)
                raise ProducerDead("its sending task has ended") from outage
            raise

    async def _acknowledged(self, outgoing: Sequence[Outgoing]) -> None:
        began = elapsed_seconds()
        with kafka_errors_as_outage():
            try:
                async with asyncio.timeout(ACKNOWLEDGED_WITHIN_SECONDS):
                    sent = [await self._send(o) for o in outgoing if not isinstance(o, Envelope)]
                    events = (item for item in outgoing if isinstance(item, Envelope))
                    for (topic, partition), some in (await self._by_partition(events)).items():
                        for batch in self._batches(some):
                            sent.append(await self._send_batch(batch, topic, partition))
                    acknowledged = await asyncio.gather(*sent)
            except TimeoutError:
                raise Outage("kafka", "no acknowledgement in time") from None
        if self._skew is not None:
            self._skew.acknowledged(acknowledged, sent=began)

    async def _send(self, record: OutgoingRecord) -> asyncio.Future[Any]:
        """Hand over a record; without its value, where that is more than the client can send."""
        value = record.value
        if isinstance(value, UndeliveredValue) or (record.key is None and value is None):
            value = b""  # the client refuses to send a record of nothing at all
        send = partial(self._producer.send, record.topic, key=record.key, headers=[*record.headers])
        try:
            sent: asyncio.Future[Any] = await send(value=value)
        except MessageSizeTooLargeError:
            sent = await send(value=b"")
        return sent

    async def _by_partition(
        self, events: Iterable[Envelope]
    ) -> dict[tuple[str, int], list[Envelope]]:
        """Events in their order, by the partition that every Kafka client puts their key in."""
        found: dict[tuple[str, int], list[Envelope]] = defaultdict(list)
        partitions: dict[str, int] = {}
        hashes: dict[str, int] = {}
        for envelope in events:
            topic, key = envelope.topic, envelope.key
            if topic not in partitions:
                partitions[topic] = len(await self._producer.partitions_for(topic))
            if key not in hashes:
                hashes[key] = murmur2(key.encode()) & 0x7FFFFFFF
            found[topic, hashes[key] % partitions[topic]].append(envelope)
        return found

    def _batches(self, events: Iterable[Envelope]) -> Iterator[Any]:
        """Packs the events into as few batches as possible; a first record may have any size."""
        batch = self._producer.create_batch()
        for envelope in events:
            headers = [*envelope.headers, *data_schema(self._schemas, envelope.type)]
            record = {"key": envelope.key.encode(), "value": envelope.value, "headers": headers}
            if batch.append(timestamp=None, **record) is None:
                yield batch
                batch = self._producer.create_batch()
                batch.append(timestamp=None, **record)
        yield batch

    async def _send_batch(self, batch: Any, topic: str, partition: int) -> asyncio.Future[Any]:
        sent: asyncio.Future[Any] = await self._producer.send_batch(
            batch, topic, partition=partition
        )
        return sent
