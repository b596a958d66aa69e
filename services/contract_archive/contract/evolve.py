"""How events change what the archive knows about one contract."""

from __future__ import annotations

from datetime import date

from services.contract_archive.contract.private_events import (
    ActivationAttemptsRestored,
    ActivationCodeNoted,
    ActivationFailureNoted,
    ActivationHeld,
    CancellationNoted,
    DocumentBegun,
    DocumentOrderHeld,
    TerminationNoted,
    TextApproved,
    TextViewed,
)
from services.contract_archive.contract.state import ContractState, WrongCodes, WrongCodesOfDay
from shared.events.agents import AgentActionRefused
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    ContractRecorded,
    ContractStatusChanged,
    ContractTextIssued,
)
from shared.events.envelope import Event
from shared.events.states import CurrentText

CUSTOMERS_COUNTED = 100
"""Limit of customers whose wrong codes are counted, so that strangers cannot grow the record."""


def evolve(before: ContractState | None, event: Event) -> ContractState:
    number = getattr(event, "contract_number", None)
    if number is None:
        raise TypeError(f"no contract event: {event.ce_type}")
    return _after(before or ContractState(contract_number=number), event)


def _after(state: ContractState, event: Event) -> ContractState:
    match event:
        case ContractRecorded():
            return _with(state, facts=event)
        case ContractTextIssued():
            return _with(state, text=_issued(event))
        case TextApproved():
            return _with(state, text=_approved(state.text, event))
        case TextViewed() | AgentActionRefused():
            return state
        case ContractStatusChanged():
            return _with(state, status=event.status)
        case CancellationNoted(standing=standing, sequence=sequence):
            return _with(
                state,
                cancellation=standing,
                cancellation_sequence=sequence,
                cancellation_effective_on=event.effective_on,
                cancellation_term_starts_on=event.term_starts_on,
                cancellation_inquiry_id=event.inquiry_id,
            )
        case TerminationNoted(terminated_on=terminated_on):
            return _with(state, terminated_on=terminated_on)
        case DocumentOrderHeld(held=order):
            return _with(state, held_orders=(*state.held_orders, order))
        case DocumentBegun(document=document):
            waiting = _answered(state, document.order.inquiry_id)
            return _with(waiting, documents=(*waiting.documents, document))
        case ContractCopyReady() | ContractCopyDenied() | ContractAcceptanceDenied():
            return _answered(state, event.inquiry_id)
        case ContractAccepted():
            return _accepted(_answered(state, event.inquiry_id), event)
        case ActivationHeld(held=activation):
            return _with(state, held_activations=(*state.held_activations, activation))
        case ContractActivated():
            return _with(_answered(state, event.inquiry_id), activated=True)
        case ActivationCodeNoted():
            return _with(state, activation_code_hash=event.code_hash)
        case ActivationFailureNoted():
            return _after_failure(state, event)
        case ContractActivationFailed():
            return _activation_failed(_answered(state, event.inquiry_id), event)
        case ActivationAttemptsRestored():
            return _with(
                state,
                attempts_left=None,
                wrong_codes=(),
                wrong_codes_of_day=None,
                noted_failure=None,
            )
    raise TypeError(f"no contract event: {event.ce_type}")


def _with(state: ContractState, **fields: object) -> ContractState:
    return state.model_copy(update=fields)


def _answered(state: ContractState, inquiry_id: str) -> ContractState:
    """Nothing of this inquiry waits any more."""
    return _with(
        state,
        held_orders=tuple(h for h in state.held_orders if h.order.inquiry_id != inquiry_id),
        held_activations=tuple(h for h in state.held_activations if h.inquiry_id != inquiry_id),
        documents=tuple(d for d in state.documents if d.order.inquiry_id != inquiry_id),
    )


def _issued(event: ContractTextIssued) -> CurrentText:
    return CurrentText(document_id=event.document_id, version=event.version, sha256=event.sha256)


def _approved(text: CurrentText | None, event: TextApproved) -> CurrentText | None:
    if text is None or text.document_id != event.document_id:
        return text
    return text.model_copy(update={"approved": True})


def _accepted(state: ContractState, event: ContractAccepted) -> ContractState:
    """The first acceptance of a holder stands until the holder accepts another text.

    One that names no text takes the place of one whose text is no longer the current one.
    """
    first = state.accepted
    if first is None or first.customer_id != event.customer_id:
        return _with(state, accepted=event)
    current = state.text is None or first.text_sha256 in (None, state.text.sha256)
    if event.text_sha256 == first.text_sha256 or (event.text_sha256 is None and current):
        return state
    return _with(state, accepted=event)


def _after_failure(state: ContractState, event: ActivationFailureNoted) -> ContractState:
    noted = _with(state, noted_failure=event.inquiry_id)
    if not event.counted:
        return noted
    return _with(
        noted,
        wrong_codes=_one_more(state.wrong_codes, event.customer_id),
        wrong_codes_of_day=_one_more_on(state.wrong_codes_of_day, event.failed_on),
    )


def _one_more(counts: tuple[WrongCodes, ...], customer_id: str) -> tuple[WrongCodes, ...]:
    """The customer's count plus one. Beyond the bound the oldest count is dropped.

    Dropping one gains nobody tries: filling the list takes more wrong codes than the day's limit
    of all customers allows.
    """
    before = next((c.count for c in counts if c.customer_id == customer_id), 0)
    others = tuple(c for c in counts if c.customer_id != customer_id)
    return (*others, WrongCodes(customer_id=customer_id, count=before + 1))[-CUSTOMERS_COUNTED:]


def _one_more_on(counted: WrongCodesOfDay | None, day: date) -> WrongCodesOfDay:
    if counted is None or counted.day != day:
        return WrongCodesOfDay(day=day, count=1)
    return WrongCodesOfDay(day=day, count=counted.count + 1)


def _activation_failed(state: ContractState, event: ContractActivationFailed) -> ContractState:
    """Without a note before it, the answer stems from the days of one count for all customers."""
    if state.noted_failure == event.inquiry_id:
        return state
    return _with(state, attempts_left=event.attempts_left)
