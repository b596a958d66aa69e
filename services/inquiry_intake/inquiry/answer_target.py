"""The answer target (F7): when it has passed and the desk has not answered, the queue is reminded.

An agent's answer meets it, and so does whatever leaves the next step to the customer. Inquiries of
earlier releases get their due time when they are next written.
"""

from __future__ import annotations

from datetime import datetime

from services.inquiry_intake.inquiry.private_events import TargetMet
from services.inquiry_intake.inquiry.state import NO_CONTRACT, Inquiry, InquiryStanding
from shared.events.envelope import Event
from shared.events.inquiries import InquiryOverdue


def due_at(inquiry: Inquiry) -> datetime | None:
    """Returns when the queue is reminded; None once the target is met or reported missed."""
    running = inquiry.status is InquiryStanding.OPEN and not inquiry.target_settled
    return inquiry.answer_due_at if running else None


def remind(inquiry: Inquiry) -> list[Event]:
    """The target has passed while the inquiry waited for the desk."""
    if due_at(inquiry) is None:
        return []
    assert inquiry.reference is not None
    assert inquiry.kind is not None
    assert inquiry.queue is not None
    assert inquiry.opened_at is not None
    assert inquiry.answer_due_at is not None
    waiting = (contract.contract_number for contract in inquiry.waiting)
    return [
        InquiryOverdue(
            inquiry_id=inquiry.inquiry_id,
            reference=inquiry.reference,
            kind=inquiry.kind,
            customer_id=inquiry.customer_id,
            queue=inquiry.queue,
            opened_at=inquiry.opened_at,
            answer_due_at=inquiry.answer_due_at,
            contract_numbers=tuple(number for number in waiting if number not in NO_CONTRACT),
        )
    ]


def met_by(inquiry: Inquiry, *, answered: bool) -> list[Event]:
    """Whether the target is met in the state that a message has left; `answered`: by an agent.

    A resolved or closed inquiry has no running target, so nothing is noted of it.
    """
    if due_at(inquiry) is None:
        return []
    waits_for_the_desk = inquiry.question_open or not inquiry.contracts or bool(inquiry.waiting)
    return [TargetMet()] if answered or not waits_for_the_desk else []
