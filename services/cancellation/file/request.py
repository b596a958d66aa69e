"""A customer asks for the cancellation; what the policies answer becomes events here."""

from __future__ import annotations

from datetime import date

from services.cancellation.file.bounds import has_room
from services.cancellation.file.decision import Decision
from services.cancellation.file.evidence_received import EvidenceReceived
from services.cancellation.file.private_events import (
    NoticeKept,
    RequestHeld,
    RequestReceived,
    ScheduleNoted,
)
from services.cancellation.file.state import ContractFacts, Request, ScheduleDates
from services.cancellation.policies import every_policy, own_term, refer
from services.cancellation.policies.catalogue import earliest_day, policy_for, policy_name
from services.cancellation.policies.outcome import (
    AwaitEvidence,
    NotRequired,
    Outcome,
    PolicyCase,
    Refer,
    Schedule,
)
from services.cancellation.policies.wording import day_before
from shared.events.cancellations import (
    CancellationAlreadyScheduled,
    CancellationEvidenceAwaited,
    CancellationNotRequired,
    CancellationReferred,
    CancellationScheduled,
)
from shared.events.contracts import ContractType
from shared.events.requests import CancellationEvidenceGiven, CancellationRequested
from shared.events.values import madrid_date


def cancellation_requested(decision: Decision, asked: CancellationRequested) -> None:
    """A request is decided at once, or held while the contract's record may be on its way."""
    if decision.file.request(asked.inquiry_id) is None:
        take_in(decision, asked)


def take_in(
    decision: Decision, submission: CancellationRequested | CancellationEvidenceGiven
) -> None:
    """Keep a submission as a request of its own, and decide it or hold it."""
    customer = submission.customer_id
    if not has_room(decision.file, customer) and not decision.file.cancellation_of(customer):
        return _refer_without_keeping(decision, submission)
    received = _received(decision, submission)
    decision.record(received)
    request = decision.file.requests[-1]
    if decision.file.holder_is(customer) or decision.file.cancellation_of(customer):
        return decide_request(decision, request)
    # Another customer's contract is held like an unknown one, so that nobody can tell them apart.
    until = decision.now + decision.rules.grace
    return decision.record(
        RequestHeld(
            contract_number=decision.file.contract_number,
            inquiry_id=request.inquiry_id,
            until=until,
        )
    )


def _refer_without_keeping(
    decision: Decision, submission: CancellationRequested | CancellationEvidenceGiven
) -> None:
    """Too many wait. The answer is a stranger's, or the holder's own; the file does not grow."""
    request = Request.model_validate(_received(decision, submission).model_dump())
    holds_it = decision.file.holder_is(request.customer_id)
    outcome = refer.too_many_requests() if holds_it else refer.contract_not_found()
    return _announce(decision, request, outcome)


def _received(
    decision: Decision, submission: CancellationRequested | CancellationEvidenceGiven
) -> RequestReceived:
    received_on = madrid_date(submission.received_at)
    terms = decision.rules.in_force_on(received_on)
    wanted_on: date | None = getattr(submission, "requested_end_on", None)
    return RequestReceived(
        contract_number=decision.file.contract_number,
        inquiry_id=submission.inquiry_id,
        customer_id=submission.customer_id,
        received_on=received_on,
        # One in the past counts as none.
        requested_end_on=wanted_on if wanted_on and wanted_on >= received_on else None,
        given=evidence_in(submission),
        only_evidence=isinstance(submission, CancellationEvidenceGiven),
        policy_version=terms.version,
        due_on=terms.evidence_due_on(received_on),
        remind_on=terms.remind_on(received_on),
        received_at=submission.received_at,
    )


def evidence_in(submission: CancellationRequested | CancellationEvidenceGiven) -> EvidenceReceived:
    """The pieces that a submission brings, on the Madrid date of its receipt."""
    return EvidenceReceived.on(
        madrid_date(submission.received_at),
        submission.channel,
        destruction_confirmed=submission.destruction_confirmed,
        signature=submission.signature,
        contact=submission.contact,
    )


def decide_request(decision: Decision, request: Request) -> None:
    """Applies the rules common to all policies, then the policy of the contract's type."""
    if decision.file.cancellation_of(request.customer_id):
        return already_scheduled(decision, request)
    return _announce(decision, request, _outcome(decision, request))


def _outcome(decision: Decision, request: Request) -> Outcome:
    file = decision.file
    if file.contract is None or not file.holder_is(request.customer_id):
        return refer.contract_not_found()
    if file.cancellation is not None:
        return refer.cancelled_by_another()
    terms = decision.rules.version(request.policy_version)
    return _decided_by_term(decision, file.contract, request) or _decided_by_policy(
        file.contract, PolicyCase(terms, request, file)
    )


def _decided_by_term(
    decision: Decision, contract: ContractFacts, request: Request
) -> Outcome | None:
    """Decides from the contract's record and renewals; None leaves it to the policy."""
    if contract.contradictory:
        return own_term.contradictory_record()
    if contract.last_day is not None and contract.last_day < decision.today:
        return own_term.already_ended(policy_name(request, contract.type), contract.last_day)
    if decision.file.lapsed_on is not None:
        return own_term.renewal_lapsed(decision.file.lapsed_on)
    return None


def _decided_by_policy(contract: ContractFacts, case: PolicyCase) -> Outcome:
    request = case.request
    if request.only_evidence and contract.type != ContractType.PASSPORT_ADVANTAGE:
        return refer.evidence_without_request()
    policy = policy_for(request, contract.type)
    outcome = policy(case)
    if contract.last_day is not None:
        earliest = earliest_day(policy, case, outcome)
        if earliest is not None and contract.last_day < earliest:
            return own_term.ends_by_itself(policy_name(request, contract.type), contract.last_day)
    starts_on = contract.starts_on
    if isinstance(outcome, Schedule) and starts_on and outcome.effective_on < starts_on:
        return own_term.not_started(starts_on, outcome.effective_on)
    return outcome


def _announce(decision: Decision, request: Request, outcome: Outcome) -> None:
    head = decision.about(request, outcome.because)
    match outcome:
        case Schedule():
            schedule(decision, request, outcome)
        case AwaitEvidence(missing=missing):
            due_on = request.due_on
            decision.answers(
                request, CancellationEvidenceAwaited(**head, missing=missing, due_on=due_on)
            )
        case NotRequired():
            _not_required(decision, request, outcome)
        case Refer(cause=cause):
            decision.answers(request, CancellationReferred(**head, cause=cause))


def _not_required(decision: Decision, request: Request, outcome: NotRequired) -> None:
    event = CancellationNotRequired(
        **decision.about(request, outcome.because),
        lapses_on=outcome.lapses_on,
        ends_on=outcome.ends_on,
        lapsed_on=outcome.lapsed_on,
    )
    decision.answers(request, event)
    if outcome.stands_as_notice:
        decision.record(
            NoticeKept(contract_number=decision.file.contract_number, inquiry_id=request.inquiry_id)
        )


def schedule(decision: Decision, request: Request, outcome: Schedule) -> None:
    """The contract's one cancellation; the customer's other open requests get its dates."""
    *earlier, last = request.unanswered or (None,)
    term_starts_on = _term_ended(decision, request)
    decision.record(
        CancellationScheduled(
            **decision.about(request, outcome.because),
            answers_inquiry_id=last,
            received_on=request.received_on,
            complete_on=outcome.complete_on,
            notice_ends_on=outcome.notice_ends_on,
            effective_on=outcome.effective_on,
            last_billable_on=day_before(outcome.effective_on),
        )
    )
    dates = ScheduleDates(
        received_on=request.received_on,
        complete_on=outcome.complete_on,
        notice_ends_on=outcome.notice_ends_on,
        term_starts_on=term_starts_on,
    )
    decision.record(ScheduleNoted(contract_number=decision.file.contract_number, dates=dates))
    # Billing must see one scheduled event, so evidence beyond the last piece gets the dates only.
    for inquiry_id in earlier:
        evidence = request.model_copy(update={"inquiry_id": inquiry_id, "unanswered": ()})
        already_scheduled(decision, evidence)
    for other in decision.file.open_requests_of(request.customer_id):
        already_scheduled(decision, other)


def _term_ended(decision: Decision, request: Request) -> date | None:
    """The start of the term that ends: of a suspended cancellation, the one it was asked in."""
    standing, contract = decision.file.cancellation, decision.file.contract
    if standing is not None and standing.inquiry_id == request.inquiry_id and standing.dates:
        return standing.dates.term_starts_on
    return contract.starts_on if contract else None


def already_scheduled(decision: Decision, request: Request) -> None:
    """A second request is no second cancellation: it is answered with the first one's dates."""
    first = decision.file.cancellation
    assert first is not None
    head = decision.about(request, every_policy.already_cancelled(first))
    head["policy_version"] = first.policy_version
    decision.answers(
        request,
        CancellationAlreadyScheduled(
            **head, effective_on=first.effective_on, first_inquiry_id=first.inquiry_id
        ),
    )
