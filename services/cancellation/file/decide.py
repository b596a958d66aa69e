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
from services.cancellation.file.decision import Decision
from services.cancellation.file.evolve import evolve
from services.cancellation.file.private_events import PRIVATE_EVENTS
from services.cancellation.file.record_contract import contract_recorded
from services.cancellation.file.refuse import refuse_act
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
from services.cancellation.file.state import CancellationFile
from services.cancellation.file.timers import due_at, woken
from services.cancellation.file.withdraw import withdrawal_requested
from services.cancellation.policies.terms import Rules
from shared.events.agents import ReferralDecided
from shared.events.billing import InvoiceIssued, InvoicePaid, InvoiceVoided, PaymentReversed
from shared.events.contracts import ContractRecorded
from shared.events.envelope import Event, Message
from shared.events.error_codes import ErrorCode
from shared.events.internal import TimerDue
from shared.events.requests import (
    CancellationEvidenceGiven,
    CancellationRequested,
    CancellationWithdrawalRequested,
)
from shared.events.values import madrid_date

__all__ = ["PRIVATE_EVENTS", "CancellationFile", "Rules", "decide", "due_at", "evolve"]


def decide(
    rules: Rules, message: Message, state: CancellationFile | None, now: datetime
) -> list[Event]:
    """Decides one message. Raises TypeError for one that is not about a cancellation file."""
    number = getattr(message.data, "contract_number", None)
    file = state or CancellationFile(contract_number=str(number))
    decision = Decision(rules, file, now, message.broker_time)
    _act(decision, message, now)
    follow_up(decision)
    compact(decision)
    return decision.events


def _act(decision: Decision, message: Message, now: datetime) -> None:
    match message.data:
        case CancellationRequested() as asked:
            cancellation_requested(decision, asked)
        case CancellationEvidenceGiven() as evidence:
            evidence_given(decision, evidence)
        case CancellationWithdrawalRequested() as withdrawal:
            withdrawal_requested(decision, withdrawal)
        case ContractRecorded() as recorded:
            contract_recorded(decision, recorded)
        case InvoiceIssued() as invoice:
            invoice_issued(decision, invoice)
        case InvoicePaid() as paid:
            invoice_paid(decision, paid)
        case InvoiceVoided() as voided:
            invoice_voided(decision, voided)
        case PaymentReversed() as went_back:
            payment_reversed(decision, went_back)
        case ReferralDecided() as decided if message.id_reused:
            refuse_act(decision, message.id, decided, ErrorCode.ID_REUSED)
        case ReferralDecided() as decided:
            referral_decided(decision, message.id, decided, madrid_date(_said_at(message, now)))
        case TimerDue():
            woken(decision)
        case _:
            raise TypeError(f"{message.type} is not decided in a cancellation file")


def follow_up(decision: Decision) -> None:
    """Derives the consequences of a new fact; they do not depend on the order of the facts."""
    begin_term(decision)
    settle_lapsed(decision)
    watch(decision)
    note_disregarded(decision)


def _said_at(message: Message, now: datetime) -> datetime:
    """When it was sent. A replay keeps its day; a clock running ahead is clamped to now."""
    return min(message.time, now) if message.time is not None else now
