"""How an event changes a submission's record."""

from __future__ import annotations

from services.inquiry_intake.inquiry.private_events import (
    ContractProgressed,
    FollowUpAccepted,
    MailFailed,
    MailSent,
    QueueChanged,
    RejectionRecorded,
    TargetMet,
    ViewForwarded,
)
from services.inquiry_intake.inquiry.state import (
    ASKED_OF_A_PROFILE,
    INVENTORY_ITEM,
    ContractProgress,
    Inquiry,
    InquiryStanding,
)
from shared.events.changed import changed
from shared.events.envelope import Event
from shared.events.inquiries import (
    InquiryClosed,
    InquiryKind,
    InquiryOpened,
    InquiryOverdue,
    InquiryProgressed,
    InquiryReopened,
    InquiryResolved,
)

FOLLOW_UP_RECEIVED = "follow_up_received"
"""The status of the progress that a customer's own words make."""


def evolve(state: Inquiry | None, event: Event) -> Inquiry:
    """The record after `event`."""
    if state is None:
        return _begun(event)
    changes = _changes(state, event)
    return changed(state, changes) if changes else state


def _begun(event: Event) -> Inquiry:
    match event:
        case InquiryOpened():
            return _opened(event)
        case RejectionRecorded():
            return Inquiry(
                inquiry_id=event.inquiry_id,
                status=InquiryStanding.REJECTED,
                customer_id=event.customer_id,
            )
        case FollowUpAccepted():
            return Inquiry(
                inquiry_id=event.inquiry_id,
                status=InquiryStanding.FOLLOW_UP,
                customer_id=event.customer_id,
                follows=event.follows,
                closes=event.closes,
            )
        case ViewForwarded():
            return Inquiry(
                inquiry_id=event.inquiry_id,
                status=InquiryStanding.VIEW,
                customer_id=event.customer_id,
            )
    raise ValueError(f"{event.ce_type} begins no record")


def _opened(event: InquiryOpened) -> Inquiry:
    return Inquiry(
        inquiry_id=event.inquiry_id,
        status=InquiryStanding.OPEN,
        customer_id=event.customer_id,
        kind=event.kind,
        reference=event.reference,
        language=event.language,
        queue=event.queue,
        contracts=tuple(ContractProgress(contract_number=asked) for asked in _asked(event)),
        opened_at=event.opened_at,
        answer_due_at=event.answer_due_at,
    )


def _asked(event: InquiryOpened) -> tuple[str, ...]:
    if event.kind is InquiryKind.INQUIRY:
        return ()
    if event.kind is InquiryKind.INVENTORY_UPDATE:
        return (INVENTORY_ITEM,)
    of_profile = ASKED_OF_A_PROFILE.get(event.kind)
    return (of_profile,) if of_profile else event.contract_numbers


def _changes(state: Inquiry, event: Event) -> dict[str, object]:
    match event:
        case ContractProgressed():
            return {"contracts": _progressed(state, event)}
        case QueueChanged():
            return {"queue": event.queue}
        case InquiryProgressed(status=status) if status == FOLLOW_UP_RECEIVED:
            return {"question_open": True}
        case InquiryResolved():
            return {"status": InquiryStanding.RESOLVED, "question_open": False}
        case InquiryClosed():
            return {"status": InquiryStanding.CLOSED, "question_open": False, "closed_by": event.by}
        case InquiryReopened():
            return {
                "status": InquiryStanding.OPEN,
                "answer_due_at": event.answer_due_at,
                "closed_by": None,
                "target_settled": False,
            }
        case InquiryOverdue() | TargetMet():
            return {"target_settled": True}
        case MailSent():
            return {"unreachable": False}
        case MailFailed():
            return {"unreachable": True}
    return {}


def _progressed(state: Inquiry, event: ContractProgressed) -> tuple[ContractProgress, ...]:
    now = ContractProgress.model_validate(event.model_dump())
    return tuple(
        now if contract.contract_number == event.contract_number else contract
        for contract in state.contracts
    )
