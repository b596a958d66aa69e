"""The registry reports the contract: what was held for its holder is decided at once."""

from __future__ import annotations

from services.cancellation.file.add_evidence import decide_held_evidence
from services.cancellation.file.change_holder import holder_changed
from services.cancellation.file.change_term import begin_term, term_changed
from services.cancellation.file.decision import Decision
from services.cancellation.file.private_events import ContractKnown
from services.cancellation.file.request import decide_request
from services.cancellation.file.state import ContractFacts, RequestStatus
from shared.events.contracts import ContractRecorded


def contract_recorded(decision: Decision, recorded: ContractRecorded) -> None:
    before = decision.file.contract
    facts = ContractFacts.model_validate(recorded.model_dump())
    if facts == before:
        return
    decision.record(
        ContractKnown(contract_number=decision.file.contract_number, **facts.model_dump())
    )
    begin_term(decision)
    holder_changed(decision, before)
    term_changed(decision, before)
    for held in decision.file.held_for(recorded.customer_id):
        _decide_held(decision, held.inquiry_id)


def _decide_held(decision: Decision, inquiry_id: str) -> None:
    held = decision.file.request(inquiry_id)
    # One that was held beside it may have been scheduled, and that settled this one.
    if held is None or held.status is not RequestStatus.HELD:
        return None
    if held.only_evidence:
        return decide_held_evidence(decision, held)
    return decide_request(decision, held)
