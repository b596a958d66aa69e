"""What is true after each event."""

from __future__ import annotations

from services.cancellation.file import (
    Cancellation,
    ContractFacts,
    File,
    Payment,
    RenewalInvoice,
    Request,
    Status,
)
from services.cancellation.records import (
    ContractKnown,
    EvidenceAdded,
    FileRecord,
    FileWoken,
    PaymentNoted,
    RenewalInvoiced,
    RequestHeld,
    RequestReceived,
)
from shared.events.cancellations import (
    CancellationEvent,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationReferred,
    CancellationScheduled,
    CancellationTookEffect,
    CancellationWithdrawn,
    RenewalLapsed,
)
from shared.events.envelope import Event


def evolve(state: File | None, event: Event) -> File:
    """The file after `event`. Raises TypeError for an event that is not a file's."""
    match event:
        case FileRecord():
            return _noted(state or File(contract_number=event.contract_number), event)
        case CancellationEvent():
            return _decided(state or File(contract_number=event.contract_number), event)
    raise TypeError(f"{event.ce_type} is no event of a cancellation file")


def _noted(file: File, event: FileRecord) -> File:
    match event:
        case ContractKnown():
            return file.with_(contract=ContractFacts.model_validate(event.model_dump()))
        case RequestReceived():
            request = Request.model_validate(event.model_dump())
            return file.with_(requests=(*file.requests, request))
        case RequestHeld():
            return file.with_request(event.inquiry_id, status=Status.HELD, held_until=event.until)
        case EvidenceAdded():
            return _with_evidence(file, event)
        case RenewalInvoiced():
            others = (r for r in file.renewals if r.invoice_number != event.invoice_number)
            renewal = RenewalInvoice.model_validate(event.model_dump())
            return file.with_(renewals=(*others, renewal))
        case PaymentNoted():
            payment = Payment.model_validate(event.model_dump())
            return file.with_(payments=(*file.payments, payment))
        case FileWoken():
            return file.with_(woken_for=max(event.due_at, file.woken_for or event.due_at))
    raise TypeError(f"{event.ce_type} is not noted in a cancellation file")


def _with_evidence(file: File, event: EvidenceAdded) -> File:
    request = file.request(event.inquiry_id)
    assert request is not None
    # Evidence that was held by itself has found its request.
    return file.with_request(event.evidence_inquiry_id, status=Status.SETTLED).with_request(
        event.inquiry_id,
        given=request.given.and_also(event.given),
        unanswered=(*request.unanswered, event.evidence_inquiry_id),
    )


def _decided(file: File, event: CancellationEvent) -> File:
    file = file.with_(sequence=event.sequence)
    match event:
        case RenewalLapsed():
            return file.with_renewal(event.invoice_number, lapsed=True)
        case CancellationTookEffect():
            return file.with_(cancellation=_effective(file.cancellation))
        case CancellationEvidenceReminded():
            return file.with_request(event.inquiry_id, reminded=True)
        case CancellationEvidenceAwaited():
            return _answered(file, event, Status.AWAITING).with_request(
                event.inquiry_id, missing=event.missing
            )
        case CancellationReferred():
            return _answered(file, event, Status.REFERRED)
        case CancellationScheduled():
            cancellation = Cancellation.model_validate(event.model_dump())
            return _answered(file, event, Status.SCHEDULED).with_(cancellation=cancellation)
        case CancellationWithdrawn():
            return _without_cancellation(_answered(file, event, Status.SETTLED), event)
    return _answered(file, event, Status.SETTLED)


def _answered(file: File, event: CancellationEvent, status: Status) -> File:
    return file.with_request(
        event.inquiry_id,
        status=status,
        policy=event.policy,
        held_until=None,
        missing=(),
        unanswered=(),
    )


def _effective(cancellation: Cancellation | None) -> Cancellation | None:
    return cancellation and cancellation.model_copy(update={"took_effect": True})


def _without_cancellation(file: File, event: CancellationWithdrawn) -> File:
    scheduled = file.cancellation
    if scheduled is None or scheduled.inquiry_id != event.inquiry_id:
        return file
    return file.with_(cancellation=None)
