"""Where the runtime publishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.kafka.records import Envelope
from shared.runtime.dead_letters import DeadLetter


class Publisher(Protocol):
    """Where events and dead letters go."""

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        """Return once all are acknowledged, in order per key. Raises `Outage`, `ProducerDead`."""
