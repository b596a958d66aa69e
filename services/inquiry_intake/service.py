"""Intake, wired: which message is decided in which records, and with what it is completed."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from services.inquiry_intake import replicas
from services.inquiry_intake.act import decide as act
from services.inquiry_intake.act.decide import ACT, RefusedAct
from services.inquiry_intake.inquiry import decide as domain
from services.inquiry_intake.inquiry.follow_up import followed
from services.inquiry_intake.inquiry.public_state import public_state
from services.inquiry_intake.inquiry.record_answer import ContractAnswer
from services.inquiry_intake.inquiry.state import INQUIRY, canonical_id, named_inquiry
from services.inquiry_intake.replicas import (
    ATTACHMENT,
    CUSTOMER,
    AttachmentReplica,
    CustomerReplica,
)
from services.inquiry_intake.settings import Settings
from services.inquiry_intake.submission.validate import checked, readable_customer_id
from shared.desk_hours.holiday_dates import madrid_calendar
from shared.events.agents import (
    AccessAuthorised,
    ActivationUnlocked,
    ContractApproved,
    InquiryAnswered,
    InquiryRouted,
    ReferralDecided,
)
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import (
    ContractRecorded,
    ContractStatusChanged,
    ContractTextIssued,
    CustomerProfile,
    CustomerRegistered,
    CustomerRequestDenied,
)
from shared.events.documents import DocumentEvent
from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.inquiries import InquiryOverdue
from shared.events.internal import FaultyAct
from shared.events.inventory import InventoryUpdateDecided, InventoryUpdateRequested
from shared.events.notifications import NotificationEvent
from shared.events.submissions import FollowUpSubmitted
from shared.events.topics import INTAKE
from shared.runtime.decider import IGNORED, Decider, Route, Service, replica

IGNORES = (
    AccessAuthorised,
    ActivationUnlocked,
    ContractApproved,
    ContractRecorded,
    ContractStatusChanged,
    ContractTextIssued,
    InventoryUpdateRequested,
    ReferralDecided,
)
"""The types on its topics that answer no inquiry."""


def build(settings: Settings) -> Service:
    """Intake as the runtime runs it; connects to nothing."""
    rules = domain.Rules(
        calendar=madrid_calendar(settings.calendar()),
        answer_target_hours=settings.answer_target_hours,
        activation_code_key=settings.activation_code_key.get_secret_value().encode(),
    )
    return Service(
        name=INTAKE, deciders=deciders(rules), route=route, rejects=rejects, ignores=IGNORES
    )


def rejects(message: Message, now: datetime) -> list[str]:
    """Every fault of a submission, which any fields pass the codec with; none of other messages."""
    if not isinstance(message.data, Unchecked):
        return []
    outcome = checked(message.data, now)
    faults = outcome if isinstance(outcome, tuple) else ()
    return [f"{fault.field}: {fault.code}: {fault.message.en}" for fault in faults]


def deciders(
    rules: domain.Rules,
) -> tuple[
    Decider[domain.Inquiry],
    Decider[RefusedAct],
    Decider[CustomerReplica],
    Decider[AttachmentReplica],
]:
    """The inquiry, agents' acts, and replicas: the customers that complete an inquiry (F4), and
    what is attached to it."""
    inquiry = Decider(
        kind=INQUIRY,
        state=domain.Inquiry,
        decide=partial(domain.decide, rules),
        evolve=domain.evolve,
        private_events=domain.PRIVATE_EVENTS,
        unique=("reference",),
        alarms=(InquiryOverdue,),
        due_at=domain.due_at,
        public_state=public_state,
        alias="reference",
        answers_reused_ids=(Event, Unchecked),
    )
    return (
        inquiry,
        Decider(
            kind=ACT,
            state=RefusedAct,
            decide=act.decide,
            evolve=act.evolve,
            answers_reused_ids=(Event,),
        ),
        replica(CUSTOMER, CustomerReplica, replicas.evolve, of=replicas.TOPIC),
        replica(ATTACHMENT, AttachmentReplica, replicas.evolve_attachment),
    )


def route(message: Message) -> Route:
    """The records that a message is decided in, in that order, and the customer it reads."""
    match message.data:
        case Unchecked():
            return _submission(message, message.data)
        case CancellationEvent() as event:
            return _inquiries(event.inquiry_id, event.answers_inquiry_id)
        case CustomerProfile() as event:
            return _profile(event)
        case DocumentEvent() as event:
            return Route(decides=(Ref(ATTACHMENT, event.document_id),))
        case FaultyAct():
            return Route(decides=(Ref(ACT, message.record_id),))
        case InquiryAnswered() | InquiryRouted() as event:
            return _then_named(Ref(ACT, message.record_id), named_inquiry(event.inquiry_id))
        case (NotificationEvent() | InventoryUpdateDecided() | CustomerRequestDenied()) as event:
            return _inquiries(event.inquiry_id)
    if isinstance(message.data, ContractAnswer):
        return _inquiries(message.data.inquiry_id)
    return IGNORED


def _submission(message: Message, received: Unchecked) -> Route:
    """Its own record first; a follow-up then continues in the inquiry that it names."""
    own = Ref(INQUIRY, message.record_id)
    if received.ce_type == FollowUpSubmitted.ce_type:
        return _then_named(own, followed(received))
    customer_id = readable_customer_id(received, "")
    reads = (Ref(CUSTOMER, customer_id),) if customer_id is not None else ()
    return Route(decides=(own,), reads=reads)


def _then_named(own: Ref, named: str | None) -> Route:
    """Its own record, then the inquiry; one named by its reference is looked up by the runtime."""
    if named is not None and canonical_id(named) is None:
        return Route(decides=(own,), aliases=(Ref(INQUIRY, named),))
    return Route(decides=tuple(dict.fromkeys((own, *_inquiries(named).decides))))


def _profile(event: CustomerProfile) -> Route:
    """The replica keeps every profile; the inquiry that the profile answers, if any, hears of it.

    An authorisation repeats the registration's inquiry, and answers none.
    """
    of_registration = event.inquiry_id if isinstance(event, CustomerRegistered) else None
    answered = getattr(event, "answers_inquiry_id", of_registration)
    return Route(decides=(Ref(CUSTOMER, event.customer_id), *_inquiries(answered).decides))


def _inquiries(*named: str | None) -> Route:
    ids = (canonical_id(inquiry) for inquiry in named)
    unique = dict.fromkeys(inquiry_id for inquiry_id in ids if inquiry_id is not None)
    return Route(decides=tuple(Ref(INQUIRY, inquiry_id) for inquiry_id in unique))
