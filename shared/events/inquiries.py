"""Events that the desk publishes on `desk.inquiries`."""

from __future__ import annotations

from typing import ClassVar

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.newer import OpenToNewer
from shared.events.values import Bilingual, Channel, Contact, Detail, Instant, Language


class InquiryKind(OpenToNewer, Word):
    """The kind of submission that opened the inquiry."""

    INQUIRY = "inquiry", "A question."
    REGISTRATION = "registration", "A registration (F2)."
    CONTRACT_COPY = "contract_copy", "A request for a copy (F8)."
    CONTRACT_ACCEPTANCE = "contract_acceptance", "An acceptance (F1)."
    SERVICEPAC_ACTIVATION = "servicepac_activation", "An activation (F9)."
    CANCELLATION = "cancellation", "A cancellation request."
    CANCELLATION_EVIDENCE = "cancellation_evidence", "Evidence for a cancellation request."
    CANCELLATION_WITHDRAWAL = "cancellation_withdrawal", "A withdrawal."
    PROFILE_UPDATE = "profile_update", "A change of the registration."
    CONSENT_WITHDRAWAL = "consent_withdrawal", "A consent taken back (F3)."
    INVENTORY_UPDATE = "inventory_update", "A correction of the inventory (F16)."


class ClosedBy(OpenToNewer, Word):
    """Who ended or reopened an inquiry."""

    CUSTOMER = "customer", "The customer, with a follow-up."
    DESK = "desk", "The desk, since everything is settled or something moves again."


class Actor(OpenToNewer, Word):
    """Who moved an inquiry on."""

    CUSTOMER = "customer", "The customer, with a follow-up."
    AGENT = "agent", "A professional."
    DESK = "desk", "The desk: a service's or the inventory's answer, or a mail that failed."


class InquiryOpened(Event):
    """A submission became an inquiry record (F4).

    `reference` is what people read out; `answer_due_at` is the answer target on the staffed
    calendar (F7); `details` is what the customer submitted, line by line, without secrets, and
    `documents` the ids of what was attached.
    """

    ce_type: ClassVar[str] = "inquiry.opened.v1"

    inquiry_id: str
    submission_id: str
    submission_source: str | None = None
    reference: str
    kind: InquiryKind
    customer_id: str
    channel: Channel
    subject: str
    queue: str
    opened_at: Instant
    answer_due_at: Instant
    contact: Contact
    language: Language
    requested_language: str | None = None
    contract_numbers: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    documents: tuple[str, ...] | None = None


class FollowedUp(Event):
    """An event that may answer a follow-up, named by `submission_id` and `submission_source`."""

    submission_id: str | None = None
    submission_source: str | None = None


class InquiryProgressed(FollowedUp):
    """Something happened on the way. `status` is a word for machines, `note` a sentence.

    `text` is the customer's or the professional's own, `queue` where the inquiry was moved to,
    `documents` the ids of what the customer attached.
    `by` is absent in records of earlier releases.
    """

    ce_type: ClassVar[str] = "inquiry.progressed.v1"

    inquiry_id: str
    status: str
    note: Bilingual
    contract_number: str | None = None
    by: Actor | None = None
    text: str | None = None
    queue: str | None = None
    documents: tuple[str, ...] | None = None


class InquiryResolved(Event):
    """The desk has answered everything that was asked."""

    ce_type: ClassVar[str] = "inquiry.resolved.v1"

    inquiry_id: str
    note: Bilingual | None = None


class InquiryClosed(FollowedUp):
    """Nothing more will happen, unless the customer follows up."""

    ce_type: ClassVar[str] = "inquiry.closed.v1"

    inquiry_id: str
    by: ClosedBy


class InquiryOverdue(Event):
    """The answer target (F7) has passed, and the inquiry waits for the desk: its queue is reminded.

    Once per target; a reopened inquiry has a new one. It is for operations: customers get no mail.
    `contract_numbers` are the contracts that wait for the desk; a question, a registration or a
    correction of the inventory has none.
    """

    ce_type: ClassVar[str] = "inquiry.overdue.v1"

    inquiry_id: str
    reference: str
    kind: InquiryKind
    customer_id: str
    queue: str
    opened_at: Instant
    answer_due_at: Instant
    contract_numbers: tuple[str, ...] = ()


class InquiryReopened(FollowedUp):
    """The customer followed up on a resolved or closed inquiry."""

    ce_type: ClassVar[str] = "inquiry.reopened.v1"

    inquiry_id: str
    by: ClosedBy
    answer_due_at: Instant
