"""What the archive knows about one contract, and how its events change that."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.agents import AgentActionRefused
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    ContractRecorded,
    ContractStatus,
    ContractStatusChanged,
    ContractTextIssued,
)
from shared.events.envelope import Event
from shared.events.newer import Known
from shared.events.states import CurrentText
from shared.events.values import Authentication, Count, Day, Instant, Language, Value

CONTRACT = "contract"
CUSTOMERS_COUNTED = 100
"""Whose wrong codes are remembered at most: strangers must not grow the holder's record."""


class CancellationStanding(StrEnum):
    """What the newest decision on this contract's cancellation says."""

    NONE = "none"
    SCHEDULED = "scheduled"
    TOOK_EFFECT = "took_effect"
    LAPSED = "lapsed"


class DocumentKind(StrEnum):
    COPY = "copy"
    ACCEPTANCE = "acceptance"


class DocumentOrder(Value):
    """A customer's request that a document answers; the signature is an acceptance's.

    `signer_is_holder` is known once the document is begun: whether the profile has that name.
    `text_sha256` names the text that an acceptance is bound to, if it is bound to one.
    """

    kind: DocumentKind
    inquiry_id: str
    correlation_id: str | None = None
    customer_id: str
    reference: str
    language: Language
    signed_by: str | None = None
    signed_at: Instant | None = None
    signer_is_holder: bool | None = None
    text_sha256: str | None = None
    authentication: Authentication | None = None


class HeldOrder(Value):
    """Not allowed so far; denied at `until`, unless the missing records arrive first."""

    order: DocumentOrder
    until: Instant


class BegunDocument(Value):
    """Allowed, and in the making; handed out until `available_until`.

    In the histories of earlier releases a certificate has no such instant: it stays with the desk.
    `text` is the one that an acceptance is bound to; it is the contract's current one.
    """

    document_id: str
    order: DocumentOrder
    begun_at: Instant
    available_until: Instant | None = None
    text: CurrentText | None = None


class HeldActivation(Value):
    """An activation of a contract that is not known so far; the code itself is not kept.

    Histories may hold an unkeyed digest under another name; its hash is empty and matches nothing.
    """

    inquiry_id: str
    customer_id: str
    code_hash: str = ""
    until: Instant


class WrongCodes(Value):
    """How many wrong codes one customer gave since the last unlocking."""

    customer_id: str
    count: Count


class WrongCodesOfDay(Value):
    """How many wrong codes all customers together gave on one day (Europe/Madrid)."""

    day: Day
    count: Count


class ContractEvent(Event):
    contract_number: str


class DocumentOrderHeld(ContractEvent):
    ce_type: ClassVar[str] = "contract.document_order_held"

    held: HeldOrder


class DocumentBegun(ContractEvent):
    ce_type: ClassVar[str] = "contract.document_begun"

    document: BegunDocument


class ActivationHeld(ContractEvent):
    ce_type: ClassVar[str] = "contract.activation_held"

    held: HeldActivation


class ActivationCodeNoted(ContractEvent):
    """The registry reported a code; the archive keeps its keyed hash."""

    ce_type: ClassVar[str] = "contract.activation_code_noted"

    code_hash: str


class ActivationFailureNoted(ContractEvent):
    """Who failed to activate on which day (Europe/Madrid); `counted` if a wrong code did it.

    Recorded before the public answer. A try while locked is not compared, so it is not counted.
    """

    ce_type: ClassVar[str] = "contract.activation_failure_noted"

    inquiry_id: str
    customer_id: str
    failed_on: Day
    counted: bool


class ActivationAttemptsRestored(ContractEvent):
    """An agent lifted every lock, and took back the wrong codes counted so far (F9)."""

    ce_type: ClassVar[str] = "contract.activation_attempts_restored"


class CancellationNoted(ContractEvent):
    """The cancellation service's decision number `sequence` on this contract.

    `effective_on` is the standing's day, `term_starts_on` the start of the term that it ends,
    `inquiry_id` the inquiry that it was scheduled for.
    """

    ce_type: ClassVar[str] = "contract.cancellation_noted"

    sequence: int
    standing: CancellationStanding
    effective_on: Day | None = None
    term_starts_on: Day | None = None
    inquiry_id: str | None = None


class TerminationNoted(ContractEvent):
    """The registry ended the contract; `terminated_on` is the first day without it."""

    ce_type: ClassVar[str] = "contract.termination_noted"

    terminated_on: Day


class TextApproved(ContractEvent):
    """The vendor, by an agent, approved the contract's current text (F1)."""

    ce_type: ClassVar[str] = "contract.text_approved"

    document_id: str
    agent_id: str


class TextViewed(ContractEvent):
    """The holder viewed a text of the contract, at `viewed_at` by the channel's clock (F1)."""

    ce_type: ClassVar[str] = "contract.text_viewed"

    customer_id: str
    document_id: str
    viewed_at: Instant


PRIVATE_EVENTS = (
    DocumentOrderHeld,
    DocumentBegun,
    ActivationHeld,
    ActivationCodeNoted,
    ActivationFailureNoted,
    ActivationAttemptsRestored,
    CancellationNoted,
    TerminationNoted,
    TextApproved,
    TextViewed,
)


class ContractState(BaseModel):
    """`facts` and `status` are absent until the registry reports the contract.

    `text` is absent until a record of the registry's changes the facts that an earlier release
    stored. `accepted` is the present holder's first acceptance of the newest text that was accepted
    (or of none). `attempts_left` stems from
    histories in which all customers shared one count; only its 0 still means something.
    `wrong_codes_of_day` is of the last day with a wrong code: once a limit is reached nothing is
    counted any more, so a lock outlasts its day.
    """

    model_config = ConfigDict(frozen=True)

    contract_number: str
    facts: ContractRecorded | None = None
    status: Known[ContractStatus] | None = None
    cancellation: CancellationStanding = CancellationStanding.NONE
    cancellation_sequence: int = 0
    cancellation_effective_on: Day | None = None
    cancellation_term_starts_on: Day | None = None
    cancellation_inquiry_id: str | None = None
    terminated_on: Day | None = None
    activated: bool = False
    attempts_left: int | None = None
    activation_code_hash: str | None = None
    wrong_codes: tuple[WrongCodes, ...] = ()
    wrong_codes_of_day: WrongCodesOfDay | None = None
    noted_failure: str | None = None
    text: CurrentText | None = None
    accepted: ContractAccepted | None = None
    held_orders: tuple[HeldOrder, ...] = ()
    held_activations: tuple[HeldActivation, ...] = ()
    documents: tuple[BegunDocument, ...] = ()

    @property
    def held_until(self) -> tuple[datetime, ...]:
        orders = (held.until for held in self.held_orders)
        return (*orders, *(held.until for held in self.held_activations))


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
    """The first acceptance of a holder stands until the holder accepts another text."""
    first = state.accepted
    if first is None or first.customer_id != event.customer_id:
        return _with(state, accepted=event)
    if event.text_sha256 in (None, first.text_sha256):
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
