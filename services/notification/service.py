"""Topics to domain: which aggregates an event is decided in, and what is wired to what."""

from __future__ import annotations

from functools import partial

from services.notification import replicas
from services.notification.mail.catalogue import mail_for
from services.notification.mail.decide import (
    Rules,
    decide,
    inquiry_of,
    mail_to_former,
    notification_id,
    said,
)
from services.notification.mail.evolve import evolve
from services.notification.mail.private_events import PRIVATE_EVENTS
from services.notification.mail.state import KIND, Notification, work_at, work_since
from services.notification.settings import Settings
from services.notification.summary import decide as summary
from services.notification.worker import open_worker
from shared.events.agents import AgentActionRefused
from shared.events.cancellations import RenewalWatched
from shared.events.contracts import (
    ContractRecorded,
    ContractStatusChanged,
    ContractTextIssued,
    CustomerProfile,
    RegistryContractTerminated,
)
from shared.events.envelope import Event, Message, Ref
from shared.events.inquiries import (
    InquiryOpened,
    InquiryOverdue,
    InquiryProgressed,
    InquiryResolved,
)
from shared.events.internal import (
    AttachmentChecked,
    AttachmentsDeleted,
    DecisionCollected,
    DocumentNotPrintable,
    DocumentStored,
    MailAttempted,
    SummaryDue,
)
from shared.runtime.decider import Decider, Route, Service, replica

NAME = "notification"


IGNORES = (
    AgentActionRefused,
    AttachmentChecked,
    AttachmentsDeleted,
    ContractStatusChanged,
    ContractTextIssued,
    DocumentNotPrintable,
    DocumentStored,
    InquiryOverdue,
    InquiryProgressed,
    InquiryResolved,
    RegistryContractTerminated,
    RenewalWatched,
)
"""The types on its topics that nobody is mailed about and no mail needs."""


def build(settings: Settings) -> Service:
    return Service(
        name=NAME,
        deciders=(
            replica(
                replicas.CUSTOMER,
                replicas.CustomerReplica,
                replicas.evolve_customer,
                of=replicas.CUSTOMERS,
            ),
            replica(replicas.INQUIRY, replicas.InquiryReplica, replicas.evolve_inquiry),
            replica(replicas.FILE_CONTACT, replicas.FileContact, replicas.evolve_file_contact),
            replica(replicas.CONTRACT, replicas.ContractReplica, replicas.evolve_contract),
            notification_decider(settings.rules),
            summary_decider(settings.rules),
        ),
        route=route,
        ignores=IGNORES,
        open_worker=open_worker(settings),
    )


def notification_decider(rules: Rules) -> Decider[Notification]:
    return Decider(
        kind=KIND,
        state=Notification,
        decide=partial(decide, rules),
        evolve=evolve,
        private_events=PRIVATE_EVENTS,
        work_at=work_at,
        work_since=work_since,
        indexes=("inquiry_id", "customer_id"),
    )


def summary_decider(rules: Rules) -> Decider[summary.Summary]:
    return Decider(
        kind=summary.KIND,
        state=summary.Summary,
        decide=partial(summary.decide, rules.summary_wait, KIND),
        evolve=summary.evolve,
        private_events=summary.PRIVATE_EVENTS,
        work_at=summary.work_at,
    )


def route(message: Message) -> Route:
    """Replicas first, then the mail, which sees what they have just become."""
    event = message.data
    assert isinstance(event, Event)
    match event:
        case MailAttempted():
            return Route(decides=(Ref(KIND, event.notification_id),))
        case DecisionCollected():
            collected = summary.ref_of(event.inquiry_id), Ref(KIND, event.notification_id)
            return Route(collected, reads=(*collected, replicas.inquiry_ref(event.inquiry_id)))
        case SummaryDue():
            due = summary.ref_of(event.inquiry_id)
            mail = Ref(KIND, summary.notification_id(event.inquiry_id))
            return Route(decides=(due, mail), reads=(due,))
    notification = _notification_of(message, event)
    return Route(
        decides=(*_replicas_of(event), *notification),
        reads=_reads_of(event) if notification else (),
    )


def _replicas_of(event: Event) -> tuple[Ref, ...]:
    match event:
        case InquiryOpened():
            return (replicas.inquiry_ref(event.inquiry_id), *_file_contacts_of(event))
        case ContractRecorded():
            return (replicas.contract_ref(event.contract_number),)
        case CustomerProfile():
            return (replicas.customer_ref(event.customer_id),)
    return ()


def _file_contacts_of(opened: InquiryOpened) -> tuple[Ref, ...]:
    """Only a contact that a mail can go to counts as the file's latest."""
    if not opened.contact.email:
        return ()
    numbers = dict.fromkeys(opened.contract_numbers)
    return tuple(replicas.file_contact_ref(opened.customer_id, number) for number in numbers)


def _notification_of(message: Message, event: Event) -> tuple[Ref, ...]:
    mails = [mail for mail in (mail_for(event), mail_to_former(event)) if mail]
    return tuple(Ref(KIND, notification_id(message, mail)) for mail in mails)


def _reads_of(event: Event) -> tuple[Ref, ...]:
    """Where the event does not name the customer, its inquiry does.

    A profile's own customer says what the address was before.
    """
    if isinstance(event, CustomerProfile) and mail_to_former(event):
        return (replicas.customer_ref(event.customer_id),)
    inquiry_id = inquiry_of(event)
    if inquiry_id is None or said(event, "customer_id"):
        return ()
    return (replicas.inquiry_ref(inquiry_id),)
