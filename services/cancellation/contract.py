"""The registry reports the contract: what was held for its holder is decided at once."""

from __future__ import annotations

from services.cancellation.course import Course
from services.cancellation.evidence import decide_held_evidence
from services.cancellation.file import ContractFacts, Status
from services.cancellation.records import ContractKnown
from services.cancellation.renewals import lapse_unpaid
from services.cancellation.requesting import decide_request
from shared.events.contracts import ContractRecorded


def contract_recorded(course: Course, recorded: ContractRecorded) -> None:
    facts = ContractFacts(
        customer_id=recorded.customer_id, type=recorded.type, auto_renewal=recorded.auto_renewal
    )
    if facts == course.file.contract:
        return
    course.happens(ContractKnown(contract_number=course.file.contract_number, **facts.model_dump()))
    for held in course.file.held_for(recorded.customer_id):
        _decide_held(course, held.inquiry_id)
    lapse_unpaid(course, course.now)


def _decide_held(course: Course, inquiry_id: str) -> None:
    held = course.file.request(inquiry_id)
    # One that was held beside it may have been scheduled, and that settled this one.
    if held is None or held.status is not Status.HELD:
        return None
    if held.only_evidence:
        return decide_held_evidence(course, held)
    return decide_request(course, held)
