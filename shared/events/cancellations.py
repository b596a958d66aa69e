"""Events that the desk publishes on `desk.cancellations`, for billing."""

from __future__ import annotations

from typing import ClassVar

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.newer import OpenToNewer
from shared.events.values import Bilingual, Count, Day, Evidence


class CancellationEvent(Event):
    """The fields of every decision: its policy, its rule and an explanation for the customer.

    `sequence` counts 1, 2, 3… per contract, without gaps. `inquiry_id` is the inquiry whose
    request this decides; `answers_inquiry_id` is the inquiry of the submission that brought the
    decision about, where that is another one (evidence, a withdrawal).
    """

    contract_number: str
    customer_id: str
    inquiry_id: str | None = None
    answers_inquiry_id: str | None = None
    sequence: Count
    policy: str
    policy_version: str
    rule: str
    explanation: Bilingual


class RequestDecision(CancellationEvent):
    """A decision on what somebody asked for: unlike a lapse, it always names the inquiry."""

    inquiry_id: str


class CancellationScheduled(RequestDecision):
    """The contract ends on `effective_on`; the last day to charge is `last_billable_on`."""

    ce_type: ClassVar[str] = "cancellation.scheduled.v1"

    received_on: Day
    complete_on: Day
    notice_ends_on: Day
    effective_on: Day
    last_billable_on: Day


class CancellationNotRequired(RequestDecision):
    """The contract ends without a cancellation, has ended, or needs none (F10).

    `ends_on` is its last day, `lapsed_on` when its renewal lapsed, `lapses_on` when an open one
    will. For a request that was scheduled before, this takes the cancellation's place.
    """

    ce_type: ClassVar[str] = "cancellation.not_required.v1"

    lapses_on: Day | None = None
    ends_on: Day | None = None
    lapsed_on: Day | None = None


class CancellationEvidenceAwaited(RequestDecision):
    """The request is kept; `missing` is due on `due_on`, the last day on which it counts."""

    ce_type: ClassVar[str] = "cancellation.evidence_awaited.v1"

    missing: tuple[Evidence, ...]
    due_on: Day


class CancellationEvidenceReminded(RequestDecision):
    """One reminder before `due_on`."""

    ce_type: ClassVar[str] = "cancellation.evidence_reminded.v1"

    missing: tuple[Evidence, ...]
    due_on: Day


class CancellationExpired(RequestDecision):
    """The missing evidence did not come by `due_on`; the request has ended."""

    ce_type: ClassVar[str] = "cancellation.expired.v1"

    due_on: Day


class ReferralCause(OpenToNewer, Word):
    NO_POLICY = "no_policy", "No policy knows the contract's type."
    CONTRACT_NOT_FOUND = "contract_not_found", "The registry has no such contract of this customer."
    NOT_STARTED = "not_started", "The policy's day lies before the contract's first."
    CONTRADICTORY_RECORD = "contradictory_record", "The registry's record ends before it starts."
    PAYMENT_REVERSED = (
        "payment_reversed",
        "The bank took a payment back after the invoice's 75th day.",
    )
    PAID_AFTER_LAPSE = (
        "paid_after_lapse",
        "The invoice was paid after the 75th day; the lapse stands.",
    )
    PAID_IN_TIME_REPORTED_LATE = (
        "paid_in_time_reported_late",
        "Paid in time and reported too late for an automatic reinstatement.",
    )
    RECEIVED_IN_TIME = (
        "received_in_time",
        "Received in time, delivered after the effect or the expiry.",
    )


class CancellationReferred(CancellationEvent):
    """A professional decides (F6). What billing reports of a renewal belongs to no inquiry."""

    ce_type: ClassVar[str] = "cancellation.referred.v1"

    cause: ReferralCause
    invoice_number: str | None = None


class CancellationRefused(CancellationEvent):
    """The professional refused; `reason` is empty if none was given."""

    ce_type: ClassVar[str] = "cancellation.refused.v1"

    reason: str
    agent_id: str


class CancellationAlreadyScheduled(RequestDecision):
    """A second request is answered with the first one's dates; it is not a second cancellation."""

    ce_type: ClassVar[str] = "cancellation.already_scheduled.v1"

    effective_on: Day
    first_inquiry_id: str


class CancellationWithdrawn(RequestDecision):
    """The customer took the request back in time."""

    ce_type: ClassVar[str] = "cancellation.withdrawn.v1"

    withdrawn_on: Day


class WithdrawalRefusal(OpenToNewer, Word):
    NOTHING_SCHEDULED = (
        "nothing_scheduled",
        "Nothing of this customer is scheduled, or it is withdrawn already.",
    )
    ALREADY_EFFECTIVE = "already_effective", "The effective day has begun."


class CancellationWithdrawalRefused(RequestDecision):
    """There is nothing to take back, or not any more; `withdrawn_on` is when it was, if it was."""

    ce_type: ClassVar[str] = "cancellation.withdrawal_refused.v1"

    cause: WithdrawalRefusal
    withdrawn_on: Day | None = None


class CancellationTookEffect(RequestDecision):
    """The effective day has begun; the contract is cancelled."""

    ce_type: ClassVar[str] = "cancellation.took_effect.v1"

    effective_on: Day
    last_billable_on: Day


class RenewalLapsed(CancellationEvent):
    """An automatic renewal's invoice was not paid in 75 days (F10)."""

    ce_type: ClassVar[str] = "renewal.lapsed.v1"

    invoice_number: str
    issued_on: Day
    effective_on: Day
    last_billable_on: Day


class SuspensionCause(OpenToNewer, Word):
    HOLDER_CHANGED = "holder_changed", "The registry names another holder."


class CancellationSuspended(RequestDecision):
    """The cancellation takes no effect until a professional approves it; charging continues.

    `effective_on` is the day for which it was scheduled.
    """

    ce_type: ClassVar[str] = "cancellation.suspended.v1"

    cause: SuspensionCause
    effective_on: Day


class RenewalWatched(CancellationEvent):
    """An automatic renewal's invoice is open; unpaid on `lapses_on`, the renewal lapses (F10)."""

    ce_type: ClassVar[str] = "renewal.watched.v1"

    invoice_number: str
    issued_on: Day
    lapses_on: Day


class RenewalReinstated(CancellationEvent):
    """The lapse of `lapsed_on` is undone: its invoice was paid on `paid_on`. Charging continues."""

    ce_type: ClassVar[str] = "renewal.reinstated.v1"

    invoice_number: str
    paid_on: Day
    lapsed_on: Day
