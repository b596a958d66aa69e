"""Writes down what people do in the console before it is done: no event written, no act."""

from __future__ import annotations

from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from shared.events.operations import PersonActed
from shared.events.topics import CONSOLE
from shared.kafka.records import Envelope
from shared.runtime import codec
from shared.telemetry.tracing import current_traceparent

SOURCE = f"/services/{CONSOLE}"


class Publisher(Protocol):
    async def publish(self, outgoing: list[Envelope]) -> None:
        """Return once the broker has acknowledged all of them. Raises `Outage`."""
        ...


class Acts:
    """Writes the acts of people to the audit trail, `desk.operations`."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def write(self, act: PersonActed, form_id: str) -> None:
        """Return once the broker has acknowledged the act. A form sent twice is one act.

        Raises `Outage`.
        """
        envelope = codec.envelope(
            str(uuid5(NAMESPACE_URL, f"{SOURCE} {act.ce_type} {form_id}")),
            act.ce_type,
            codec.dump(act),
            source=SOURCE,
            subject=act.thing,
            at=act.at,
            causation_id=None,
            correlation_id=None,
            traceparent=current_traceparent(),
        )
        await self._publisher.publish([envelope])
