"""Applies the other services' answers to an inquiry: progressed, resolved, closed."""

from __future__ import annotations

from datetime import datetime

from services.inquiry_intake.inquiry.follow_up import reopened
from services.inquiry_intake.inquiry.private_events import ContractProgressed
from services.inquiry_intake.inquiry.state import (
    INVENTORY_ITEM,
    NO_CONTRACT,
    AnswerStatus,
    Inquiry,
    InquiryStanding,
)
from services.inquiry_intake.rules import Rules
from services.inquiry_intake.texts import (
    ACCEPTED,
    ACTIVATED,
    CONSENT_WITHDRAWN,
    INVENTORY_UPDATED,
    NOT_REGISTERED,
    PROFILE_UPDATED,
    REGISTERED,
    acceptance_denied,
    activation_failed,
    copy_denied,
    copy_ready,
    inventory_update_refused,
)
from shared.events.cancellations import (
    CancellationAlreadyScheduled,
    CancellationEvent,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationExpired,
    CancellationNotRequired,
    CancellationReferred,
    CancellationRefused,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawalRefused,
    CancellationWithdrawn,
)
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    CustomerConsentWithdrawn,
    CustomerProfileUpdated,
    CustomerRegistered,
    CustomerRequestDenied,
)
from shared.events.inquiries import (
    Actor,
    ClosedBy,
    InquiryClosed,
    InquiryKind,
    InquiryProgressed,
    InquiryResolved,
)
from shared.events.inventory import InventoryUpdateDecided
from shared.events.values import Bilingual
from shared.recorder import Recorder

ContractAnswer = (
    ContractCopyReady
    | ContractCopyDenied
    | ContractAccepted
    | ContractAcceptanceDenied
    | ContractActivated
    | ContractActivationFailed
)
CustomerAnswer = (
    CustomerRegistered | CustomerProfileUpdated | CustomerConsentWithdrawn | CustomerRequestDenied
)

_STATUS_AFTER: dict[type[CancellationEvent], AnswerStatus] = {
    CancellationScheduled: AnswerStatus.SCHEDULED,
    CancellationNotRequired: AnswerStatus.NOT_REQUIRED,
    CancellationEvidenceAwaited: AnswerStatus.EVIDENCE_AWAITED,
    CancellationExpired: AnswerStatus.EXPIRED,
    CancellationReferred: AnswerStatus.REFERRED,
    CancellationSuspended: AnswerStatus.REFERRED,
    CancellationRefused: AnswerStatus.REFUSED,
    CancellationAlreadyScheduled: AnswerStatus.ALREADY_SCHEDULED,
    CancellationWithdrawn: AnswerStatus.WITHDRAWN,
    CancellationTookEffect: AnswerStatus.TOOK_EFFECT,
}
"""How far a decision brings the request it decides. A reminder and a refused withdrawal leave the
request where it is."""

_WORD_OF: dict[type[CancellationEvent], str] = {
    **{event: status.value for event, status in _STATUS_AFTER.items()},
    CancellationSuspended: "suspended",
    CancellationEvidenceReminded: "evidence_reminded",
    CancellationWithdrawalRefused: "withdrawal_refused",
}


def cancellation_decided(
    rules: Rules, decision: Recorder[Inquiry], event: CancellationEvent, now: datetime
) -> None:
    """A decision on a contract's cancellation, in an inquiry that it speaks to.

    One with a sequence no higher than the last one applied comes late and changes nothing.
    """
    word = _WORD_OF.get(type(event))
    asked = decision.state.contract(event.contract_number)
    if word is None or asked is None or event.sequence <= asked.sequence:
        return
    progressed = ContractProgressed(
        contract_number=event.contract_number,
        status=_status_after(event, decision.state, asked.status),
        sequence=event.sequence,
    )
    _progressed(rules, decision, progressed, word, event.explanation, now)


def _status_after(event: CancellationEvent, state: Inquiry, before: AnswerStatus) -> AnswerStatus:
    """How far this inquiry is afterwards: its own request, or what it added to another's."""
    if isinstance(event, CancellationEvidenceReminded):
        return before
    if state.kind is not InquiryKind.CANCELLATION or event.inquiry_id != state.inquiry_id:
        return AnswerStatus.ANSWERED
    return _STATUS_AFTER.get(type(event), before)


def contract_answered(
    rules: Rules, decision: Recorder[Inquiry], event: ContractAnswer, now: datetime
) -> None:
    """The archive's answer to a copy, an acceptance or an activation (F1, F8, F9)."""
    word, note = _contract_note(event)
    _answered(rules, decision, event.contract_number, word, note, now)


def _contract_note(event: ContractAnswer) -> tuple[str, Bilingual]:
    match event:
        case ContractCopyReady():
            return "copy_ready", copy_ready(event.available_until)
        case ContractCopyDenied():
            return "copy_denied", copy_denied(event.cause)
        case ContractAccepted():
            return "accepted", ACCEPTED
        case ContractAcceptanceDenied():
            return "acceptance_denied", acceptance_denied(event.cause)
        case ContractActivated():
            return "activated", ACTIVATED
        case ContractActivationFailed():
            return "activation_failed", activation_failed(event.attempts_left)


def customer_answered(
    rules: Rules, decision: Recorder[Inquiry], event: CustomerAnswer, now: datetime
) -> None:
    """The archive's answer to a registration or another request about a profile (F2, F3)."""
    asked_for = decision.state.asked_of_profile
    if asked_for is not None:
        word, note = _customer_note(event)
        _answered(rules, decision, asked_for, word, note, now)


def _customer_note(event: CustomerAnswer) -> tuple[str, Bilingual]:
    match event:
        case CustomerRegistered():
            return "registered", REGISTERED
        case CustomerProfileUpdated():
            return "profile_updated", PROFILE_UPDATED
        case CustomerConsentWithdrawn():
            return "consent_withdrawn", CONSENT_WITHDRAWN
        case CustomerRequestDenied():
            return "request_denied", NOT_REGISTERED


def inventory_update_decided(
    rules: Rules, decision: Recorder[Inquiry], event: InventoryUpdateDecided, now: datetime
) -> None:
    """The inventory system's answer to a correction (F16)."""
    if event.accepted:
        word, note = "inventory_updated", INVENTORY_UPDATED
    else:
        word, note = "inventory_update_refused", inventory_update_refused(event.reason)
    _answered(rules, decision, INVENTORY_ITEM, word, note, now)


def _answered(
    rules: Rules,
    decision: Recorder[Inquiry],
    asked_for: str,
    word: str,
    note: Bilingual,
    now: datetime,
) -> None:
    asked = decision.state.contract(asked_for)
    if asked is None or asked.status is AnswerStatus.ANSWERED:
        return
    progressed = ContractProgressed(
        contract_number=asked_for, status=AnswerStatus.ANSWERED, sequence=asked.sequence
    )
    _progressed(rules, decision, progressed, word, note, now)


def _progressed(
    rules: Rules,
    decision: Recorder[Inquiry],
    progressed: ContractProgressed,
    word: str,
    note: Bilingual,
    now: datetime,
) -> None:
    """Records a contract's progress, reports it to the customer and settles the consequences."""
    number, before = progressed.contract_number, decision.state
    decision.record(progressed)
    decision.record(
        InquiryProgressed(
            inquiry_id=before.inquiry_id,
            status=word,
            note=note,
            contract_number=None if number in NO_CONTRACT else number,
            by=Actor.DESK,
        )
    )
    _settle(rules, decision, before, now)


def _settle(rules: Rules, decision: Recorder[Inquiry], before: Inquiry, now: datetime) -> None:
    """Resolved once everything has an answer, closed once nothing more will happen.

    While a question of the customer is open, an agent's answer decides instead. A closed inquiry
    with a contract on the move again (a refusal revised, say) is open again.
    """
    after = decision.state
    if after.status is InquiryStanding.CLOSED and not after.settled:
        decision.record(reopened(rules, after, ClosedBy.DESK, now))
    status = decision.state.status
    if after.question_open or not after.answered:
        return
    if status is InquiryStanding.OPEN or not before.answered:
        decision.record(InquiryResolved(inquiry_id=after.inquiry_id))
    if status is not InquiryStanding.CLOSED and after.settled:
        decision.record(InquiryClosed(inquiry_id=after.inquiry_id, by=ClosedBy.DESK))
