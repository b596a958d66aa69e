"""Activating a ServicePac by its code (F9).

Five wrong codes of a customer lock the activation for that customer; twenty of all customers in a
day lock it for everyone. An agent lifts both locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest

from services.contract_archive.contract.evolve import evolve
from services.contract_archive.contract.private_events import (
    ActivationAttemptsRestored,
    ActivationCodeNoted,
    ActivationFailureNoted,
    ActivationHeld,
)
from services.contract_archive.contract.refuse import refuse_act
from services.contract_archive.contract.state import ContractState, HeldActivation
from services.contract_archive.rules import Rules
from shared.events.activation_code import keyed_hash
from shared.events.agents import ActivationUnlocked
from shared.events.contracts import (
    ContractActivated,
    ContractActivationFailed,
    ContractType,
)
from shared.events.envelope import Event
from shared.events.error_codes import ErrorCode
from shared.events.requests import ContractActivationRequested
from shared.events.values import madrid_date
from shared.recorder import Recorder

MOST_HELD = 20
"""Activations of an unknown contract that wait for its record; further ones fail at once."""


def activate(
    rules: Rules, request: ContractActivationRequested, state: ContractState, as_of: datetime
) -> Sequence[Event]:
    """A contract that the registry has not reported yet is waited for."""
    activation = HeldActivation(
        inquiry_id=request.inquiry_id,
        customer_id=request.customer_id,
        code_hash=request.code_hash or _hash(rules, state, request.activation_code),
        until=as_of + rules.access_grace,
    )
    if state.facts is None and len(state.held_activations) < MOST_HELD:
        return [ActivationHeld(contract_number=state.contract_number, held=activation)]
    return _answer(rules, activation, state, as_of)


def note_code(rules: Rules, reported: str | None, state: ContractState) -> Sequence[Event]:
    """Keeps the hash of the registry's code, or of the one that facts of earlier releases have.

    A record without a code takes none away.
    """
    known = state.facts.activation_code if state.facts is not None else None
    code_hash = _hash(rules, state, reported or (None if state.activation_code_hash else known))
    if code_hash in ("", state.activation_code_hash):
        return []
    return [ActivationCodeNoted(contract_number=state.contract_number, code_hash=code_hash)]


def unlock(unlocked: ActivationUnlocked, action_id: str, state: ContractState) -> Sequence[Event]:
    """Lifts what locks there are, even before the registry reports the contract."""
    if state.attempts_left is None and not state.wrong_codes:
        unknown = state.facts is None
        return [refuse_act(unlocked, action_id, ErrorCode.CONTRACT_UNKNOWN)] if unknown else []
    return [ActivationAttemptsRestored(contract_number=state.contract_number)]


def settle_activations(rules: Rules, state: ContractState, as_of: datetime) -> Sequence[Event]:
    """Answers what waited for the contract's record, or waited long enough."""
    decision = Recorder(evolve, state)
    for held in state.held_activations:
        if state.facts is not None or held.until <= as_of:
            decision.record_all(_answer(rules, held, decision.state, as_of))
    return decision.events


def _answer(
    rules: Rules, activation: HeldActivation, state: ContractState, as_of: datetime
) -> Sequence[Event]:
    if _locked(rules, activation.customer_id, state, as_of):
        return _failure(activation, state, as_of, attempts_left=0, counted=False)
    if _matches(rules, activation, state):
        return [
            ContractActivated(
                contract_number=state.contract_number,
                customer_id=activation.customer_id,
                inquiry_id=activation.inquiry_id,
            )
        ]
    left = _attempts_left(rules, activation.customer_id, state, as_of) - 1
    return _failure(activation, state, as_of, attempts_left=left, counted=True)


def _failure(
    activation: HeldActivation,
    state: ContractState,
    as_of: datetime,
    *,
    attempts_left: int,
    counted: bool,
) -> Sequence[Event]:
    noted = ActivationFailureNoted(
        contract_number=state.contract_number,
        inquiry_id=activation.inquiry_id,
        customer_id=activation.customer_id,
        failed_on=madrid_date(as_of),
        counted=counted,
    )
    failed = ContractActivationFailed(
        contract_number=state.contract_number,
        customer_id=activation.customer_id,
        inquiry_id=activation.inquiry_id,
        attempts_left=attempts_left,
    )
    return [noted, failed]


def _locked(rules: Rules, customer_id: str, state: ContractState, as_of: datetime) -> bool:
    return _attempts_left(rules, customer_id, state, as_of) <= 0


def _attempts_left(rules: Rules, customer_id: str, state: ContractState, as_of: datetime) -> int:
    """Tries that the customer has left, or those of the contract's day if these are fewer.

    A contract whose day is full stays locked on the next days. A count of 0 that all customers
    shared is a lock from the days when they did.
    """
    if state.attempts_left == 0 and not state.wrong_codes:
        return 0
    own = next((c.count for c in state.wrong_codes if c.customer_id == customer_id), 0)
    day = state.wrong_codes_of_day
    full = day is not None and day.count >= rules.activation_attempts_of_all
    of_today = day.count if day is not None and (full or day.day == madrid_date(as_of)) else 0
    return min(rules.activation_attempts - own, rules.activation_attempts_of_all - of_today)


def _matches(rules: Rules, activation: HeldActivation, state: ContractState) -> bool:
    facts = state.facts
    if facts is None or facts.type != ContractType.SERVICEPAC:
        return False
    right = state.activation_code_hash or _hash(rules, state, facts.activation_code)
    return bool(right) and compare_digest(activation.code_hash, right)


def _hash(rules: Rules, state: ContractState, code: str | None) -> str:
    """Empty for no code, which no code matches."""
    return keyed_hash(rules.activation_code_key, state.contract_number, code) if code else ""
