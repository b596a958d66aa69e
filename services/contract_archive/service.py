"""The archive, wired: which topic's event is decided in which contract or customer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from services.contract_archive.attachment import decide as attachment
from services.contract_archive.attachment.check import HandedIn, take_in
from services.contract_archive.attachment.deletion import clean_up
from services.contract_archive.attachment.evolve import evolve as evolve_attachment
from services.contract_archive.attachment.private_events import PRIVATE_EVENTS as OF_ATTACHMENTS
from services.contract_archive.attachment.state import ATTACHMENT, Attachment, file_id
from services.contract_archive.contract import decide as contract
from services.contract_archive.contract.evolve import evolve
from services.contract_archive.contract.private_events import PRIVATE_EVENTS
from services.contract_archive.contract.public_state import public_state
from services.contract_archive.contract.state import CONTRACT, ContractState
from services.contract_archive.customer import decide as customer
from services.contract_archive.customer.decide import CUSTOMER, CustomerState
from services.contract_archive.downloads import Downloads, application
from services.contract_archive.erasure import decide as erasure
from services.contract_archive.erasure.decide import ERASURE, Erasure
from services.contract_archive.handover import DocumentQuestion, hand_over
from services.contract_archive.rules import Rules
from services.contract_archive.settings import Settings
from services.contract_archive.worker import open_worker
from shared.events.agents import (
    AccessAuthorised,
    ActivationUnlocked,
    ContractApproved,
    InquiryAnswered,
    InquiryRouted,
    ReferralDecided,
)
from shared.events.cancellations import (
    CancellationAlreadyScheduled,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationExpired,
    CancellationNotRequired,
    CancellationReferred,
    CancellationRefused,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawalRefused,
    CancellationWithdrawn,
    RenewalLapsed,
    RenewalReinstated,
    RenewalWatched,
)
from shared.events.contracts import (
    CustomerAccessAuthorised,
    CustomerConsentWithdrawn,
    CustomerProfileUpdated,
    CustomerRegistered,
    CustomerRequestDenied,
    RegistryContractRecorded,
    RegistryContractTerminated,
)
from shared.events.documents import DocumentKept, DocumentReceived, DocumentRefused
from shared.events.envelope import Message, Ref
from shared.events.internal import (
    AttachmentChecked,
    AttachmentsDeleted,
    DecisionCollected,
    DocumentNotPrintable,
    DocumentStored,
    KeyForgotten,
    MailAttempted,
    Outcome,
    SummaryDue,
)
from shared.events.requests import (
    ContractAcceptanceRequested,
    ContractActivationRequested,
    ContractCopyRequested,
    ContractViewReported,
    CustomerConsentWithdrawalRequested,
    CustomerProfileUpdateRequested,
    CustomerRegistrationRequested,
)
from shared.events.topics import ARCHIVE
from shared.runtime.decider import (
    IGNORED,
    Decider,
    Documents,
    HandIns,
    KeptFile,
    Pages,
    Route,
    Service,
)

IGNORES = (
    CancellationAlreadyScheduled,
    CancellationEvidenceAwaited,
    CancellationEvidenceReminded,
    CancellationExpired,
    CancellationReferred,
    CancellationRefused,
    CancellationWithdrawalRefused,
    CustomerAccessAuthorised,
    CustomerConsentWithdrawn,
    CustomerProfileUpdated,
    CustomerRegistered,
    CustomerRequestDenied,
    DecisionCollected,
    DocumentKept,
    DocumentRefused,
    InquiryAnswered,
    InquiryRouted,
    MailAttempted,
    ReferralDecided,
    RenewalWatched,
    SummaryDue,
)
"""The types on its topics that change neither contract nor customer nor document."""


def build(settings: Settings) -> Service:
    key = settings.document_code_key.get_secret_value().encode()
    return Service(
        name=ARCHIVE,
        deciders=(
            contract_decider(settings.rules),
            customer_decider(),
            attachment_decider(),
            erasure_decider(),
        ),
        route=route,
        ignores=IGNORES,
        open_worker=open_worker(settings),
        pages=Pages(
            host=settings.documents_host,
            port=settings.documents_port,
            open=lambda database, read: application(Downloads(key, database, read)),
        ),
        keeps=keeps,
        drops=drops,
        clean_up=clean_up,
        bears_repeats=frozenset({erasure.TOPIC}),
        documents=Documents(DocumentQuestion, hand_over),
        hand_ins=HandIns(HandedIn, take_in),
    )


def keeps(outcome: Outcome) -> KeptFile | None:
    """The document that the worker has made and stored, or the attachment that it has checked."""
    if isinstance(outcome, AttachmentChecked) and outcome.kept:
        return KeptFile(file_id(outcome.document_id), f"attachment {outcome.document_id}")
    if not isinstance(outcome, DocumentStored):
        return None
    told = f"document {outcome.document_id} of contract {outcome.contract_number}"
    return KeptFile(outcome.document_id, told)


def drops(outcome: Outcome) -> Sequence[str]:
    """Attachments that were deleted with a forgotten customer."""
    if isinstance(outcome, AttachmentsDeleted):
        return [file_id(document_id) for document_id in outcome.document_ids]
    return ()


def contract_decider(rules: Rules) -> Decider[ContractState]:
    return Decider(
        kind=CONTRACT,
        state=ContractState,
        decide=partial(contract.decide, rules),
        evolve=evolve,
        reads=contract.reads,
        private_events=PRIVATE_EVENTS,
        due_at=contract.due_at,
        work_at=contract.work_at,
        work_since=contract.work_at,
        indexes=("facts.customer_id",),
        public_state=public_state,
        answers_reused_ids=(ContractApproved, ActivationUnlocked),
    )


def customer_decider() -> Decider[CustomerState]:
    return Decider(
        kind=CUSTOMER,
        state=CustomerState,
        decide=customer.decide,
        evolve=customer.evolve,
        private_events=customer.PRIVATE_EVENTS,
    )


def attachment_decider() -> Decider[Attachment]:
    return Decider(
        kind=ATTACHMENT,
        state=Attachment,
        decide=attachment.decide,
        evolve=evolve_attachment,
        private_events=OF_ATTACHMENTS,
        work_at=attachment.work_at,
        work_since=attachment.work_at,
    )


def erasure_decider() -> Decider[Erasure]:
    return Decider(
        kind=ERASURE,
        state=Erasure,
        decide=erasure.decide,
        evolve=erasure.evolve,
        private_events=erasure.PRIVATE_EVENTS,
        work_at=erasure.work_at,
        work_since=erasure.work_at,
    )


def route(message: Message) -> Route:
    match message.data:
        case KeyForgotten(topic=erasure.TOPIC, key=customer_id):
            return Route(decides=(Ref(ERASURE, customer_id),))
        case AttachmentsDeleted():
            return Route(decides=(Ref(ERASURE, message.data.customer_id),))
        case DocumentReceived() | AttachmentChecked():
            return Route(decides=(Ref(ATTACHMENT, message.data.document_id),))
        case (
            CustomerRegistrationRequested()
            | CustomerProfileUpdateRequested()
            | CustomerConsentWithdrawalRequested()
            | AccessAuthorised()
        ):
            return Route(decides=(Ref(CUSTOMER, message.data.customer_id),))
        case ContractCopyRequested() | ContractAcceptanceRequested() | ContractViewReported():
            return Route(
                decides=(Ref(CONTRACT, message.data.contract_number),),
                reads=(Ref(CUSTOMER, message.data.customer_id),),
            )
        case (
            RegistryContractRecorded()
            | RegistryContractTerminated()
            | ContractActivationRequested()
            | ActivationUnlocked()
            | ContractApproved()
            | CancellationScheduled()
            | CancellationWithdrawn()
            | CancellationSuspended()
            | CancellationNotRequired()
            | CancellationTookEffect()
            | RenewalLapsed()
            | RenewalReinstated()
            | DocumentStored()
            | DocumentNotPrintable()
        ):
            return Route(decides=(Ref(CONTRACT, message.data.contract_number),))
    return IGNORED
