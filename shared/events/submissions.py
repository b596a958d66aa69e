"""Submissions that channels publish to `desk.submissions`, and the rejection of a faulty one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.choices import RequestType
from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.inventory import ItemChanges
from shared.events.limits import LIST_LIMITS
from shared.events.submitted import (
    Digest,
    KnownLanguage,
    Line,
    MailAddress,
    Mark,
    Name,
    PhoneNumber,
    SubmittedAuthentication,
    SubmittedConsent,
    SubmittedContact,
    SubmittedSignature,
    Words,
)
from shared.events.values import (
    Channel,
    ConsentPurpose,
    Contact,
    ContractNumber,
    Count,
    Country,
    CustomerId,
    Day,
    FieldError,
    Flag,
    Instant,
    Language,
)

ContractNumbers = Annotated[
    tuple[ContractNumber, ...], Field(min_length=1, max_length=LIST_LIMITS["contract_numbers"])
]

DocumentIds = Annotated[tuple[Mark, ...], Field(max_length=LIST_LIMITS["documents"])]
"""Attachments, by the `document_id` of their `document.received.v1`."""


class Submission(Given, Event):
    """The fields of every submission. `received_at` is when the channel received it."""

    customer_id: CustomerId
    channel: Channel
    received_at: Instant
    language: KnownLanguage = Language.ES


class InquirySubmitted(Submission):
    """A question to the desk, by request type (F4, F5)."""

    ce_type: ClassVar[str] = "submission.inquiry.v1"

    request_type: RequestType
    subject: Line
    text: Words
    contract_number: ContractNumber | None = None
    contact: SubmittedContact | None = None
    documents: DocumentIds | None = None


class FollowUpSubmitted(Submission):
    """More words on an inquiry, attachments, or the wish to close it; one is needed (F4)."""

    ce_type: ClassVar[str] = "submission.follow_up.v1"

    inquiry_id: Mark
    text: Words | None = None
    close: Flag = False
    documents: DocumentIds | None = None


class RegistrationSubmitted(Submission):
    """A customer's registration with both consents (F2, F3)."""

    ce_type: ClassVar[str] = "submission.registration.v1"

    name: Name
    email: MailAddress
    phone: PhoneNumber
    company: Name
    country: Country
    consents: Annotated[tuple[SubmittedConsent, ...], Field(max_length=LIST_LIMITS["consents"])]


class ContractCopySubmitted(Submission):
    """A request for a copy of a contract (F8)."""

    ce_type: ClassVar[str] = "submission.contract_copy.v1"

    contract_number: ContractNumber
    contact: SubmittedContact | None = None


class ContractAcceptanceSubmitted(Submission):
    """A customer's acceptance of a contract (F1).

    `text_sha256` names the text that was accepted, by the SHA-256 of its bytes.
    """

    ce_type: ClassVar[str] = "submission.contract_acceptance.v1"

    contract_number: ContractNumber
    accepted: Literal[True]
    signed_by: Name
    signed_at: Instant
    text_sha256: Digest | None = None
    authentication: SubmittedAuthentication | None = None


class ContractViewedSubmitted(Submission):
    """A customer has viewed a contract's text (F1). It opens no inquiry."""

    ce_type: ClassVar[str] = "submission.contract_viewed.v1"

    contract_number: ContractNumber
    document_id: Mark
    viewed_at: Instant


class ServicepacActivationSubmitted(Submission):
    """The registration of a ServicePac contract with its code (F9)."""

    ce_type: ClassVar[str] = "submission.servicepac_activation.v1"

    contract_number: ContractNumber
    activation_code: Mark


class CancellationSubmitted(Submission):
    """A request to cancel one or more contracts, each decided on its own (F10-F12)."""

    ce_type: ClassVar[str] = "submission.cancellation.v1"

    contract_numbers: ContractNumbers
    contact: SubmittedContact
    requested_end_on: Day | None = None
    destruction_confirmed: Flag = False
    signature: SubmittedSignature | None = None
    comment: Words | None = None
    documents: DocumentIds | None = None


class CancellationEvidenceSubmitted(Submission):
    """Evidence that an earlier cancellation request lacked; at least one item."""

    ce_type: ClassVar[str] = "submission.cancellation_evidence.v1"

    contract_number: ContractNumber
    destruction_confirmed: Flag | None = None
    signature: SubmittedSignature | None = None
    contact: SubmittedContact | None = None
    documents: DocumentIds | None = None


class CancellationWithdrawalSubmitted(Submission):
    """A customer takes a cancellation back."""

    ce_type: ClassVar[str] = "submission.cancellation_withdrawal.v1"

    contract_number: ContractNumber
    comment: Words | None = None


class SubmittedChanges(Given, ItemChanges):
    """The changes to an item that a customer requests; at least one field."""

    serial_number: Mark | None = None
    site: Mark | None = None

    @property
    def plain(self) -> ItemChanges:
        return ItemChanges(**vars(self))


class InventoryUpdateSubmitted(Submission):
    """A customer corrects an item of the inventory, as seen at `expected_version` (F16)."""

    ce_type: ClassVar[str] = "submission.inventory_update.v1"

    item_id: Mark
    expected_version: Annotated[Count, Field(strict=True)]
    changes: SubmittedChanges
    comment: Words | None = None


class ProfileUpdateSubmitted(Submission):
    """A registered customer's data have changed; at least one of them is given (F2).

    Here `language` is the profile's too, if the submission says it.
    """

    ce_type: ClassVar[str] = "submission.profile_update.v1"

    name: Name | None = None
    email: MailAddress | None = None
    phone: PhoneNumber | None = None
    company: Name | None = None
    country: Country | None = None


class ConsentWithdrawalSubmitted(Submission):
    """A customer takes a consent back (F3). `wording_version` is that of the text then shown."""

    ce_type: ClassVar[str] = "submission.consent_withdrawal.v1"

    purpose: ConsentPurpose
    wording_version: Mark
    withdrawn_at: Instant


class SubmissionRejected(Event):
    """Every faulty field of a submission at once (F2). Nothing of the submission was done.

    `contact` and `language` say where the customer can be told, when the submission gave it;
    `submission_type` is the `ce_type` of what was rejected.
    """

    ce_type: ClassVar[str] = "submission.rejected.v1"

    submission_id: str
    submission_source: str | None = None
    customer_id: str
    errors: tuple[FieldError, ...] = Field(min_length=1)
    language: Language = Language.ES
    requested_language: str | None = None
    contact: Contact | None = None
    submission_type: str | None = None
