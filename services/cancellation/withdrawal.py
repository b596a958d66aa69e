"""A customer takes a cancellation back: until the day before it takes effect."""

from __future__ import annotations

from services.cancellation.course import UNNUMBERED, Course
from services.cancellation.file import Cancellation
from services.cancellation.policies import every_policy
from services.cancellation.policies.outcome import Because
from shared.events.cancellations import (
    CancellationWithdrawalRefused,
    CancellationWithdrawn,
    WithdrawalRefusal,
)
from shared.events.requests import CancellationWithdrawalRequested
from shared.events.values import madrid_date


def withdrawal_requested(course: Course, asked: CancellationWithdrawalRequested) -> None:
    """Decided on what this customer has in the file, so that nobody learns about others' files."""
    cancellation = course.file.cancellation_of(asked.customer_id)
    if cancellation is not None:
        return _withdraw_cancellation(course, asked, cancellation)
    if course.file.open_requests_of(asked.customer_id):
        return _withdraw_open_requests(course, asked)
    version = course.rules.in_force_on(madrid_date(asked.received_at)).version
    because = every_policy.nothing_to_withdraw()
    return _refuse(course, asked, WithdrawalRefusal.NOTHING_SCHEDULED, because, version)


def _withdraw_cancellation(
    course: Course, asked: CancellationWithdrawalRequested, cancellation: Cancellation
) -> None:
    withdrawn_on = madrid_date(asked.received_at)
    if cancellation.took_effect or withdrawn_on >= cancellation.effective_on:
        because = every_policy.too_late_to_withdraw(cancellation)
        version = cancellation.policy_version
        return _refuse(course, asked, WithdrawalRefusal.ALREADY_EFFECTIVE, because, version)
    because = every_policy.withdrawn(cancellation, withdrawn_on)
    return course.happens(
        CancellationWithdrawn(
            **course.about_cancellation(cancellation, because),
            answers_inquiry_id=asked.inquiry_id,
            withdrawn_on=withdrawn_on,
        )
    )


def _withdraw_open_requests(course: Course, asked: CancellationWithdrawalRequested) -> None:
    withdrawn_on = madrid_date(asked.received_at)
    for request in course.file.open_requests_of(asked.customer_id):
        because = every_policy.withdrawn_undecided(request.policy, withdrawn_on)
        event = CancellationWithdrawn(**course.about(request, because), withdrawn_on=withdrawn_on)
        course.answers(request, event, asked_by=asked.inquiry_id)


def _refuse(
    course: Course,
    asked: CancellationWithdrawalRequested,
    cause: WithdrawalRefusal,
    because: Because,
    version: str,
) -> None:
    course.happens(
        CancellationWithdrawalRefused(
            contract_number=asked.contract_number,
            customer_id=asked.customer_id,
            inquiry_id=asked.inquiry_id,
            sequence=UNNUMBERED,
            policy=because.policy,
            policy_version=version,
            rule=because.rule,
            explanation=because.explanation,
            cause=cause,
        )
    )
