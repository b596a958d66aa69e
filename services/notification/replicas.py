"""Replicas of other services' events, so that a mail finds its words and way.

Each is one aggregate kind that publishes nothing. They are read when a mail is sent, not when it
is asked for: topics are not ordered among each other, and the latest address counts.
"""

from __future__ import annotations

from shared.events.contracts import ContractRecorded, CustomerProfile
from shared.events.envelope import Event, Ref
from shared.events.inquiries import InquiryKind, InquiryOpened
from shared.events.values import Contact, Instant, Language, Value

CUSTOMER, INQUIRY, FILE_CONTACT, CONTRACT = "customer", "inquiry", "contact", "contract"
CUSTOMERS = "desk.customers"


class CustomerReplica(Value):
    """A customer's current profile, as far as a mail needs it."""

    name: str
    email: str
    language: Language
    previous_email: str | None = None
    """The address before the latest profile, if that changed it."""


class InquiryReplica(Value):
    """An inquiry as it was opened; none of this changes later."""

    reference: str
    kind: InquiryKind
    customer_id: str
    subject: str
    contact: Contact
    language: Language
    contract_numbers: tuple[str, ...]
    opened_at: Instant
    answer_due_at: Instant


class FileContact(Value):
    """The latest contact with an e-mail address known for one customer's file on one contract."""

    name: str | None
    email: str
    language: Language
    opened_at: Instant
    inquiry_id: str


class ContractReplica(Value):
    """A contract's title and holder: its title is for its holder only."""

    customer_id: str
    title: str


def customer_ref(customer_id: str) -> Ref:
    return Ref(CUSTOMER, customer_id)


def inquiry_ref(inquiry_id: str) -> Ref:
    return Ref(INQUIRY, inquiry_id)


def file_contact_ref(customer_id: str, contract_number: str) -> Ref:
    """A customer id holds no slash, so the first one parts the two."""
    return Ref(FILE_CONTACT, f"{customer_id}/{contract_number}")


def contract_ref(contract_number: str) -> Ref:
    return Ref(CONTRACT, contract_number)


def evolve_customer(state: CustomerReplica | None, event: Event) -> CustomerReplica:
    assert isinstance(event, CustomerProfile)
    changed = state is not None and state.email.lower() != event.email.lower()
    return CustomerReplica(
        name=event.name,
        email=event.email,
        language=event.language,
        previous_email=state.email if state and changed else None,
    )


def evolve_inquiry(_state: InquiryReplica | None, event: Event) -> InquiryReplica:
    assert isinstance(event, InquiryOpened)
    return InquiryReplica.model_validate(event.model_dump())


def evolve_file_contact(state: FileContact | None, event: Event) -> FileContact:
    """The inquiry opened last wins, in whichever order the two arrive."""
    assert isinstance(event, InquiryOpened)
    assert event.contact.email is not None
    if state and (state.opened_at, state.inquiry_id) >= (event.opened_at, event.inquiry_id):
        return state
    return FileContact(
        name=event.contact.name,
        email=event.contact.email,
        language=event.language,
        opened_at=event.opened_at,
        inquiry_id=event.inquiry_id,
    )


def evolve_contract(_state: ContractReplica | None, event: Event) -> ContractReplica:
    assert isinstance(event, ContractRecorded)
    return ContractReplica(customer_id=event.customer_id, title=event.title)
