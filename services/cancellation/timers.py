"""Time as a message: when the file wants to be woken, and what is due then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.cancellation.course import Course
from services.cancellation.evidence import expire
from services.cancellation.file import Cancellation, File, Request, Status
from services.cancellation.policies import every_policy
from services.cancellation.policies.outcome import PolicyName
from services.cancellation.policies.renewal_lapse import lapse_decided_at, open_renewals
from services.cancellation.records import FileWoken
from services.cancellation.renewals import lapse_unpaid
from services.cancellation.requesting import decide_request
from shared.events.cancellations import CancellationEvidenceReminded, CancellationTookEffect
from shared.events.internal import TimerDue
from shared.events.values import days_after, start_of_day

NEXT_INSTANT = timedelta(milliseconds=1)
"""The database keeps instants to the millisecond."""


def due_at(file: File) -> datetime | None:
    """The earliest instant at which something happens without anyone asking; None for never.

    Always later than the last timer decided: a timer's identity is its due time, so a request that
    came late and fell due at that same instant would otherwise never be woken.
    """
    earliest = min(_due_times(file), default=None)
    if earliest is None or file.woken_for is None:
        return earliest
    try:
        return max(earliest, file.woken_for + NEXT_INSTANT)
    except OverflowError:  # woken for the calendar's end: nothing can be later
        return None


def _due_times(file: File) -> Iterator[datetime]:
    yield from (_request_due_at(request) for request in file.requests if _has_timer(request))
    if file.cancellation is not None and not file.cancellation.took_effect:
        yield start_of_day(file.cancellation.effective_on)
    yield from (lapse_decided_at(renewal) for renewal in open_renewals(file))


def _has_timer(request: Request) -> bool:
    return request.status in (Status.HELD, Status.AWAITING)


def _request_due_at(request: Request) -> datetime:
    if request.held_until is not None:
        return request.held_until
    if not request.reminded:
        return start_of_day(request.remind_on)
    return _expires_at(request)


def _expires_at(request: Request) -> datetime:
    return start_of_day(days_after(request.due_on, 1))


def woken(course: Course, timer: TimerDue) -> None:
    """Everything that is due now. The clock that sent the timer may be ahead of ours: it counts."""
    at = max(course.now, timer.due_at)
    course.happens(FileWoken(contract_number=course.file.contract_number, due_at=timer.due_at))
    for request in course.file.requests:
        if _has_timer(request) and _request_due_at(request) <= at:
            _request_due(course, request, at)
    cancellation = course.file.cancellation
    if cancellation is not None and not cancellation.took_effect:
        _take_effect(course, cancellation, at)
    lapse_unpaid(course, at)


def _request_due(course: Course, request: Request, at: datetime) -> None:
    if request.status is Status.HELD:
        return decide_request(course, request)
    if _expires_at(request) <= at:
        return expire(course, request)
    because = every_policy.reminder(request.policy or PolicyName.REFER, request.due_on)
    return course.happens(
        CancellationEvidenceReminded(
            **course.about(request, because), missing=request.missing, due_on=request.due_on
        )
    )


def _take_effect(course: Course, cancellation: Cancellation, at: datetime) -> None:
    if start_of_day(cancellation.effective_on) > at:
        return
    because = every_policy.took_effect(cancellation)
    course.happens(
        CancellationTookEffect(
            **course.about_cancellation(cancellation, because),
            effective_on=cancellation.effective_on,
            last_billable_on=cancellation.last_billable_on,
        )
    )
