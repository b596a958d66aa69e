"""Time as a message: when the file wants to be woken, and what is due then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.cancellation.file.add_evidence import expire
from services.cancellation.file.change_holder import alarm
from services.cancellation.file.decision import Decision
from services.cancellation.file.renewals import lapse_unpaid
from services.cancellation.file.request import decide_request
from services.cancellation.file.state import Cancellation, CancellationFile, Request, RequestStatus
from services.cancellation.policies import every_policy
from services.cancellation.policies.outcome import PolicyName
from services.cancellation.policies.renewal_lapse import lapse_decided_at, open_renewals
from shared.events.cancellations import CancellationEvidenceReminded, CancellationTookEffect
from shared.events.values import days_after, start_of_day

NEXT_INSTANT = timedelta(milliseconds=1)
"""The database keeps instants to the millisecond."""
ALARM_DAYS = 7
"""How long before its date an undecided suspended cancellation alarms."""


def due_at(file: CancellationFile) -> datetime | None:
    """The earliest instant at which something happens without anyone asking; None for never.

    A file that an earlier release wrote is due later than the last timer that it noted, as that
    release stored it; its next message forgets that timer.
    """
    earliest = min(_due_times(file), default=None)
    if earliest is None or file.woken_for is None:
        return earliest
    try:
        return max(earliest, file.woken_for + NEXT_INSTANT)
    except OverflowError:  # woken for the calendar's end: nothing can be later
        return None


def _due_times(file: CancellationFile) -> Iterator[datetime]:
    yield from (_request_due_at(request) for request in file.requests if _has_timer(request))
    cancellation = file.cancellation
    if cancellation is not None and not cancellation.took_effect:
        yield from _cancellation_due_at(cancellation)
    yield from (lapse_decided_at(renewal) for renewal in open_renewals(file))


def _cancellation_due_at(cancellation: Cancellation) -> Iterator[datetime]:
    if not cancellation.suspended:
        yield start_of_day(cancellation.effective_on)
    elif not cancellation.alarmed:
        yield start_of_day(days_after(cancellation.effective_on, -ALARM_DAYS))


def _has_timer(request: Request) -> bool:
    return request.status in (RequestStatus.HELD, RequestStatus.AWAITING)


def _request_due_at(request: Request) -> datetime:
    if request.held_until is not None:
        return request.held_until
    if not request.reminded:
        return start_of_day(request.remind_on)
    return _expires_at(request)


def _expires_at(request: Request) -> datetime:
    return start_of_day(days_after(request.due_on, 1))


def woken(decision: Decision) -> None:
    """Decides everything that is due by the service's clock and the broker's.

    The due time in the timer itself is ignored, since any producer could have written it.
    """
    at = decision.proven
    for request in decision.file.requests:
        if _has_timer(request) and _request_due_at(request) <= at:
            _request_due(decision, request, at)
    cancellation = decision.file.cancellation
    if cancellation is not None and not cancellation.took_effect:
        _cancellation_due(decision, cancellation, at)
    lapse_unpaid(decision, at)


def _request_due(decision: Decision, request: Request, at: datetime) -> None:
    if request.status is RequestStatus.HELD or _has_ended_for(decision, request):
        return decide_request(decision, request)
    if _expires_at(request) <= at:
        return expire(decision, request)
    because = every_policy.reminder(request.policy or PolicyName.REFER, request.due_on)
    return decision.record(
        CancellationEvidenceReminded(
            **decision.about(request, because), missing=request.missing, due_on=request.due_on
        )
    )


def _has_ended_for(decision: Decision, request: Request) -> bool:
    """Whether the requester's contract has ended by itself, so that nothing more is needed."""
    contract = decision.file.contract
    holds_it = decision.file.holder_is(request.customer_id)
    return holds_it and contract is not None and contract.ends_before(decision.today)


def _cancellation_due(decision: Decision, cancellation: Cancellation, at: datetime) -> None:
    if all(due > at for due in _cancellation_due_at(cancellation)):
        return None
    if cancellation.suspended:
        return alarm(decision, cancellation)
    because = every_policy.took_effect(cancellation)
    return decision.record(
        CancellationTookEffect(
            **decision.about_cancellation(cancellation, because),
            effective_on=cancellation.effective_on,
            last_billable_on=cancellation.last_billable_on,
        )
    )
