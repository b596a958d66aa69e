"""The registry reports the contract: what was held for its holder is decided at once."""

from __future__ import annotations

from services.cancellation.file.add_evidence import decide_held_evidence
from services.cancellation.file.change_holder import holder_changed
from services.cancellation.file.change_term import begin_term, term_changed
from services.cancellation.file.decision import Course
from services.cancellation.file.private_events import ContractKnown
from services.cancellation.file.request import decide_request
from services.cancellation.file.state import ContractFacts, Status
from shared.events.contracts import ContractRecorded


def contract_recorded(course: Course, recorded: ContractRecorded) -> None:
    before = course.file.contract
    facts = ContractFacts.model_validate(recorded.model_dump())
    if facts == before:
        return
    course.happens(ContractKnown(contract_number=course.file.contract_number, **facts.model_dump()))
    begin_term(course)
    holder_changed(course, before)
    term_changed(course, before)
    for held in course.file.held_for(recorded.customer_id):
        _decide_held(course, held.inquiry_id)


def _decide_held(course: Course, inquiry_id: str) -> None:
    held = course.file.request(inquiry_id)
    # One that was held beside it may have been scheduled, and that settled this one.
    if held is None or held.status is not Status.HELD:
        return None
    if held.only_evidence:
        return decide_held_evidence(course, held)
    return decide_request(course, held)
