"""The Decider of the cancellation file: which business act decides which message.

A file belongs to one contract number. What an act decides is in the module named after it; what a
policy decides is in `policies/`.
"""

from __future__ import annotations

from datetime import datetime

from services.cancellation.file.add_evidence import evidence_given
from services.cancellation.file.bounds import compact
from services.cancellation.file.change_term import begin_term
from services.cancellation.file.decide_referral import referral_decided
from services.cancellation.file.decision import Course
from services.cancellation.file.evolve import evolve
from services.cancellation.file.private_events import PRIVATE_EVENTS
from services.cancellation.file.record_contract import contract_recorded
from services.cancellation.file.renewals import (
    invoice_issued,
    invoice_paid,
    invoice_voided,
    note_disregarded,
    payment_reversed,
    settle_lapsed,
    watch,
)
from services.cancellation.file.request import cancellation_requested
from services.cancellation.file.state import File
from services.cancellation.file.timers import due_at, woken
from services.cancellation.file.withdraw import withdrawal_requested
from services.cancellation.policies.terms import Rules
from shared.events.agents import ReferralDecided
from shared.events.billing import InvoiceIssued, InvoicePaid, InvoiceVoided, PaymentReversed
from shared.events.contracts import ContractRecorded
from shared.events.envelope import Event, Message
from shared.events.internal import TimerDue
from shared.events.requests import (
    CancellationEvidenceGiven,
    CancellationRequested,
    CancellationWithdrawalRequested,
)
from shared.events.values import madrid_date

__all__ = ["PRIVATE_EVENTS", "File", "Rules", "decide", "due_at", "evolve"]


def decide(rules: Rules, message: Message, state: File | None, now: datetime) -> list[Event]:
    """What happens. Raises TypeError for a message that is not about a cancellation file."""
    number = getattr(message.data, "contract_number", None)
    file = state or File(contract_number=str(number))
    course = Course(rules, file, now, message.broker_time)
    _act(course, message, now)
    follow_up(course)
    compact(course)
    return course.events


def _act(course: Course, message: Message, now: datetime) -> None:
    match message.data:
        case CancellationRequested() as asked:
            cancellation_requested(course, asked)
        case CancellationEvidenceGiven() as evidence:
            evidence_given(course, evidence)
        case CancellationWithdrawalRequested() as withdrawal:
            withdrawal_requested(course, withdrawal)
        case ContractRecorded() as recorded:
            contract_recorded(course, recorded)
        case InvoiceIssued() as invoice:
            invoice_issued(course, invoice)
        case InvoicePaid() as paid:
            invoice_paid(course, paid)
        case InvoiceVoided() as voided:
            invoice_voided(course, voided)
        case PaymentReversed() as went_back:
            payment_reversed(course, went_back)
        case ReferralDecided() as decided:
            referral_decided(course, message.id, decided, madrid_date(_said_at(message, now)))
        case TimerDue():
            woken(course)
        case _:
            raise TypeError(f"{message.type} is not decided in a cancellation file")


def follow_up(course: Course) -> None:
    """What a fact brings about beyond itself, whatever order the facts came in."""
    begin_term(course)
    settle_lapsed(course)
    watch(course)
    note_disregarded(course)


def _said_at(message: Message, now: datetime) -> datetime:
    """When the message was said: a replayed one keeps its day, a fast clock does not count."""
    return min(message.time, now) if message.time is not None else now
