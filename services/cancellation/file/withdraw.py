"""A customer takes a cancellation back: until the day before it takes effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.cancellation.file.decision import Decision
from services.cancellation.file.private_events import LateWithdrawalNoted, RequestClosed
from services.cancellation.file.state import Cancellation, Closed, Closing, Request
from services.cancellation.policies import every_policy, refer
from services.cancellation.policies.outcome import Because
from shared.events.cancellations import (
    CancellationReferred,
    CancellationWithdrawalRefused,
    CancellationWithdrawn,
    WithdrawalRefusal,
)
from shared.events.requests import CancellationWithdrawalRequested
from shared.events.values import madrid_date


def withdrawal_requested(decision: Decision, asked: CancellationWithdrawalRequested) -> None:
    """Decided on what this customer has in the file, so that nobody learns about others' files.

    A withdrawal never undoes a request that was received after it.
    """
    file, customer = decision.file, asked.customer_id
    cancellation = file.cancellation_of(customer)
    scheduled = file.request(cancellation.inquiry_id) if cancellation else None
    open_requests = () if cancellation else file.withdrawable_requests_of(customer)
    later = [r for r in (scheduled, *open_requests) if r and r.came_after(asked.received_at)]
    if cancellation is not None and scheduled not in later:
        return _withdraw_cancellation(decision, asked, cancellation)
    earlier = [request for request in open_requests if request not in later]
    if earlier:
        return _withdraw_open_requests(decision, asked, earlier)
    return _nothing_to_withdraw(decision, asked, later)


def _nothing_to_withdraw(
    decision: Decision, asked: CancellationWithdrawalRequested, later: Sequence[Request]
) -> None:
    withdrawn = decision.file.last_withdrawn(asked.customer_id)
    asked_on = madrid_date(asked.received_at)
    version = decision.rules.in_force_on(asked_on).version
    cause = WithdrawalRefusal.NOTHING_SCHEDULED
    if later:
        last_on = max(request.received_on for request in later)
        because = every_policy.withdrawal_before_request(asked_on, last_on)
        return _refuse(decision, asked, cause, because, version)
    if withdrawn is None or withdrawn.closed is None:
        return _refuse(decision, asked, cause, every_policy.nothing_to_withdraw(), version)
    because = every_policy.already_withdrawn(withdrawn.closed.on)
    return _refuse(decision, asked, cause, because, version, withdrawn_on=withdrawn.closed.on)


def _withdraw_cancellation(
    decision: Decision, asked: CancellationWithdrawalRequested, cancellation: Cancellation
) -> None:
    withdrawn_on = madrid_date(asked.received_at)
    if withdrawn_on >= cancellation.effective_on:
        because = every_policy.too_late_to_withdraw(cancellation)
        version = cancellation.policy_version
        return _refuse(decision, asked, WithdrawalRefusal.ALREADY_EFFECTIVE, because, version)
    again = decision.file.asked_again(asked.customer_id, asked.received_at)
    if again:
        return _nothing_to_withdraw(decision, asked, again)
    if cancellation.took_effect:
        return _refer(decision, asked, cancellation, withdrawn_on)
    because = every_policy.withdrawn(cancellation, withdrawn_on)
    decision.record(
        CancellationWithdrawn(
            **decision.about_cancellation(cancellation, because),
            answers_inquiry_id=asked.inquiry_id,
            withdrawn_on=withdrawn_on,
        )
    )
    return _close(decision, cancellation.inquiry_id, withdrawn_on)


def _refer(
    decision: Decision,
    asked: CancellationWithdrawalRequested,
    cancellation: Cancellation,
    received_on: date,
) -> None:
    """Received in time and delivered after the effect: a professional decides."""
    decision.record(
        LateWithdrawalNoted(
            contract_number=decision.file.contract_number,
            inquiry_id=cancellation.inquiry_id,
            received_on=received_on,
        )
    )
    outcome = refer.received_in_time(received_on)
    decision.record(
        CancellationReferred(
            **decision.about_cancellation(cancellation, outcome.because),
            answers_inquiry_id=asked.inquiry_id,
            cause=outcome.cause,
        )
    )


def _withdraw_open_requests(
    decision: Decision, asked: CancellationWithdrawalRequested, requests: Sequence[Request]
) -> None:
    withdrawn_on = madrid_date(asked.received_at)
    for request in requests:
        because = every_policy.withdrawn_undecided(request.policy, withdrawn_on)
        event = CancellationWithdrawn(**decision.about(request, because), withdrawn_on=withdrawn_on)
        decision.answers(request, event, asked_by=asked.inquiry_id)
        _close(decision, request.inquiry_id, withdrawn_on)


def _close(decision: Decision, inquiry_id: str, withdrawn_on: date) -> None:
    decision.record(
        RequestClosed(
            contract_number=decision.file.contract_number,
            inquiry_id=inquiry_id,
            closed=Closed(how=Closing.WITHDRAWN, on=withdrawn_on),
        )
    )


def _refuse(
    decision: Decision,
    asked: CancellationWithdrawalRequested,
    cause: WithdrawalRefusal,
    because: Because,
    version: str,
    withdrawn_on: date | None = None,
) -> None:
    decision.record(
        CancellationWithdrawalRefused(
            contract_number=asked.contract_number,
            customer_id=asked.customer_id,
            inquiry_id=asked.inquiry_id,
            sequence=decision.next_sequence,
            policy=because.policy,
            policy_version=version,
            rule=because.rule,
            explanation=because.explanation,
            cause=cause,
            withdrawn_on=withdrawn_on,
        )
    )
