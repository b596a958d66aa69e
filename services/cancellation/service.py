"""The cancellation service: its topics, and the file in which each message is decided."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from services.cancellation.file import decide as domain
from services.cancellation.file.private_events import ALARMS
from services.cancellation.file.public_state import public_state
from services.cancellation.policies.in_force import policies_in_force
from services.cancellation.preview import PreviewQuestion, answer, is_known
from services.cancellation.settings import Settings
from shared.events.agents import (
    AccessAuthorised,
    ActivationUnlocked,
    ContractApproved,
    InquiryAnswered,
    InquiryRouted,
    ReferralDecided,
)
from shared.events.billing import InvoiceIssued, InvoicePaid, InvoiceVoided, PaymentReversed
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractCopyDenied,
    ContractCopyReady,
    ContractRecorded,
    ContractStatusChanged,
    ContractTextIssued,
)
from shared.events.envelope import Message, Ref
from shared.events.requests import (
    CancellationEvidenceGiven,
    CancellationRequested,
    CancellationWithdrawalRequested,
)
from shared.runtime.decider import IGNORED, Decider, Preview, Route, Service

NAME = "cancellation"
FILE = "file"


IGNORES = (
    AccessAuthorised,
    ActivationUnlocked,
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractActivated,
    ContractActivationFailed,
    ContractApproved,
    ContractCopyDenied,
    ContractCopyReady,
    ContractStatusChanged,
    ContractTextIssued,
    InquiryAnswered,
    InquiryRouted,
)
"""The types on its topics that are no file's matter."""


def build(settings: Settings) -> Service:
    """The service, wired from its settings; nothing is opened."""
    rules = rules_of(settings)
    return Service(
        name=NAME,
        deciders=(file_decider(rules),),
        route=route,
        ignores=IGNORES,
        announcements=partial(policies_in_force, rules),
        preview=Preview(
            question=PreviewQuestion,
            about=lambda question: Ref(FILE, question.contract_number),
            known=is_known,
            answer=partial(answer, rules),
        ),
    )


def rules_of(settings: Settings) -> domain.Rules:
    """Builds the policies' rules from the settings."""
    return domain.Rules(
        terms=settings.policy_terms, grace=timedelta(seconds=settings.contract_grace_seconds)
    )


def file_decider(rules: domain.Rules) -> Decider[domain.CancellationFile]:
    """The Decider of the cancellation file, whose id is the contract number."""
    return Decider(
        kind=FILE,
        state=domain.CancellationFile,
        decide=partial(domain.decide, rules),
        evolve=domain.evolve,
        private_events=domain.PRIVATE_EVENTS,
        alarms=ALARMS,
        counted_by="policy",
        due_at=domain.due_at,
        public_state=public_state,
        answers_reused_ids=(ReferralDecided,),
    )


def route(message: Message) -> Route:
    """A contract's messages go to its file; what the file does not decide is ignored."""
    match message.data:
        case (
            CancellationRequested(contract_number=contract_number)
            | CancellationEvidenceGiven(contract_number=contract_number)
            | CancellationWithdrawalRequested(contract_number=contract_number)
            | ContractRecorded(contract_number=contract_number)
            | InvoiceIssued(contract_number=contract_number)
            | InvoicePaid(contract_number=contract_number)
            | InvoiceVoided(contract_number=contract_number)
            | PaymentReversed(contract_number=contract_number)
            | ReferralDecided(contract_number=contract_number)
        ):
            return Route(decides=(Ref(FILE, contract_number),))
    return IGNORED
