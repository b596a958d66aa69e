"""The contract: its record, text and status, its copies and acceptance, its activation.

Whatever happens to a contract, its status and the requests that wait are looked at again, so it
does not matter in which order the records of different topics arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from services.contract_archive.contract.activate import (
    activate,
    note_code,
    settle_activations,
    unlock,
)
from services.contract_archive.contract.approve import approve, note_view
from services.contract_archive.contract.evolve import evolve
from services.contract_archive.contract.order_document import (
    finish_document,
    order_document,
    order_of,
    refuse_document,
    settle_orders,
)
from services.contract_archive.contract.refuse import refuse_act
from services.contract_archive.contract.state import ContractState
from services.contract_archive.contract.status import (
    bring_up_to_date,
    changes_at,
    note_cancellation,
    record,
    terminate,
)
from services.contract_archive.customer.decide import CUSTOMER
from services.contract_archive.rules import Rules
from shared.events.agents import ActivationUnlocked, ContractApproved
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import RegistryContractRecorded, RegistryContractTerminated
from shared.events.envelope import Event, Message, Ref
from shared.events.error_codes import ErrorCode
from shared.events.internal import DocumentNotPrintable, DocumentStored, TimerDue
from shared.events.requests import (
    ContractAcceptanceRequested,
    ContractActivationRequested,
    ContractCopyRequested,
    ContractViewReported,
)
from shared.recorder import Recorder


def decide(
    rules: Rules, message: Message, state: ContractState | None, now: datetime
) -> Sequence[Event]:
    decision = Recorder(evolve, state or ContractState(contract_number=_number(message)))
    for step in _steps(rules, message, _as_of(message, now)):
        decision.record_all(step(decision.state))
    return decision.events


def _steps(
    rules: Rules, message: Message, as_of: datetime
) -> Iterator[Callable[[ContractState], Sequence[Event]]]:
    yield lambda contract: _answer(rules, message, contract, as_of)
    yield lambda contract: bring_up_to_date(contract, as_of)
    yield lambda contract: settle_orders(rules, contract, message.replicas, as_of)
    yield lambda contract: settle_activations(rules, contract, as_of)
    yield lambda contract: bring_up_to_date(contract, as_of)


def _answer(
    rules: Rules, message: Message, contract: ContractState, as_of: datetime
) -> Sequence[Event]:
    match message.data:
        case RegistryContractRecorded() as reported:
            code = note_code(rules, reported.activation_code, contract)
            return [*record(reported, contract, as_of), *code]
        case RegistryContractTerminated() as terminated:
            code = note_code(rules, None, contract)
            return [*code, *terminate(terminated, contract, as_of)]
        case CancellationEvent() as decision:
            return note_cancellation(decision, contract)
        case ContractCopyRequested() | ContractAcceptanceRequested():
            order = order_of(message.data, message.correlation_id)
            return order_document(rules, order, contract, message.replicas, as_of)
        case ContractApproved() | ActivationUnlocked() as act if message.id_reused:
            return [refuse_act(act, message.id, ErrorCode.ID_REUSED)]
        case ContractApproved() as approved:
            return approve(approved, message.id, contract)
        case ContractViewReported() as viewed:
            return note_view(viewed, contract, message.replicas)
        case ContractActivationRequested() as request:
            return activate(rules, request, contract, as_of)
        case ActivationUnlocked() as unlocked:
            return unlock(unlocked, message.id, contract)
        case DocumentStored() as stored:
            return finish_document(stored, contract)
        case DocumentNotPrintable() as unmade:
            return refuse_document(unmade, contract)
    return []


def _number(message: Message) -> str:
    return str(getattr(message.data, "contract_number"))  # noqa: B009 - every routed type has it


def _as_of(message: Message, now: datetime) -> datetime:
    """A timer is never early, even where this clock is behind the one that sent it."""
    return max(now, message.data.due_at) if isinstance(message.data, TimerDue) else now


def due_at(state: ContractState) -> datetime | None:
    status_changes_at = changes_at(state)
    instants = (*state.held_until, *((status_changes_at,) if status_changes_at else ()))
    return min(instants, default=None)


def work_at(state: ContractState) -> datetime | None:
    """Documents are made at once, one after the other."""
    return min((document.begun_at for document in state.documents), default=None)


def reads(state: ContractState, _message: Message) -> tuple[Ref, ...]:
    """The customers whose requests wait: any message may be the one that allows them."""
    return tuple(Ref(CUSTOMER, held.order.customer_id) for held in state.held_orders)
