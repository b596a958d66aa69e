"""A professional decides what the rules could not (F6)."""

from __future__ import annotations

from datetime import date

from services.cancellation.course import Course
from services.cancellation.file import File, Request
from services.cancellation.policies import refer
from services.cancellation.policies.outcome import Schedule
from services.cancellation.requesting import already_scheduled, schedule
from shared.events.agents import ReferralDecided
from shared.events.cancellations import CancellationRefused


def referral_decided(course: Course, decided: ReferralDecided, decided_on: date) -> None:
    """Approved with a date (without one: on the day of the decision), or refused with a reason."""
    request = _referred(course.file, decided.inquiry_id)
    if request is None:
        return None
    if not decided.approved:
        return _refuse(course, request, decided)
    if course.file.cancellation is not None:
        return already_scheduled(course, request)
    effective_on = decided.effective_on or decided_on
    because = refer.approved(effective_on)
    outcome = Schedule(
        because, complete_on=decided_on, notice_ends_on=effective_on, effective_on=effective_on
    )
    return schedule(course, request, outcome)


def _referred(file: File, inquiry_id: str | None) -> Request | None:
    """The referral of that inquiry; if none is named, the oldest open one."""
    referred = (r for r in file.referred() if inquiry_id in (None, r.inquiry_id))
    return next(referred, None)


def _refuse(course: Course, request: Request, decided: ReferralDecided) -> None:
    event = CancellationRefused(
        **course.about(request, refer.refused()),
        reason=decided.reason or refer.DEFAULT_REASON,
        agent_id=decided.agent_id,
    )
    course.answers(request, event)
