"""Erases a customer's attachments after a tombstone on `desk.customers`.

 Contracts, their copies and certificates stay:
they are records of a contract, and the registry's to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Event, Message
from shared.events.internal import AttachmentsDeleted, KeyForgotten
from shared.events.values import Count, Instant

ERASURE = "erasure"
TOPIC = "desk.customers"


class CustomerForgotten(Event):
    """The tombstone of the customer came at `forgotten_at`; the erasure runs from `work_at` on."""

    ce_type: ClassVar[str] = "customer.forgotten"

    customer_id: str
    forgotten_at: Instant
    work_at: Instant


class AttachmentsErased(Event):
    """`number` attachments were deleted; the rest follows from `work_at` on (None if done)."""

    ce_type: ClassVar[str] = "attachments.erased"

    customer_id: str
    number: Count
    work_at: Instant | None = None


PRIVATE_EVENTS = (CustomerForgotten, AttachmentsErased)


class Erasure(BaseModel):
    """One customer's, up to the last time that the customer was forgotten."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    customer_id: str
    forgotten_at: Instant
    work_at: Instant | None = None
    number: int = 0
    """Attachments deleted so far."""


def decide(message: Message, state: Erasure | None, now: datetime) -> Sequence[Event]:
    match message.data:
        case KeyForgotten(key=customer_id):
            at = message.time or now
            return [CustomerForgotten(customer_id=customer_id, forgotten_at=at, work_at=now)]
        case AttachmentsDeleted() as deleted if state is not None and state.work_at is not None:
            return [
                AttachmentsErased(
                    customer_id=state.customer_id,
                    number=len(deleted.document_ids),
                    work_at=now if deleted.more else None,
                )
            ]
    return []


def evolve(before: Erasure | None, event: Event) -> Erasure:
    match event:
        case CustomerForgotten():
            number = before.number if before else 0
            return Erasure.model_validate(event.model_dump() | {"number": number})
        case AttachmentsErased() if before is not None:
            erased = {"number": before.number + event.number, "work_at": event.work_at}
            return before.model_copy(update=erased)
    raise TypeError(f"no erasure's event: {event.ce_type}")


def work_at(state: Erasure) -> datetime | None:
    return state.work_at
