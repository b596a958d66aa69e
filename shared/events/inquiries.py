"""What the desk publishes on `desk.inquiries`."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from shared.events.envelope import Event
from shared.events.values import Bilingual, Channel, Contact, Detail, Instant, Language


class InquiryKind(StrEnum):
    """What kind of submission opened the inquiry."""

    INQUIRY = "inquiry"
    REGISTRATION = "registration"
    CONTRACT_COPY = "contract_copy"
    CONTRACT_ACCEPTANCE = "contract_acceptance"
    SERVICEPAC_ACTIVATION = "servicepac_activation"
    CANCELLATION = "cancellation"
    CANCELLATION_EVIDENCE = "cancellation_evidence"
    CANCELLATION_WITHDRAWAL = "cancellation_withdrawal"
    PROFILE_UPDATE = "profile_update"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    INVENTORY_UPDATE = "inventory_update"


class ClosedBy(StrEnum):
    """Who ended or reopened an inquiry."""

    CUSTOMER = "customer"
    DESK = "desk"


class InquiryOpened(Event):
    """A submission became an inquiry record (F4).

    `reference` is what people read out; `answer_due_at` is the answer target on the staffed
    calendar (F7); `details` is what the customer submitted, line by line, without secrets.
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


class FollowedUp(Event):
    """What may answer a follow-up: then `submission_id` and `submission_source` name it."""

    submission_id: str | None = None
    submission_source: str | None = None


class InquiryProgressed(FollowedUp):
    """Something happened on the way. `status` is a word for machines, `note` a sentence."""

    ce_type: ClassVar[str] = "inquiry.progressed.v1"

    inquiry_id: str
    status: str
    note: Bilingual
    contract_number: str | None = None


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


class InquiryReopened(FollowedUp):
    """The customer followed up on a resolved or closed inquiry."""

    ce_type: ClassVar[str] = "inquiry.reopened.v1"

    inquiry_id: str
    by: ClosedBy
    answer_due_at: Instant
