"""The registry names another holder while a cancellation is scheduled."""

from __future__ import annotations

from services.cancellation.file.decision import Decision
from services.cancellation.file.private_events import ScheduleNoted, SuspensionAlarmed
from services.cancellation.file.state import Cancellation, ContractFacts, ScheduleDates
from services.cancellation.policies import every_policy
from shared.events.cancellations import (
    CancellationScheduled,
    CancellationSuspended,
    SuspensionCause,
)


def holder_changed(decision: Decision, before: ContractFacts | None) -> None:
    """Suspended, until a professional decides or the first holder is named again in time."""
    cancellation, contract = decision.file.cancellation, decision.file.contract
    if contract is None or cancellation is None or cancellation.took_effect:
        return
    holds_it = contract.customer_id == cancellation.customer_id
    if cancellation.suspended:
        # A term cut short meanwhile takes the cancellation's place: see `term_changed`.
        if restored_in_time(decision) and not contract.ends_before(cancellation.last_billable_on):
            _schedule_as_before(decision, cancellation)
        return
    same_as_before = before is not None and before.customer_id == contract.customer_id
    if not holds_it and not same_as_before:
        _suspend(decision, cancellation)


def restored_in_time(decision: Decision) -> bool:
    """Whether the holder who asked for the suspended cancellation has the contract again."""
    cancellation = decision.file.cancellation
    if cancellation is None or not decision.file.holder_is(cancellation.customer_id):
        return False
    return cancellation.suspended and decision.today < cancellation.effective_on


def _suspend(decision: Decision, cancellation: Cancellation) -> None:
    because = every_policy.holder_changed(cancellation)
    decision.record(
        CancellationSuspended(
            **decision.about_cancellation(cancellation, because),
            cause=SuspensionCause.HOLDER_CHANGED,
            effective_on=cancellation.effective_on,
        )
    )


def _schedule_as_before(decision: Decision, cancellation: Cancellation) -> None:
    dates = _dates_of(decision, cancellation)
    because = every_policy.holder_restored(cancellation)
    decision.record(
        CancellationScheduled(
            **decision.about_cancellation(cancellation, because),
            received_on=dates.received_on,
            complete_on=dates.complete_on,
            notice_ends_on=dates.notice_ends_on,
            effective_on=cancellation.effective_on,
            last_billable_on=cancellation.last_billable_on,
        )
    )
    decision.record(ScheduleNoted(contract_number=decision.file.contract_number, dates=dates))


def _dates_of(decision: Decision, cancellation: Cancellation) -> ScheduleDates:
    """Returns the dates of the schedule; earlier releases kept only the day of receipt."""
    if cancellation.dates is not None:
        return cancellation.dates
    request = decision.file.request(cancellation.inquiry_id)
    received_on = request.received_on if request else cancellation.effective_on
    return ScheduleDates(
        received_on=received_on,
        complete_on=received_on,
        notice_ends_on=cancellation.effective_on,
    )


def alarm(decision: Decision, cancellation: Cancellation) -> None:
    """Nobody has decided about a suspended cancellation, and its date is a week away."""
    decision.record(
        SuspensionAlarmed(
            contract_number=decision.file.contract_number,
            inquiry_id=cancellation.inquiry_id,
            effective_on=cancellation.effective_on,
        )
    )
