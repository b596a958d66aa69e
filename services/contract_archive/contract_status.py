"""What a contract's status is: by the registry's facts, the date, and its cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.contract_archive.contract_state import (
    CancellationNoted,
    CancellationStanding,
    ContractState,
)
from shared.events.cancellations import (
    CancellationEvent,
    CancellationScheduled,
    CancellationTookEffect,
    CancellationWithdrawn,
    RenewalLapsed,
)
from shared.events.contracts import (
    ContractRecorded,
    ContractStatus,
    ContractStatusChanged,
    ContractType,
    RegistryContractRecorded,
)
from shared.events.envelope import Event
from shared.events.values import start_of_day

_STANDING_AFTER: dict[type[CancellationEvent], CancellationStanding] = {
    CancellationScheduled: CancellationStanding.SCHEDULED,
    CancellationTookEffect: CancellationStanding.TOOK_EFFECT,
    RenewalLapsed: CancellationStanding.LAPSED,
}


def record(reported: RegistryContractRecorded, state: ContractState) -> Sequence[Event]:
    facts = ContractRecorded.model_validate(reported.model_dump())
    return [] if facts == state.facts else [facts]


def note_cancellation(decision: CancellationEvent, state: ContractState) -> Sequence[Event]:
    """The newest decision counts; what arrives after a newer one changes nothing."""
    if decision.sequence <= state.cancellation_sequence:
        return []
    standing = _STANDING_AFTER.get(type(decision), state.cancellation)
    if isinstance(decision, CancellationWithdrawn) and standing is CancellationStanding.SCHEDULED:
        standing = CancellationStanding.NONE
    return [
        CancellationNoted(
            contract_number=decision.contract_number,
            sequence=decision.sequence,
            standing=standing,
        )
    ]


def bring_up_to_date(state: ContractState, as_of: datetime) -> Sequence[Event]:
    """The status that the contract has by now, where the last one told is another."""
    if state.facts is None:
        return []
    status = status_of(state, state.facts, as_of)
    if status is state.status:
        return []
    return [
        ContractStatusChanged(
            contract_number=state.contract_number,
            customer_id=state.facts.customer_id,
            status=status,
        )
    ]


def status_of(state: ContractState, facts: ContractRecorded, as_of: datetime) -> ContractStatus:
    if state.cancellation is CancellationStanding.TOOK_EFFECT:
        return ContractStatus.CANCELLED
    if state.cancellation is CancellationStanding.LAPSED:
        return ContractStatus.LAPSED
    ends_at = _ends_at(facts)
    if ends_at is not None and ends_at <= as_of:
        return ContractStatus.ENDED
    if state.cancellation is CancellationStanding.SCHEDULED:
        return ContractStatus.CANCELLATION_SCHEDULED
    if as_of < start_of_day(facts.starts_on):
        return ContractStatus.DRAFT
    if facts.type == ContractType.SERVICEPAC and not state.activated:
        return ContractStatus.DRAFT
    return ContractStatus.ACTIVE


def changes_at(state: ContractState) -> datetime | None:
    """When time alone will change the status that was told last."""
    facts = state.facts
    if facts is None or state.status is None:
        return None
    ends_at = _ends_at(facts)
    bounds = (start_of_day(facts.starts_on), *([ends_at] if ends_at else []))
    if state.status is ContractStatus.DRAFT:
        return min((at for at in bounds if _ends_draft(state, facts, at)), default=None)
    if state.status in (ContractStatus.ACTIVE, ContractStatus.CANCELLATION_SCHEDULED):
        return ends_at
    return None


def _ends_draft(state: ContractState, facts: ContractRecorded, at: datetime) -> bool:
    return status_of(state, facts, at) is not ContractStatus.DRAFT


def _ends_at(facts: ContractRecorded) -> datetime | None:
    """The end of the last day in Madrid; the calendar's last date means that there is none."""
    if facts.auto_renewal or facts.ends_on is None or facts.ends_on == date.max:
        return None
    return start_of_day(facts.ends_on + timedelta(days=1))
