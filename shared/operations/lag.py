"""How many records a service has yet to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from shared.events.topics import topics_read_by
from shared.kafka.broker import Broker
from shared.settings import RuntimeSettings


@dataclass(frozen=True, slots=True)
class Lag:
    """The records between a service's committed offsets and the ends of its topics."""

    service: str
    group: str
    behind: Counter[str]
    """Lag by topic in records; a topic without lag may be missing."""

    @property
    def records(self) -> int:
        """The lag of all topics in records."""
        return self.behind.total()


async def lag_of(
    service: str, broker: Broker, settings: RuntimeSettings, present: Collection[str]
) -> Lag:
    """The service's lag on those of its topics that are `present`. Raises KafkaError."""
    group = settings.group_of(service)
    topics = [topic for topic in topics_read_by(service) if topic in present]
    return Lag(service, group, await broker.unread(group, topics))
