"""A customer adds what an earlier request was missing."""

from __future__ import annotations

from datetime import date

from services.cancellation.file.bounds import takes_evidence
from services.cancellation.file.decision import Decision
from services.cancellation.file.evidence_received import EvidenceReceived
from services.cancellation.file.private_events import EvidenceAdded, RequestClosed
from services.cancellation.file.request import decide_request, evidence_in, take_in
from services.cancellation.file.state import Closed, Closing, Request, RequestStatus
from services.cancellation.policies import every_policy, refer
from services.cancellation.policies.outcome import PolicyName
from shared.events.cancellations import CancellationExpired, CancellationReferred
from shared.events.requests import CancellationEvidenceGiven
from shared.events.values import madrid_date


def evidence_given(decision: Decision, evidence: CancellationEvidenceGiven) -> None:
    """Evidence joins every request of this customer that waits; without one it stands alone."""
    file, customer = decision.file, evidence.customer_id
    if file.request(evidence.inquiry_id) is not None:
        return None
    received_on = madrid_date(evidence.received_at)
    if any(takes_evidence(waiting) for waiting in file.awaiting_evidence_of(customer)):
        return _join(decision, customer, evidence.inquiry_id, evidence_in(evidence), received_on)
    expired = file.expired_awaiting(customer, received_on)
    if expired is not None and file.holder_is(customer) and file.cancellation is None:
        return _refer_expired(decision, expired, evidence)
    return take_in(decision, evidence)


def _refer_expired(
    decision: Decision, expired: Request, evidence: CancellationEvidenceGiven
) -> None:
    """Received in time and delivered after the expiry: a professional decides."""
    _add(decision, expired, evidence.inquiry_id, evidence_in(evidence))
    outcome = refer.received_in_time(madrid_date(evidence.received_at))
    event = CancellationReferred(**decision.about(expired, outcome.because), cause=outcome.cause)
    decision.answers(expired, event, asked_by=evidence.inquiry_id)


def decide_held_evidence(decision: Decision, held: Request) -> None:
    """The contract's record has come: held evidence is decided as if it came now."""
    if decision.file.awaiting_evidence_of(held.customer_id):
        return _join(decision, held.customer_id, held.inquiry_id, held.given, held.received_on)
    return decide_request(decision, held)


def _join(
    decision: Decision, customer: str, inquiry_id: str, given: EvidenceReceived, received_on: date
) -> None:
    for waiting in decision.file.awaiting_evidence_of(customer):
        request = decision.file.request(waiting.inquiry_id)
        # The same evidence may just have completed another request, and that settled this one.
        if request is None or not request.is_open or not takes_evidence(request):
            continue
        _add(decision, request, inquiry_id, given)
        _decide_again(decision, request.inquiry_id, received_on)


def _add(decision: Decision, request: Request, inquiry_id: str, given: EvidenceReceived) -> None:
    decision.record(
        EvidenceAdded(
            contract_number=decision.file.contract_number,
            inquiry_id=request.inquiry_id,
            evidence_inquiry_id=inquiry_id,
            given=given.news_for(request.given),
        )
    )


def _decide_again(decision: Decision, inquiry_id: str, received_on: date) -> None:
    """A held request is decided, and answered, when the contract's record comes.

    Evidence received after its day does not count; the request's timer ends it and answers both.
    """
    request = decision.file.request(inquiry_id)
    assert request is not None
    if request.status is RequestStatus.HELD:
        return None
    if request.status is RequestStatus.AWAITING and received_on > request.due_on:
        return None
    return decide_request(decision, request)


def expire(decision: Decision, request: Request) -> None:
    """The missing evidence did not come by the last day on which it counts."""
    because = every_policy.expired(request.policy or PolicyName.REFER, request.due_on)
    event = CancellationExpired(**decision.about(request, because), due_on=request.due_on)
    decision.answers(request, event)
    decision.record(
        RequestClosed(
            contract_number=decision.file.contract_number,
            inquiry_id=request.inquiry_id,
            closed=Closed(how=Closing.EXPIRED, on=request.due_on),
        )
    )
