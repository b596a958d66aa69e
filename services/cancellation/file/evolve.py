"""How each event changes a cancellation file."""

from __future__ import annotations

from services.cancellation.file.payments import pay, reverse
from services.cancellation.file.private_events import (
    ContractKnown,
    Disregarded,
    EvidenceAdded,
    FactDisregarded,
    FileCompacted,
    FileWoken,
    InvoiceVoidNoted,
    LapseNoted,
    LateWithdrawalNoted,
    NoticeKept,
    NoticeReopened,
    PaymentNoted,
    PaymentReversalNoted,
    PrivateEvent,
    RenewalDecided,
    RenewalInvoiced,
    RenewalReferred,
    RequestClosed,
    RequestHeld,
    RequestReceived,
    ScheduleNoted,
    SuspensionAlarmed,
    TermBegun,
)
from services.cancellation.file.state import (
    Cancellation,
    CancellationFile,
    ContractFacts,
    Payment,
    RenewalInvoice,
    Request,
    RequestStatus,
    Void,
    same_invoice,
)
from shared.events.agents import AgentActionRefused
from shared.events.cancellations import (
    CancellationEvent,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationNotRequired,
    CancellationReferred,
    CancellationRefused,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawn,
    RenewalLapsed,
    RenewalReinstated,
    RenewalWatched,
)
from shared.events.changed import changed
from shared.events.envelope import Event
from shared.events.values import Evidence


def evolve(state: CancellationFile | None, event: Event) -> CancellationFile:
    """The file after `event`. Raises TypeError for an event that is not a file's."""
    match event:
        case PrivateEvent():
            return _noted(state or CancellationFile(contract_number=event.contract_number), event)
        case CancellationEvent():
            return _decided(state or CancellationFile(contract_number=event.contract_number), event)
        case AgentActionRefused(contract_number=str(number)):
            return state or CancellationFile(contract_number=number)
    raise TypeError(f"{event.ce_type} is no event of a cancellation file")


def _noted(file: CancellationFile, event: PrivateEvent) -> CancellationFile:
    match event:
        case ContractKnown():
            return file.with_(contract=ContractFacts.model_validate(event.model_dump()))
        case TermBegun():
            return _in_new_term(file, event)
        case RenewalInvoiced() | InvoiceVoidNoted() | PaymentNoted() | PaymentReversalNoted():
            return _billed(file, event)
        case LapseNoted() | RenewalReferred() | RenewalDecided():
            return _with_renewal_noted(file, event)
        case FactDisregarded():
            return _disregarded(file, event)
        case FileCompacted():
            return _compacted(file, event)
        case FileWoken():
            return file.with_(woken_for=max(event.due_at, file.woken_for or event.due_at))
    return _request_noted(file, event)


def _request_noted(file: CancellationFile, event: PrivateEvent) -> CancellationFile:
    match event:
        case RequestReceived():
            request = Request.model_validate(vars(event))
            return file.with_(requests=(*file.requests, request))
        case RequestHeld():
            return file.with_request(
                event.inquiry_id, status=RequestStatus.HELD, held_until=event.until
            )
        case EvidenceAdded():
            return _with_evidence(file, event)
        case RequestClosed():
            return file.with_request(event.inquiry_id, closed=event.closed)
        case NoticeKept():
            return file.with_request(event.inquiry_id, status=RequestStatus.NOTICE)
        case NoticeReopened():
            dates = {"due_on": event.due_on, "remind_on": event.remind_on, "reminded": False}
            return file.with_request(event.inquiry_id, **dates)
        case LateWithdrawalNoted():
            return file.with_request(event.inquiry_id, late_withdrawal=event.received_on)
        case ScheduleNoted():
            return _with_cancellation(file, dates=event.dates)
        case SuspensionAlarmed():
            return _with_cancellation(file, alarmed=True)
    raise TypeError(f"{event.ce_type} is not noted in a cancellation file")


def _with_evidence(file: CancellationFile, event: EvidenceAdded) -> CancellationFile:
    request = file.request(event.inquiry_id)
    assert request is not None
    # Evidence that was held by itself has found its request.
    return file.with_request(event.evidence_inquiry_id, status=RequestStatus.SETTLED).with_request(
        event.inquiry_id,
        given=request.given.and_also(event.given),
        unanswered=(*request.unanswered, event.evidence_inquiry_id),
    )


def _in_new_term(file: CancellationFile, event: TermBegun) -> CancellationFile:
    """Marks renewals as past and settles a cancellation that ended before the new term began."""
    overtaken = frozenset(event.overtaken)
    renewals = tuple(
        r.model_copy(update={"past": True})
        if (r.lapsed and r.lapses_on < event.starts_on)
        or (r.invoice_number, r.issued_on) in overtaken
        else r
        for r in file.renewals
    )
    file = file.with_(renewals=renewals)
    over = file.cancellation
    if over is None or not over.took_effect or over.effective_on >= event.starts_on:
        return file
    return file.with_(cancellation=None).with_request(over.inquiry_id, status=RequestStatus.SETTLED)


def _billed(
    file: CancellationFile,
    event: RenewalInvoiced | InvoiceVoidNoted | PaymentNoted | PaymentReversalNoted,
) -> CancellationFile:
    match event:
        case RenewalInvoiced():
            return _invoiced(file, event)
        case InvoiceVoidNoted():
            void = Void.model_validate(event.model_dump())
            return file.with_(voids=(*file.voids, void))
        case PaymentNoted():
            return pay(file, Payment.model_validate(event.model_dump()))
        case PaymentReversalNoted():
            return reverse(file, event)


def _invoiced(file: CancellationFile, event: RenewalInvoiced) -> CancellationFile:
    """An invoice, or a correction of one: billing hears again only of another day."""
    number, issued_on = event.invoice_number, event.issued_on
    others = (
        r for r in file.renewals if r.invoice_number != number or (event.reissued and r.lapsed)
    )
    corrected = (r for r in file.renewals if (r.invoice_number, r.issued_on) == (number, issued_on))
    watched = any(r.watched for r in corrected)
    renewal = RenewalInvoice.model_validate({**event.model_dump(), "watched": watched})
    return file.with_(renewals=(*others, renewal))


def _with_renewal_noted(
    file: CancellationFile, event: LapseNoted | RenewalReferred | RenewalDecided
) -> CancellationFile:
    match event:
        case LapseNoted():
            changes: dict[str, object] = {"lapsed_for": event.customer_id}
        case RenewalReferred():
            changes = {"referred": event.cause}
        case RenewalDecided():
            changes = {"referred": None, "decided": True}
    return file.with_renewal(event.invoice_number, event.issued_on, **changes)


def _disregarded(file: CancellationFile, event: FactDisregarded) -> CancellationFile:
    told = {"disregarded": True}
    if event.why is Disregarded.ANOTHER_CUSTOMER:
        return file.with_renewal(event.invoice_number, event.on, **told)
    if event.why is not Disregarded.PAID_BEFORE_INVOICE:
        return file
    payments = tuple(
        p.model_copy(update=told)
        if p.paid_on == event.on and same_invoice(p.invoice_number, event.invoice_number)
        else p
        for p in file.payments
    )
    return file.with_(payments=payments)


def _compacted(file: CancellationFile, event: FileCompacted) -> CancellationFile:
    gone = frozenset(event.renewals)
    days = [day for day in (file.forgotten_until, event.forgotten_until) if day is not None]
    return file.with_(
        requests=tuple(r for r in file.requests if r.inquiry_id not in event.inquiry_ids),
        renewals=tuple(r for r in file.renewals if (r.invoice_number, r.issued_on) not in gone),
        payments=file.payments if event.payments is None else event.payments,
        voids=file.voids[event.voids :],
        reversals=file.reversals[event.reversals :],
        forgotten_until=max(days, default=None),
        woken_for=None if event.forgets_timer else file.woken_for,
    )


def _decided(file: CancellationFile, event: CancellationEvent) -> CancellationFile:
    match event:
        case (
            RenewalLapsed()
            | RenewalWatched()
            | RenewalReinstated()
            | CancellationTookEffect()
            | CancellationEvidenceReminded()
        ):
            return _told(file.with_(sequence=event.sequence), event)
        case CancellationEvidenceAwaited(missing=missing):
            return _answered(file, event, RequestStatus.AWAITING, missing=missing)
        case CancellationReferred():
            return _answered(file, event, RequestStatus.REFERRED)
        case CancellationScheduled():
            cancellation = Cancellation.model_validate(vars(event))
            return _answered(file, event, RequestStatus.SCHEDULED, cancellation=cancellation)
        case CancellationSuspended():
            suspended = _answered(file, event, RequestStatus.REFERRED)
            return _with_cancellation(suspended, suspended=True, alarmed=False)
        case CancellationWithdrawn() | CancellationNotRequired() | CancellationRefused():
            return _without_cancellation(_answered(file, event, RequestStatus.SETTLED), event)
    return _answered(file, event, RequestStatus.SETTLED)


def _told(
    file: CancellationFile,
    event: RenewalLapsed
    | RenewalWatched
    | RenewalReinstated
    | CancellationTookEffect
    | CancellationEvidenceReminded,
) -> CancellationFile:
    """An event that answers no request."""
    match event:
        case RenewalLapsed():
            return file.with_renewal(event.invoice_number, event.issued_on, lapsed=True)
        case RenewalWatched():
            return file.with_renewal(event.invoice_number, event.issued_on, watched=True)
        case RenewalReinstated():
            return _reinstated(file, event)
        case CancellationTookEffect():
            return _with_cancellation(file, took_effect=True)
        case CancellationEvidenceReminded():
            return file.with_request(event.inquiry_id, reminded=True)


def _answered(
    file: CancellationFile,
    event: CancellationEvent,
    status: RequestStatus,
    *,
    missing: tuple[Evidence, ...] = (),
    **changes: object,
) -> CancellationFile:
    """The request of `event` has its answer, which may have `changes` in the file besides."""
    requests = file.requests_with(
        event.inquiry_id,
        status=status,
        policy=event.policy,
        held_until=None,
        missing=missing,
        unanswered=(),
    )
    return file.with_(sequence=event.sequence, requests=requests, **changes)


def _with_cancellation(file: CancellationFile, **changes: object) -> CancellationFile:
    cancellation = file.cancellation
    return file.with_(cancellation=cancellation and changed(cancellation, changes))


def _without_cancellation(file: CancellationFile, event: CancellationEvent) -> CancellationFile:
    """The decision on the request that brought the cancellation about ends it."""
    standing = file.cancellation
    if standing is None or standing.inquiry_id != event.inquiry_id:
        return file
    if isinstance(event, CancellationRefused) and not standing.suspended:
        # A professional refused a withdrawal that came late: the cancellation stands.
        return file.with_request(event.inquiry_id, status=RequestStatus.SCHEDULED)
    return file.with_(cancellation=None)


def _reinstated(file: CancellationFile, event: RenewalReinstated) -> CancellationFile:
    """The renewal is in force again, and nobody is asked about it any more."""
    renewals = tuple(
        r.model_copy(update={"lapsed": False, "referred": None})
        if r.lapsed and r.invoice_number == event.invoice_number and r.lapses_on == event.lapsed_on
        else r
        for r in file.renewals
    )
    return file.with_(renewals=renewals)
