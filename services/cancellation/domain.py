"""The Decider of the cancellation file: which business act decides which message.

A file belongs to one contract number. What an act decides is in the module named after it; what a
policy decides is in `policies/`.
"""

from __future__ import annotations

from datetime import datetime

from services.cancellation.contract import contract_recorded
from services.cancellation.course import Course
from services.cancellation.evidence import evidence_given
from services.cancellation.evolution import evolve
from services.cancellation.file import File
from services.cancellation.policies.terms import Rules
from services.cancellation.records import PRIVATE_EVENTS
from services.cancellation.referral import referral_decided
from services.cancellation.renewals import invoice_issued, invoice_paid
from services.cancellation.requesting import cancellation_requested
from services.cancellation.timers import due_at, woken
from services.cancellation.withdrawal import withdrawal_requested
from shared.events.agents import ReferralDecided
from shared.events.billing import InvoiceIssued, InvoicePaid
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
    match message.data:
        case CancellationRequested() as asked:
            course = _course(rules, state, asked.contract_number, now)
            cancellation_requested(course, asked)
        case CancellationEvidenceGiven() as evidence:
            course = _course(rules, state, evidence.contract_number, now)
            evidence_given(course, evidence)
        case CancellationWithdrawalRequested() as withdrawal:
            course = _course(rules, state, withdrawal.contract_number, now)
            withdrawal_requested(course, withdrawal)
        case ContractRecorded() as recorded:
            course = _course(rules, state, recorded.contract_number, now)
            contract_recorded(course, recorded)
        case InvoiceIssued() as invoice:
            course = _course(rules, state, invoice.contract_number, now)
            invoice_issued(course, invoice)
        case InvoicePaid() as paid:
            course = _course(rules, state, paid.contract_number, now)
            invoice_paid(course, paid)
        case ReferralDecided() as decided:
            course = _course(rules, state, decided.contract_number, now)
            referral_decided(course, decided, madrid_date(_said_at(message, now)))
        case TimerDue() as timer:
            course = _course(rules, state, timer.contract_number, now)
            woken(course, timer)
        case _:
            raise TypeError(f"{message.type} is not decided in a cancellation file")
    return course.events


def _course(rules: Rules, state: File | None, contract_number: str, now: datetime) -> Course:
    return Course(rules, state or File(contract_number=contract_number), now)


def _said_at(message: Message, now: datetime) -> datetime:
    """When the message was said: a replayed one keeps its day, a fast clock does not count."""
    return min(message.time, now) if message.time is not None else now
