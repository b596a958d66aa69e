"""Contracts and customers: what the registry reports and what the archive publishes."""

from __future__ import annotations

from typing import ClassVar

from pydantic.json_schema import SkipJsonSchema

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.newer import OpenToNewer
from shared.events.values import (
    AsGiven,
    Authentication,
    ConsentPurpose,
    ContractNumber,
    Count,
    CustomerId,
    Day,
    Flag,
    Instant,
    KeptConsent,
    Language,
    Money,
    Period,
    Text,
)


class ContractType(Word):
    """The types that a policy knows; a registry may send any other string."""

    PASSPORT_ADVANTAGE = "passport_advantage", "A licence paid once, at the start (F10)."
    MONTHLY_LICENCE = "monthly_licence", "A licence charged every month (F11)."
    HARDWARE_MAINTENANCE = "hardware_maintenance", "Maintenance of hardware (F12)."
    SOFTWARE_MAINTENANCE = "software_maintenance", "Maintenance of software (F12)."
    SERVICEPAC = (
        "servicepac",
        "A ServicePac: activated with a code (F9), cancelled by a professional.",
    )


class RegistryContractRecorded(Given, Event):
    """The registry's record of a contract, new or changed."""

    ce_type: ClassVar[str] = "registry.contract_recorded.v1"

    contract_number: ContractNumber
    customer_id: CustomerId
    type: Text
    title: Text
    starts_on: Day
    ends_on: Day | None = None
    auto_renewal: Flag
    price: Money | None = None
    period: Period | None = None
    activation_code: Text | None = None


class RegistryContractTerminated(Given, Event):
    """The registry ends a contract. `terminated_on` is the first day without it."""

    ce_type: ClassVar[str] = "registry.contract_terminated.v1"

    contract_number: ContractNumber
    terminated_on: Day
    reason: Text | None = None


class ContractRecorded(Event):
    """The registry's facts, as the desk keeps them.

    Terminated by the registry, a contract has the day before `terminated_on` as its last day at
    most, and does not renew itself. `acceptable`: by these facts, as of the record, the contract is
    not over and has a current text to accept; records of earlier releases do not say.
    """

    ce_type: ClassVar[str] = "contract.recorded.v1"

    contract_number: str
    customer_id: str
    type: str
    title: str
    starts_on: Day
    ends_on: Day | None = None
    auto_renewal: Flag
    price: Money | None = None
    period: Period | None = None
    activation_code: SkipJsonSchema[str | None] = None
    terminated_on: Day | None = None
    acceptable: Flag | None = None


class ContractTextIssued(Event):
    """The contract's facts changed, so it has a new text: number `version`, counted per contract.

    `sha256` is that of the text's bytes, in hex. Earlier texts can no longer be accepted.
    """

    ce_type: ClassVar[str] = "contract.text_issued.v1"

    contract_number: str
    customer_id: str
    document_id: str
    version: Count
    sha256: str


class ContractStatus(OpenToNewer, Word):
    DRAFT = "draft", "Its first day has not come."
    ACTIVE = "active", "In force."
    CANCELLATION_SCHEDULED = "cancellation_scheduled", "In force; its cancellation is scheduled."
    CANCELLED = "cancelled", "Its cancellation took effect."
    LAPSED = "lapsed", "Its renewal lapsed unpaid (F10)."
    ENDED = "ended", "Its last day has passed, or the registry ended it."


class ContractStatusChanged(Event):
    ce_type: ClassVar[str] = "contract.status_changed.v1"

    contract_number: str
    customer_id: str
    status: ContractStatus


class ContractAccepted(Event):
    """The acceptance is kept as a document; `sha256` is that document's, in hex.

    A later acceptance by the same customer is answered with the first one's document and signer,
    unless it names a newer text. `text_bound`: `text_document_id` and `text_sha256` are the text
    that was accepted; otherwise the acceptance names none. `authentication` is the signer's.
    """

    ce_type: ClassVar[str] = "contract.accepted.v1"

    contract_number: str
    customer_id: str
    inquiry_id: str
    document_id: str
    sha256: str
    signed_by: str | None = None
    signer_is_holder: Flag | None = None
    text_bound: Flag = False
    text_document_id: str | None = None
    text_sha256: str | None = None
    authentication: Authentication | None = None


class DenialCause(Word):
    """Why there is no copy, or no acceptance. `NOT_AVAILABLE` says nothing about the contract.

    `TEXT_CHANGED`: the text to be accepted is not the current one. `TEXT_NOT_APPROVED`: it is, and
    the vendor has not approved it yet.
    """

    NOT_AVAILABLE = (
        "not_available",
        "There is no such contract of this customer with access; says nothing about the "
        "contract (F8).",
    )
    NOT_PRINTABLE = "not_printable", "A name or a title is in a script that documents cannot show."
    TEXT_CHANGED = "text_changed", "The text to be accepted is not the current one (F1)."
    TEXT_NOT_APPROVED = (
        "text_not_approved",
        "The vendor has not approved the current text yet (F1).",
    )
    NOT_ACCEPTABLE = "not_acceptable", "The contract has ended, was cancelled or lapsed."


class ContractAcceptanceDenied(Event):
    """No acceptance was recorded. Everyone but the holder with access hears `not_available`.

    If the text has changed, `text_document_id` and `text_sha256` offer the current one.
    """

    ce_type: ClassVar[str] = "contract.acceptance_denied.v1"

    contract_number: str
    customer_id: str
    inquiry_id: str
    cause: str
    text_document_id: str | None = None
    text_sha256: str | None = None


class ContractCopyReady(Event):
    """A copy can be had until `available_until`; `sha256` is the document's, in hex.

    `link` is in records of earlier releases only: a link that opens a document is for a mail.
    """

    ce_type: ClassVar[str] = "contract.copy_ready.v1"

    contract_number: str
    customer_id: str
    inquiry_id: str
    document_id: str
    sha256: str
    available_until: Instant
    link: SkipJsonSchema[str | None] = None


class ContractCopyDenied(Event):
    """No copy. Everyone but the holder with access gets the same answer (F8)."""

    ce_type: ClassVar[str] = "contract.copy_denied.v1"

    contract_number: str
    customer_id: str
    inquiry_id: str
    cause: str


class ContractActivated(Event):
    ce_type: ClassVar[str] = "contract.activated.v1"

    contract_number: str
    customer_id: str
    inquiry_id: str


class ContractActivationFailed(Event):
    """Code and number do not match; at 0 attempts left an agent must unlock (F9)."""

    ce_type: ClassVar[str] = "contract.activation_failed.v1"

    contract_number: str
    customer_id: str
    inquiry_id: str
    attempts_left: Count


class CustomerProfile(Event):
    """A customer's whole current profile. `access` says whether an agent has authorised (F1).

    `inquiry_id` is the inquiry of the registration that the profile stems from.
    """

    customer_id: str
    name: AsGiven
    email: AsGiven
    phone: AsGiven
    company: AsGiven
    country: str
    language: Language = Language.ES
    consents: tuple[KeptConsent, ...]
    registered_at: Instant
    access: Flag = False
    inquiry_id: str | None = None


class CustomerRegistered(CustomerProfile):
    ce_type: ClassVar[str] = "customer.registered.v1"


class CustomerAccessAuthorised(CustomerProfile):
    ce_type: ClassVar[str] = "customer.access_authorised.v1"


class CustomerProfileUpdated(CustomerProfile):
    """The customer's data have changed at the request of the inquiry `answers_inquiry_id` (F2)."""

    ce_type: ClassVar[str] = "customer.profile_updated.v1"

    answers_inquiry_id: str


class CustomerConsentWithdrawn(CustomerProfile):
    """The customer took a consent back, and with it the access that needs it (F1, F3).

    `wording_version` is that of the withdrawal's text.
    """

    ce_type: ClassVar[str] = "customer.consent_withdrawn.v1"

    answers_inquiry_id: str
    purpose: ConsentPurpose
    wording_version: str
    withdrawn_at: Instant


class CustomerDenialCause(OpenToNewer, Word):
    """Why a request about a profile changed nothing."""

    NOT_REGISTERED = "not_registered", "There is no profile of this customer."


class CustomerRequestDenied(Event):
    """A request about a profile changed nothing, because there is no profile.

    A customer with a profile never gets it: compaction would keep it in the profile's place.
    """

    ce_type: ClassVar[str] = "customer.request_denied.v1"

    customer_id: str
    inquiry_id: str
    cause: CustomerDenialCause
