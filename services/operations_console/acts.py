"""Writes down what people do in the console before it is done: no event written, no act."""

from __future__ import annotations

from typing import Protocol

from shared.events.operations import PersonActed
from shared.events.topics import CONSOLE
from shared.kafka.records import Envelope
from shared.operations.audit_trail import envelope_of

SOURCE = f"/services/{CONSOLE}"


class ActPublisher(Protocol):
    async def publish(self, outgoing: list[Envelope]) -> None:
        """Return once the broker has acknowledged all of them. Raises `Outage`."""
        ...


class Acts:
    """Writes the acts of people to the audit trail, `desk.operations`."""

    def __init__(self, publisher: ActPublisher) -> None:
        self._publisher = publisher

    async def write(self, act: PersonActed, form_id: str) -> None:
        """Return once the broker has acknowledged the act. A form sent twice is one act.

        Raises `Outage`.
        """
        await self._publisher.publish([envelope_of(act, SOURCE, form_id)])
