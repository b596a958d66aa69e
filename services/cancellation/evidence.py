"""A customer adds what an earlier request was missing."""

from __future__ import annotations

from datetime import date

from services.cancellation.course import Course
from services.cancellation.file import Request, Status
from services.cancellation.given import Given
from services.cancellation.policies import every_policy
from services.cancellation.policies.outcome import PolicyName
from services.cancellation.records import EvidenceAdded
from services.cancellation.requesting import decide_request, given_in, take_in
from shared.events.cancellations import CancellationExpired
from shared.events.requests import CancellationEvidenceGiven
from shared.events.values import madrid_date


def evidence_given(course: Course, evidence: CancellationEvidenceGiven) -> None:
    """Evidence joins every request of this customer that waits; without one it stands alone."""
    file = course.file
    if file.request(evidence.inquiry_id) is not None:
        return None
    if not file.awaiting_evidence_of(evidence.customer_id):
        return take_in(course, evidence)
    received_on = madrid_date(evidence.received_at)
    return _join(course, evidence.customer_id, evidence.inquiry_id, given_in(evidence), received_on)


def decide_held_evidence(course: Course, held: Request) -> None:
    """The contract's record has come: held evidence is decided as if it came now."""
    if course.file.awaiting_evidence_of(held.customer_id):
        return _join(course, held.customer_id, held.inquiry_id, held.given, held.received_on)
    return decide_request(course, held)


def _join(course: Course, customer: str, inquiry_id: str, given: Given, received_on: date) -> None:
    for waiting in course.file.awaiting_evidence_of(customer):
        request = course.file.request(waiting.inquiry_id)
        # The same evidence may just have completed another request, and that settled this one.
        if request is None or not request.is_open:
            continue
        course.happens(
            EvidenceAdded(
                contract_number=course.file.contract_number,
                inquiry_id=request.inquiry_id,
                evidence_inquiry_id=inquiry_id,
                given=given,
            )
        )
        _decide_again(course, request.inquiry_id, received_on)


def _decide_again(course: Course, inquiry_id: str, received_on: date) -> None:
    request = course.file.request(inquiry_id)
    assert request is not None
    if request.status is not Status.AWAITING:
        return None  # held: it is decided, and answered, when the contract's record comes
    if received_on > request.due_on:
        return expire(course, request)
    return decide_request(course, request)


def expire(course: Course, request: Request) -> None:
    """What was missing did not come by the last day on which it counts."""
    because = every_policy.expired(request.policy or PolicyName.REFER, request.due_on)
    event = CancellationExpired(**course.about(request, because), due_on=request.due_on)
    course.answers(request, event)
