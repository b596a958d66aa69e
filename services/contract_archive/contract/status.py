"""Derives a contract's status from the registry's facts, the date, and its cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from services.contract_archive.contract.issue_text import issue_text
from services.contract_archive.contract.private_events import CancellationNoted, TerminationNoted
from services.contract_archive.contract.state import CancellationStanding, ContractState
from shared.events.cancellations import (
    CancellationEvent,
    CancellationNotRequired,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawn,
    RenewalLapsed,
    RenewalReinstated,
)
from shared.events.contracts import (
    ContractRecorded,
    ContractStatus,
    ContractStatusChanged,
    ContractType,
    RegistryContractRecorded,
    RegistryContractTerminated,
)
from shared.events.envelope import Event
from shared.events.values import days_after, start_of_day

_STANDING_AFTER: dict[type[CancellationEvent], CancellationStanding] = {
    CancellationScheduled: CancellationStanding.SCHEDULED,
    CancellationTookEffect: CancellationStanding.TOOK_EFFECT,
    RenewalLapsed: CancellationStanding.LAPSED,
}
_NO_LONGER: dict[type[CancellationEvent], frozenset[CancellationStanding]] = {
    CancellationWithdrawn: frozenset(
        {CancellationStanding.SCHEDULED, CancellationStanding.TOOK_EFFECT}
    ),
    CancellationSuspended: frozenset({CancellationStanding.SCHEDULED}),
    CancellationNotRequired: frozenset({CancellationStanding.SCHEDULED}),
    RenewalReinstated: frozenset({CancellationStanding.LAPSED}),
}
"""The standings that a decision ends, if it decides the request that brought them about."""


OVER = (ContractStatus.ENDED, ContractStatus.CANCELLED, ContractStatus.LAPSED)


def record(
    reported: RegistryContractRecorded, state: ContractState, as_of: datetime
) -> Sequence[Event]:
    """The registry's facts, without the activation code: that is on no topic of the desk's.

    Facts that changed have a text of their own (F1).

    A termination stands until the registry records a later term.
    """
    facts = ContractRecorded.model_validate(reported.model_dump(exclude={"activation_code"}))
    if state.terminated_on is not None and facts.starts_on < state.terminated_on:
        facts = _terminated(facts, state.terminated_on)
    return [] if facts == _reported(state.facts) else _changed(facts, state, as_of)


def _reported(facts: ContractRecorded | None) -> ContractRecorded | None:
    """The registry's facts. Those of earlier releases have a code; a missing one is no change."""
    return facts and facts.model_copy(update={"activation_code": None, "acceptable": None})


def _changed(facts: ContractRecorded, state: ContractState, as_of: datetime) -> Sequence[Event]:
    """A text is issued with the facts, so what is not over can be accepted."""
    acceptable = status_of(state, facts, as_of) not in OVER
    told = {"activation_code": None, "acceptable": acceptable}
    return [facts.model_copy(update=told), issue_text(facts, state)]


def terminate(
    terminated: RegistryContractTerminated, state: ContractState, as_of: datetime
) -> Sequence[Event]:
    """The registry ends the contract; the day before is its last day, unless it ended earlier."""
    noted = TerminationNoted(
        contract_number=terminated.contract_number, terminated_on=terminated.terminated_on
    )
    if state.facts is None or terminated.terminated_on <= state.facts.starts_on:
        # Of an unknown contract it waits for the record; of a later term it says nothing.
        return [noted] if state.facts is None else []
    facts = _terminated(state.facts, terminated.terminated_on)
    if facts == state.facts:
        return [noted]
    return [noted, *_changed(facts, state, as_of)]


def _terminated(facts: ContractRecorded, terminated_on: date) -> ContractRecorded:
    last_day = days_after(terminated_on, -1)
    ends_on = last_day if facts.ends_on is None or facts.auto_renewal else facts.ends_on
    ended = {
        "ends_on": min(ends_on, last_day),
        "auto_renewal": False,
        "terminated_on": terminated_on,
    }
    return facts.model_copy(update=ended)


def note_cancellation(decision: CancellationEvent, state: ContractState) -> Sequence[Event]:
    """The newest decision counts; what arrives after a newer one changes nothing."""
    if decision.sequence <= state.cancellation_sequence:
        return []
    number = decision.contract_number
    if _ends_standing(decision, state):
        return [
            CancellationNoted(
                contract_number=number,
                sequence=decision.sequence,
                standing=CancellationStanding.NONE,
                **_may_come_back(decision, state),
            )
        ]
    standing = _STANDING_AFTER.get(type(decision))
    if standing is None:
        return [_still_standing(decision, state)]
    return [
        CancellationNoted(
            contract_number=number,
            sequence=decision.sequence,
            standing=standing,
            effective_on=getattr(decision, "effective_on", None),
            term_starts_on=_term_starts_on(decision, state),
            inquiry_id=decision.inquiry_id,
        )
    ]


def _may_come_back(decision: CancellationEvent, state: ContractState) -> dict[str, Any]:
    """A suspended cancellation that is scheduled again still ends the term of its first day."""
    if not isinstance(decision, CancellationSuspended):
        return {}
    return {
        "term_starts_on": state.cancellation_term_starts_on,
        "inquiry_id": decision.inquiry_id,
    }


def _ends_standing(decision: CancellationEvent, state: ContractState) -> bool:
    """Somebody else's withdrawn request, say, leaves the holder's cancellation alone."""
    if state.cancellation not in _NO_LONGER.get(type(decision), ()):
        return False
    if isinstance(decision, RenewalReinstated):
        return state.cancellation_effective_on in (None, decision.lapsed_on)
    return state.cancellation_inquiry_id in (None, decision.inquiry_id)


def _still_standing(decision: CancellationEvent, state: ContractState) -> CancellationNoted:
    return CancellationNoted(
        contract_number=decision.contract_number,
        sequence=decision.sequence,
        standing=state.cancellation,
        effective_on=state.cancellation_effective_on,
        term_starts_on=state.cancellation_term_starts_on,
        inquiry_id=state.cancellation_inquiry_id,
    )


def _term_starts_on(decision: CancellationEvent, state: ContractState) -> date | None:
    """A cancellation ends the term in which it was scheduled, even if the next one is recorded."""
    match decision:
        case CancellationScheduled(inquiry_id=inquiry_id) if _was_suspended(inquiry_id, state):
            return state.cancellation_term_starts_on
        case CancellationScheduled():
            return state.facts.starts_on if state.facts else None
        case CancellationTookEffect():
            return state.cancellation_term_starts_on
    return None


def _was_suspended(inquiry_id: str | None, state: ContractState) -> bool:
    if inquiry_id is None or state.cancellation_term_starts_on is None:
        return False
    standing, same = state.cancellation, state.cancellation_inquiry_id == inquiry_id
    return standing is CancellationStanding.NONE and same


def bring_up_to_date(state: ContractState, as_of: datetime) -> Sequence[Event]:
    """Announces the contract's status as of `as_of`, if it differs from the last one."""
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
    standing = state.cancellation
    if _is_history(state, facts):
        standing = CancellationStanding.NONE
    if standing is CancellationStanding.TOOK_EFFECT:
        return ContractStatus.CANCELLED
    if standing is CancellationStanding.LAPSED:
        return ContractStatus.LAPSED
    ends_at = _ends_at(facts)
    if ends_at is not None and ends_at <= as_of:
        return ContractStatus.ENDED
    if standing is CancellationStanding.SCHEDULED:
        return ContractStatus.CANCELLATION_SCHEDULED
    if as_of < start_of_day(facts.starts_on):
        return ContractStatus.DRAFT
    if facts.type == ContractType.SERVICEPAC and not state.activated:
        return ContractStatus.DRAFT
    return ContractStatus.ACTIVE


def _is_history(state: ContractState, facts: ContractRecorded) -> bool:
    """The registry has recorded a new term after the cancellation's or the lapse's day."""
    effective_on = state.cancellation_effective_on
    if effective_on is None or facts.starts_on <= effective_on:
        return False
    if state.cancellation is CancellationStanding.LAPSED:
        return True
    took_effect = state.cancellation is CancellationStanding.TOOK_EFFECT
    return took_effect and facts.starts_on != state.cancellation_term_starts_on


def changes_at(state: ContractState) -> datetime | None:
    """Returns the instant at which the passing of time changes the status; None if it does not."""
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
