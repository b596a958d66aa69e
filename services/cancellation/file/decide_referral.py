"""A professional decides what the rules could not (F6)."""

from __future__ import annotations

from datetime import date

from services.cancellation.file.decision import Decision
from services.cancellation.file.evidence_received import EvidenceReceived
from services.cancellation.file.payments import paid_on
from services.cancellation.file.private_events import RenewalDecided, RequestClosed
from services.cancellation.file.refuse import refuse_act
from services.cancellation.file.renewals import lapse, reinstate
from services.cancellation.file.request import already_scheduled, schedule
from services.cancellation.file.state import (
    Cancellation,
    CancellationFile,
    Closed,
    Closing,
    RenewalInvoice,
    Request,
    same_invoice,
)
from services.cancellation.policies import refer, renewal_lapse
from services.cancellation.policies.outcome import Schedule
from shared.events.agents import ReferralDecided
from shared.events.cancellations import CancellationRefused, CancellationWithdrawn, ReferralCause
from shared.events.error_codes import ErrorCode
from shared.events.values import days_after

MOST_DAYS_BACK = 31
MOST_DAYS_AHEAD = 366


def referral_decided(
    decision: Decision, action_id: str, decided: ReferralDecided, decided_on: date
) -> None:
    """Approved with a date (without one: on the day of the decision), or refused with a reason.

    An act that is faulty of its matter is answered to the professional, and changes nothing.
    """
    request = _referred(decision, decided, decided_on)
    renewal = None if request else _referred_renewal(decision.file, decided)
    out_of_bounds = _named_out_of_bounds(decision, decided, request)
    if request is None and renewal is None:
        return refuse_act(decision, action_id, decided, ErrorCode.NOTHING_REFERRED, out_of_bounds)
    if out_of_bounds is not None:
        return refuse_act(decision, action_id, decided, out_of_bounds)
    if renewal is not None:
        return _decide_renewal(decision, decided, renewal)
    assert request is not None
    if not decided.approved:
        return _refuse(decision, request, decided)
    return _approve(decision, action_id, decided, request, decided_on)


def _referred(decision: Decision, decided: ReferralDecided, decided_on: date) -> Request | None:
    """The referral of that inquiry; if none is named, the oldest open one."""
    if decided.invoice_number is not None:
        return None
    named = decided.inquiry_id
    kept = (r for r in decision.file.referred() if named in (None, r.inquiry_id))
    found = next(kept, None)
    known = named is not None and decision.file.request(named) is not None
    if found is not None or known or named is None or decided.customer_id is None:
        return found
    return _not_kept(decision, named, decided.customer_id, decided_on)


def _not_kept(decision: Decision, inquiry_id: str, customer_id: str, decided_on: date) -> Request:
    """A referral that the file had no room for: it counts as received on the day of decision."""
    terms = decision.rules.in_force_on(decided_on)
    return Request(
        inquiry_id=inquiry_id,
        customer_id=customer_id,
        received_on=decided_on,
        given=EvidenceReceived(),
        policy_version=terms.version,
        due_on=decided_on,
        remind_on=decided_on,
    )


def _approve(
    decision: Decision, action_id: str, decided: ReferralDecided, request: Request, decided_on: date
) -> None:
    standing, its_own = decision.file.cancellation, _standing_of(decision.file, request)
    if its_own is not None and its_own.took_effect and request.late_withdrawal is not None:
        return _withdraw(decision, request, request.late_withdrawal)
    if standing is not None and not standing.suspended:
        return already_scheduled(decision, request)
    scheduled_on = its_own.effective_on if its_own else None
    effective_on = decided.effective_on or scheduled_on or decided_on
    fault = None if effective_on == scheduled_on else _out_of_bounds(decision, effective_on)
    fault = fault or _after_the_end(decision, effective_on)
    if fault is not None:
        return refuse_act(decision, action_id, decided, fault)
    because = refer.approved(effective_on)
    outcome = Schedule(
        because, complete_on=decided_on, notice_ends_on=effective_on, effective_on=effective_on
    )
    return schedule(decision, request, outcome)


def _standing_of(file: CancellationFile, request: Request | None) -> Cancellation | None:
    """The contract's cancellation, if this request brought it about."""
    standing = file.cancellation
    if standing is None or request is None or standing.inquiry_id != request.inquiry_id:
        return None
    return standing


def _named_out_of_bounds(
    decision: Decision, decided: ReferralDecided, request: Request | None
) -> ErrorCode | None:
    """Returns the fault of the date that the act names; one that is already scheduled has none."""
    its_own = _standing_of(decision.file, request)
    if decided.effective_on is None or (its_own and its_own.effective_on == decided.effective_on):
        return None
    return _out_of_bounds(decision, decided.effective_on)


def _out_of_bounds(decision: Decision, effective_on: date) -> ErrorCode | None:
    if effective_on < days_after(decision.today, -MOST_DAYS_BACK):
        return ErrorCode.TOO_OLD
    if effective_on > days_after(decision.today, MOST_DAYS_AHEAD):
        return ErrorCode.TOO_FAR_AHEAD
    return None


def _after_the_end(decision: Decision, effective_on: date) -> ErrorCode | None:
    """No day after the contract's last one is ever charged."""
    contract = decision.file.contract
    if contract is None or contract.last_day is None or contract.contradictory:
        return None
    return ErrorCode.AFTER_THE_END if effective_on > days_after(contract.last_day, 1) else None


def _withdraw(decision: Decision, request: Request, withdrawn_on: date) -> None:
    because = refer.withdrawal_approved(withdrawn_on)
    event = CancellationWithdrawn(**decision.about(request, because), withdrawn_on=withdrawn_on)
    decision.answers(request, event)
    decision.record(
        RequestClosed(
            contract_number=decision.file.contract_number,
            inquiry_id=request.inquiry_id,
            closed=Closed(how=Closing.WITHDRAWN, on=withdrawn_on),
        )
    )


def _refuse(decision: Decision, request: Request, decided: ReferralDecided) -> None:
    event = CancellationRefused(
        **decision.about(request, refer.refused()),
        reason=decided.reason or "",
        agent_id=decided.agent_id,
    )
    decision.answers(request, event)


def _referred_renewal(file: CancellationFile, decided: ReferralDecided) -> RenewalInvoice | None:
    """The renewal of that invoice; if nothing is named, the one referred first."""
    if decided.inquiry_id is not None:
        return None
    waiting = [r for r in file.renewals if r.referred is not None]
    if decided.invoice_number is not None:
        named = decided.invoice_number
        waiting = [r for r in waiting if same_invoice(r.invoice_number, named)]
    return next(iter(waiting), None)


def _decide_renewal(decision: Decision, decided: ReferralDecided, renewal: RenewalInvoice) -> None:
    """Approved: what was asked comes about. Refused: everything stays as it is."""
    cause, paid = renewal.referred, paid_on(decision.file, renewal)
    decision.record(
        RenewalDecided(
            contract_number=decision.file.contract_number,
            invoice_number=renewal.invoice_number,
            issued_on=renewal.issued_on,
        )
    )
    if not decided.approved:
        because = renewal_lapse.refused_by_agent()
        event = CancellationRefused(
            **decision.about_renewal(renewal, because),
            reason=decided.reason or "",
            agent_id=decided.agent_id,
        )
        return decision.record(event)
    if cause is ReferralCause.PAYMENT_REVERSED:
        return lapse(decision, renewal, renewal_lapse.lapsed_by_agent(renewal))
    paid = paid or decision.today
    return reinstate(decision, renewal, paid, renewal_lapse.reinstated_by_agent(paid))
