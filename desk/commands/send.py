"""Publishing what a person wrote, once the broker is known to have the topic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from desk.commands.event_file import Outgoing
from shared.events.topics import TOPIC_OF
from shared.kafka.publisher import KafkaPublisher
from shared.operations.topics import require_topics
from shared.settings import RuntimeSettings


async def send(settings: RuntimeSettings, outgoing: Sequence[Outgoing]) -> None:
    """Publish all, in order; acknowledged when this returns. Raises `DeskError` or `Outage`."""
    await require_topics(settings, {TOPIC_OF[event.ce_type].name for event in outgoing})
    publisher = KafkaPublisher(settings)
    at = datetime.now(UTC)
    try:
        await publisher.start()
        await publisher.publish([event.record(at) for event in outgoing])
    finally:
        await publisher.stop()
