"""A new term, and a term that ends before the cancellation does."""

from __future__ import annotations

from datetime import date

from services.cancellation.file.change_holder import restored_in_time
from services.cancellation.file.decision import Decision
from services.cancellation.file.private_events import NoticeKept, NoticeReopened, TermBegun
from services.cancellation.file.request import decide_request
from services.cancellation.file.state import CancellationFile, ContractFacts, RequestStatus
from services.cancellation.policies import own_term
from shared.events.cancellations import CancellationNotRequired
from shared.events.values import days_after


def begin_term(decision: Decision) -> None:
    """A term recorded after the effective day or the lapse begins a new life of the contract."""
    contract = decision.file.contract
    if contract is None or contract.starts_on is None:
        return
    if not _has_new_term(decision.file, contract.starts_on):
        return
    decision.record(
        TermBegun(
            contract_number=decision.file.contract_number,
            starts_on=contract.starts_on,
            overtaken=_overtaken(decision.file, contract.starts_on),
        )
    )


def _overtaken(file: CancellationFile, starts_on: date) -> tuple[tuple[str, date], ...]:
    """The invoices that would have lapsed before the new term, had another not lapsed first."""
    if file.lapsed_on is None:
        return ()
    return tuple(
        (r.invoice_number, r.issued_on)
        for r in file.renewals
        if not r.lapsed and not r.past and r.lapses_on < starts_on
    )


def _has_new_term(file: CancellationFile, starts_on: date) -> bool:
    over = file.cancellation
    if any(r.lapsed and not r.past and r.lapses_on < starts_on for r in file.renewals):
        return True
    if over is None or not over.took_effect or over.effective_on >= starts_on:
        return False
    # A contract may have been cancelled before it began; that is no new term.
    return over.dates is None or over.dates.term_starts_on != starts_on


def term_changed(decision: Decision, before: ContractFacts | None) -> None:
    """The registry has recorded another term than `before`."""
    _supersede_cancellation(decision)
    _reopen_notices(decision, before)


def _supersede_cancellation(decision: Decision) -> None:
    """Nothing later than the contract's last day is charged: it ends by itself before."""
    contract, cancellation = decision.file.contract, decision.file.cancellation
    if contract is None or contract.last_day is None:
        return
    if cancellation is None or cancellation.took_effect:
        return
    if cancellation.suspended and not restored_in_time(decision):
        return
    request = decision.file.request(cancellation.inquiry_id)
    if request is None or not contract.ends_before(cancellation.last_billable_on):
        return
    outcome = own_term.ends_by_itself(cancellation.policy, contract.last_day)
    decision.record(
        CancellationNotRequired(
            **decision.about(request, outcome.because), ends_on=contract.last_day
        )
    )
    decision.record(
        NoticeKept(contract_number=decision.file.contract_number, inquiry_id=request.inquiry_id)
    )


def _reopen_notices(decision: Decision, before: ContractFacts | None) -> None:
    """A request that stands as notice is decided again, from its first day of receipt."""
    contract = decision.file.contract
    if contract is None or before is None or before.last_day is None:
        return
    if contract.last_day is not None and contract.last_day <= before.last_day:
        return
    for notice in decision.file.open_requests_of(contract.customer_id):
        request = decision.file.request(notice.inquiry_id)
        if request is not None and request.status is RequestStatus.NOTICE:
            _decide_again(decision, request.inquiry_id)


def _decide_again(decision: Decision, inquiry_id: str) -> None:
    request = decision.file.request(inquiry_id)
    assert request is not None
    terms = decision.rules.version(request.policy_version)
    due_on = max(request.due_on, terms.evidence_due_on(decision.today))
    decision.record(
        NoticeReopened(
            contract_number=decision.file.contract_number,
            inquiry_id=inquiry_id,
            due_on=due_on,
            remind_on=days_after(due_on, -terms.reminder_days),
        )
    )
    reopened = decision.file.request(inquiry_id)
    assert reopened is not None
    decide_request(decision, reopened)
