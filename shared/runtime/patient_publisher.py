"""Publishes for web applications, which start and show their pages without a broker."""

from __future__ import annotations

from shared.kafka.clock_skew import ClockSkew
from shared.kafka.errors import ProducerDead
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.records import Envelope
from shared.outage import Outage
from shared.runtime.process import end_with_producer
from shared.settings import RuntimeSettings


class PatientPublisher:
    """A publisher that starts once the broker is there; until then what it is given has to wait."""

    def __init__(self, settings: RuntimeSettings, skew: ClockSkew) -> None:
        self._settings = settings
        self._skew = skew
        self._publisher: KafkaPublisher | None = None

    async def start(self) -> None:
        """Raises `Outage`."""
        publisher = KafkaPublisher(self._settings, self._skew)
        try:
            await publisher.start()
        except Outage:
            await publisher.stop()
            raise
        self._publisher = publisher

    async def publish(self, outgoing: list[Envelope]) -> None:
        if self._publisher is None:
            raise Outage("kafka", "the broker has not answered yet")
        try:
            await self._publisher.publish(outgoing)
        except ProducerDead as error:
            end_with_producer(error)

    async def stop(self) -> None:
        if self._publisher is not None:
            await self._publisher.stop()
