"""Intake's requests to the other services, once a submission has been accepted.

`desk.cancellation-requests` and `desk.contract-requests`: one event per contract, each naming the
inquiry it belongs to, if it has one.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic.json_schema import SkipJsonSchema

from shared.events.envelope import Event
from shared.events.values import (
    AsGiven,
    Authentication,
    Channel,
    Consent,
    ConsentPurpose,
    Contact,
    Day,
    Instant,
    Language,
    Signature,
)


class ServiceRequest(Event):
    """The fields of every request: customer, inquiry, and the channel and instant of receipt."""

    inquiry_id: str
    customer_id: str
    channel: Channel
    received_at: Instant


class CancellationRequested(ServiceRequest):
    """A customer asks to cancel this one contract."""

    ce_type: ClassVar[str] = "cancellation.requested.v1"

    contract_number: str
    contact: Contact
    requested_end_on: Day | None = None
    destruction_confirmed: bool = False
    signature: Signature | None = None


class CancellationEvidenceGiven(ServiceRequest):
    """A customer adds what an earlier request was missing."""

    ce_type: ClassVar[str] = "cancellation.evidence_given.v1"

    contract_number: str
    destruction_confirmed: bool = False
    signature: Signature | None = None
    contact: Contact | None = None


class CancellationWithdrawalRequested(ServiceRequest):
    """A customer takes the cancellation of this contract back."""

    ce_type: ClassVar[str] = "cancellation.withdrawal_requested.v1"

    contract_number: str


class ContractCopyRequested(ServiceRequest):
    """A customer asks for a copy (F8). `reference` goes on the copy's certifying line."""

    ce_type: ClassVar[str] = "contract.copy_requested.v1"

    contract_number: str
    reference: str
    language: Language


class ContractAcceptanceRequested(ServiceRequest):
    """A customer accepts a contract (F1); `text_sha256` names the text, where one was shown."""

    ce_type: ClassVar[str] = "contract.acceptance_requested.v1"

    contract_number: str
    reference: str
    language: Language
    signed_by: str
    signed_at: Instant
    text_sha256: str | None = None
    authentication: Authentication | None = None


class ContractViewReported(Event):
    """A customer has viewed a contract's text (F1). It belongs to no inquiry."""

    ce_type: ClassVar[str] = "contract.view_reported.v1"

    submission_id: str
    submission_source: str
    customer_id: str
    channel: Channel
    received_at: Instant
    contract_number: str
    document_id: str
    viewed_at: Instant


class ContractActivationRequested(ServiceRequest):
    """A customer registers a ServicePac contract with its code (F9), named by its keyed hash.

    `activation_code` itself is in records of earlier releases only.
    """

    ce_type: ClassVar[str] = "contract.activation_requested.v1"

    contract_number: str
    code_hash: str = ""
    activation_code: SkipJsonSchema[str | None] = None


class CustomerRegistrationRequested(ServiceRequest):
    """A customer registers, with both consents (F2, F3)."""

    ce_type: ClassVar[str] = "customer.registration_requested.v1"

    language: Language
    name: AsGiven
    email: AsGiven
    phone: AsGiven
    company: AsGiven
    country: str
    consents: tuple[Consent, ...]


class CustomerProfileUpdateRequested(ServiceRequest):
    """A registered customer's data have changed; what is absent stays as it is (F2)."""

    ce_type: ClassVar[str] = "customer.profile_update_requested.v1"

    language: Language | None = None
    name: AsGiven | None = None
    email: AsGiven | None = None
    phone: AsGiven | None = None
    company: AsGiven | None = None
    country: str | None = None


class CustomerConsentWithdrawalRequested(ServiceRequest):
    """A customer takes a consent back (F3)."""

    ce_type: ClassVar[str] = "customer.consent_withdrawal_requested.v1"

    purpose: ConsentPurpose
    wording_version: str
    withdrawn_at: Instant
