"""The registry names another holder while a cancellation is scheduled."""

from __future__ import annotations

from services.cancellation.file.decision import Course
from services.cancellation.file.private_events import ScheduleNoted, SuspensionAlarmed
from services.cancellation.file.state import Cancellation, ContractFacts, ScheduleDates
from services.cancellation.policies import every_policy
from shared.events.cancellations import (
    CancellationScheduled,
    CancellationSuspended,
    SuspensionCause,
)


def holder_changed(course: Course, before: ContractFacts | None) -> None:
    """Suspended, until a professional decides or the first holder is named again in time."""
    cancellation, contract = course.file.cancellation, course.file.contract
    if contract is None or cancellation is None or cancellation.took_effect:
        return
    holds_it = contract.customer_id == cancellation.customer_id
    if cancellation.suspended:
        # A term cut short meanwhile takes the cancellation's place: see `term_changed`.
        if restored_in_time(course) and not contract.ends_before(cancellation.last_billable_on):
            _schedule_as_before(course, cancellation)
        return
    same_as_before = before is not None and before.customer_id == contract.customer_id
    if not holds_it and not same_as_before:
        _suspend(course, cancellation)


def restored_in_time(course: Course) -> bool:
    """Whether the holder who asked for the suspended cancellation has the contract again."""
    cancellation = course.file.cancellation
    if cancellation is None or not course.file.holder_is(cancellation.customer_id):
        return False
    return cancellation.suspended and course.today < cancellation.effective_on


def _suspend(course: Course, cancellation: Cancellation) -> None:
    because = every_policy.holder_changed(cancellation)
    course.happens(
        CancellationSuspended(
            **course.about_cancellation(cancellation, because),
            cause=SuspensionCause.HOLDER_CHANGED,
            effective_on=cancellation.effective_on,
        )
    )


def _schedule_as_before(course: Course, cancellation: Cancellation) -> None:
    dates = _dates_of(course, cancellation)
    because = every_policy.holder_restored(cancellation)
    course.happens(
        CancellationScheduled(
            **course.about_cancellation(cancellation, because),
            received_on=dates.received_on,
            complete_on=dates.complete_on,
            notice_ends_on=dates.notice_ends_on,
            effective_on=cancellation.effective_on,
            last_billable_on=cancellation.last_billable_on,
        )
    )
    course.happens(ScheduleNoted(contract_number=course.file.contract_number, dates=dates))


def _dates_of(course: Course, cancellation: Cancellation) -> ScheduleDates:
    """What the schedule said; earlier releases kept only the day of receipt."""
    if cancellation.dates is not None:
        return cancellation.dates
    request = course.file.request(cancellation.inquiry_id)
    received_on = request.received_on if request else cancellation.effective_on
    return ScheduleDates(
        received_on=received_on,
        complete_on=received_on,
        notice_ends_on=cancellation.effective_on,
    )


def alarm(course: Course, cancellation: Cancellation) -> None:
    """Nobody has decided about a suspended cancellation, and its date is a week away."""
    course.happens(
        SuspensionAlarmed(
            contract_number=course.file.contract_number,
            inquiry_id=cancellation.inquiry_id,
            effective_on=cancellation.effective_on,
        )
    )
