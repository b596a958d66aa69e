"""Previews a cancellation request as of today with the real decision; nothing is stored."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from services.cancellation.file.decide import Rules, decide, evolve
from services.cancellation.file.decision import Decision
from services.cancellation.file.request import decide_request
from services.cancellation.file.state import CancellationFile, RequestStatus
from shared.events.cancellations import CancellationEvent
from shared.events.envelope import Event, Message
from shared.events.requests import CancellationRequested
from shared.events.values import (
    Channel,
    Contact,
    ContractNumber,
    CustomerId,
    Day,
    Signature,
    SignatureKind,
    madrid_date,
)

SOURCE = "/services/cancellation/preview"
INQUIRY = "preview"
SOMEBODY = "unknown"
CONTACT = Contact(name="preview", email="preview@example.org")


class PreviewQuestion(BaseModel):
    """The request to preview; without `customer_id` it is the contract holder's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract_number: ContractNumber
    customer_id: CustomerId | None = None
    destruction_confirmed: bool = False
    signed: bool = False
    requested_end_on: Day | None = None


def is_known(state: CancellationFile | None) -> bool:
    """Whether the registry has reported the contract."""
    return state is not None and state.contract is not None


def answer(
    rules: Rules, question: PreviewQuestion, state: CancellationFile | None, now: datetime
) -> list[Event]:
    """Answers a question from the internal port with `preview`."""
    return preview(rules, state, now=now, **dict(question))


def preview(
    rules: Rules,
    state: CancellationFile | None,
    contract_number: str,
    now: datetime,
    *,
    customer_id: str | None = None,
    destruction_confirmed: bool = False,
    signed: bool = False,
    requested_end_on: date | None = None,
) -> list[Event]:
    """The public events that a complete web request now would bring about.

    Without `customer_id` the contract's own holder asks. A contract that is not known as the
    customer's gives the referral at once; a real request is held for the grace time first.
    """
    holder = state.contract.customer_id if state and state.contract else SOMEBODY
    request = CancellationRequested(
        inquiry_id=INQUIRY,
        customer_id=customer_id or holder,
        channel=Channel.WEB,
        received_at=now,
        contract_number=contract_number,
        contact=CONTACT,
        destruction_confirmed=destruction_confirmed,
        signature=_signature(madrid_date(now)) if signed else None,
        requested_end_on=requested_end_on,
    )
    events = decide(rules, Message(SOURCE, INQUIRY, request), state, now)
    answers = _without_the_hold(rules, state, events, now)
    return [event for event in answers if isinstance(event, CancellationEvent)]


def _without_the_hold(
    rules: Rules, state: CancellationFile | None, events: list[Event], now: datetime
) -> list[Event]:
    for event in events:
        state = evolve(state, event)
    assert state is not None
    held = state.request(INQUIRY)
    if held is None or held.status is not RequestStatus.HELD:
        return events
    decision = Decision(rules, state, now)
    decide_request(decision, held)
    return decision.events


def _signature(day: date) -> Signature:
    return Signature(
        kind=SignatureKind.ELECTRONIC, reference=INQUIRY, signed_by=INQUIRY, signed_on=day
    )
