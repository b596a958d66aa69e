"""Activating a ServicePac by its code; five wrong codes lock it until an agent unlocks (F9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from services.contract_archive.contract_state import (
    ActivationAttemptsRestored,
    ActivationHeld,
    ContractState,
    HeldActivation,
    fold,
)
from services.contract_archive.rules import Rules
from shared.events.contracts import (
    ContractActivated,
    ContractActivationFailed,
    ContractRecorded,
    ContractType,
)
from shared.events.envelope import Event
from shared.events.requests import ContractActivationRequested


def activate(
    rules: Rules, request: ContractActivationRequested, state: ContractState, as_of: datetime
) -> Sequence[Event]:
    """A contract that the registry has not reported yet is waited for."""
    activation = HeldActivation(
        inquiry_id=request.inquiry_id,
        customer_id=request.customer_id,
        code_sha256=_digest(request.activation_code),
        until=as_of + rules.access_grace,
    )
    if state.facts is None:
        return [ActivationHeld(contract_number=state.contract_number, held=activation)]
    return [_answer(rules, activation, state)]


def unlock(state: ContractState) -> Sequence[Event]:
    if state.attempts_left is None:
        return []
    return [ActivationAttemptsRestored(contract_number=state.contract_number)]


def settle_activations(rules: Rules, state: ContractState, as_of: datetime) -> Sequence[Event]:
    """Answers what waited for the contract's record, or waited long enough."""
    happened: list[Event] = []
    for held in state.held_activations:
        now = fold(state, happened)
        if now.facts is not None or held.until <= as_of:
            happened.append(_answer(rules, held, now))
    return happened


def _answer(rules: Rules, activation: HeldActivation, state: ContractState) -> Event:
    left = rules.activation_attempts if state.attempts_left is None else state.attempts_left
    if left > 0 and _matches(activation, state.facts):
        return ContractActivated(
            contract_number=state.contract_number,
            customer_id=activation.customer_id,
            inquiry_id=activation.inquiry_id,
        )
    return ContractActivationFailed(
        contract_number=state.contract_number,
        customer_id=activation.customer_id,
        inquiry_id=activation.inquiry_id,
        attempts_left=max(0, left - 1),
    )


def _matches(activation: HeldActivation, facts: ContractRecorded | None) -> bool:
    if facts is None or facts.type != ContractType.SERVICEPAC or facts.activation_code is None:
        return False
    return compare_digest(activation.code_sha256, _digest(facts.activation_code))


def _digest(code: str) -> str:
    return sha256(code.strip().encode("utf-8", "surrogatepass")).hexdigest()
