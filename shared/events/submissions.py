"""What channels publish to `desk.submissions`, and the one answer to a faulty one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.envelope import Event
from shared.events.values import (
    Channel,
    Consent,
    Contact,
    ContractNumber,
    Country,
    CustomerId,
    Day,
    Email,
    FieldError,
    Flag,
    Instant,
    Language,
    Phone,
    Signature,
    Text,
)

ContractNumbers = Annotated[tuple[ContractNumber, ...], Field(min_length=1, max_length=50)]


class Submission(Event):
    """What every submission says. `received_at` is when the channel received the request."""

    customer_id: CustomerId
    channel: Channel
    received_at: Instant
    language: Language = Language.ES


RequestType = Literal[
    "contracts", "orders_and_deliveries", "inventory_and_maintenance", "invoices_and_payments"
]


class InquirySubmitted(Submission):
    """A question to the desk, by request type (F4, F5)."""

    ce_type: ClassVar[str] = "submission.inquiry.v1"

    request_type: RequestType
    subject: Text
    text: Text
    contract_number: ContractNumber | None = None
    contact: Contact | None = None


class FollowUpSubmitted(Submission):
    """More words on an inquiry, or its customer's wish to close it; one of both is needed (F4)."""

    ce_type: ClassVar[str] = "submission.follow_up.v1"

    inquiry_id: Text
    text: Text | None = None
    close: Flag = False


class RegistrationSubmitted(Submission):
    """A customer's registration with both consents (F2, F3)."""

    ce_type: ClassVar[str] = "submission.registration.v1"

    name: Text
    email: Email
    phone: Phone
    company: Text
    country: Country
    consents: tuple[Consent, ...]


class ContractCopySubmitted(Submission):
    """A request for a copy of a contract (F8)."""

    ce_type: ClassVar[str] = "submission.contract_copy.v1"

    contract_number: ContractNumber
    contact: Contact | None = None


class ContractAcceptanceSubmitted(Submission):
    """A customer's acceptance of a contract (F1)."""

    ce_type: ClassVar[str] = "submission.contract_acceptance.v1"

    contract_number: ContractNumber
    accepted: Literal[True]
    signed_by: Text
    signed_at: Instant


class ServicepacActivationSubmitted(Submission):
    """The registration of a ServicePac contract with its code (F9)."""

    ce_type: ClassVar[str] = "submission.servicepac_activation.v1"

    contract_number: ContractNumber
    activation_code: Text


class CancellationSubmitted(Submission):
    """A request to cancel one or more contracts, each decided on its own (F10-F12)."""

    ce_type: ClassVar[str] = "submission.cancellation.v1"

    contract_numbers: ContractNumbers
    contact: Contact
    requested_end_on: Day | None = None
    destruction_confirmed: Flag = False
    signature: Signature | None = None
    comment: Text | None = None


class CancellationEvidenceSubmitted(Submission):
    """What an earlier cancellation request was missing; at least one item."""

    ce_type: ClassVar[str] = "submission.cancellation_evidence.v1"

    contract_number: ContractNumber
    destruction_confirmed: Flag | None = None
    signature: Signature | None = None
    contact: Contact | None = None


class CancellationWithdrawalSubmitted(Submission):
    """A customer takes a cancellation back."""

    ce_type: ClassVar[str] = "submission.cancellation_withdrawal.v1"

    contract_number: ContractNumber
    comment: Text | None = None


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
    contact: Contact | None = None
    submission_type: str | None = None
