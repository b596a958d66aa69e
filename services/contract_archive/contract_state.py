"""What the archive knows about one contract, and how its events change that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

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
)
from shared.events.envelope import Event
from shared.events.values import Instant, Language, Value

CONTRACT = "contract"


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
    """A customer's request that a document answers; the signature is an acceptance's."""

    kind: DocumentKind
    inquiry_id: str
    correlation_id: str | None = None
    customer_id: str
    reference: str
    language: Language
    signed_by: str | None = None
    signed_at: Instant | None = None


class HeldOrder(Value):
    """Not allowed so far; denied at `until`, unless the missing records arrive first."""

    order: DocumentOrder
    until: Instant


class BegunDocument(Value):
    """Allowed, and in the making. Only a copy is handed out, `available_until` then."""

    document_id: str
    order: DocumentOrder
    begun_at: Instant
    available_until: Instant | None = None


class HeldActivation(Value):
    """An activation of a contract that is not known so far; the code itself is not kept."""

    inquiry_id: str
    customer_id: str
    code_sha256: str
    until: Instant


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


class ActivationAttemptsRestored(ContractEvent):
    """An agent lifted the lock, or took back the wrong codes counted so far (F9)."""

    ce_type: ClassVar[str] = "contract.activation_attempts_restored"


class CancellationNoted(ContractEvent):
    """The cancellation service's decision number `sequence` on this contract."""

    ce_type: ClassVar[str] = "contract.cancellation_noted"

    sequence: int
    standing: CancellationStanding


PRIVATE_EVENTS = (
    DocumentOrderHeld,
    DocumentBegun,
    ActivationHeld,
    ActivationAttemptsRestored,
    CancellationNoted,
)


class ContractState(BaseModel):
    """`facts` and `status` are absent until the registry reports the contract.

    `attempts_left` is absent as long as no wrong code was given, `accepted` is the first
    acceptance of the contract's present holder.
    """

    model_config = ConfigDict(frozen=True)

    contract_number: str
    facts: ContractRecorded | None = None
    status: ContractStatus | None = None
    cancellation: CancellationStanding = CancellationStanding.NONE
    cancellation_sequence: int = 0
    activated: bool = False
    attempts_left: int | None = None
    accepted: ContractAccepted | None = None
    held_orders: tuple[HeldOrder, ...] = ()
    held_activations: tuple[HeldActivation, ...] = ()
    documents: tuple[BegunDocument, ...] = ()

    @property
    def held_until(self) -> tuple[datetime, ...]:
        orders = (held.until for held in self.held_orders)
        return (*orders, *(held.until for held in self.held_activations))


def fold(state: ContractState, events: Iterable[Event]) -> ContractState:
    for event in events:
        state = evolve(state, event)
    return state


def evolve(before: ContractState | None, event: Event) -> ContractState:
    number = getattr(event, "contract_number", None)
    if number is None:
        raise TypeError(f"no contract event: {event.ce_type}")
    return _after(before or ContractState(contract_number=number), event)


def _after(state: ContractState, event: Event) -> ContractState:
    match event:
        case ContractRecorded():
            return _with(state, facts=event)
        case ContractStatusChanged():
            return _with(state, status=event.status)
        case CancellationNoted(standing=standing, sequence=sequence):
            return _with(state, cancellation=standing, cancellation_sequence=sequence)
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
        case ContractActivationFailed():
            answered = _answered(state, event.inquiry_id)
            return _with(answered, attempts_left=event.attempts_left)
        case ActivationAttemptsRestored():
            return _with(state, attempts_left=None)
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


def _accepted(state: ContractState, event: ContractAccepted) -> ContractState:
    """The first acceptance of a holder stands; the next ones are answered with it."""
    if state.accepted is not None and state.accepted.customer_id == event.customer_id:
        return state
    return _with(state, accepted=event)
