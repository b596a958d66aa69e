"""Replicas of other services' facts: what completes an inquiry, and what is attached to one.

`desk.customers` has the registration's data (F4), `desk.documents` says of each attachment what its
channel called it, and whether the archive keeps it.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.events.contracts import CustomerProfile
from shared.events.documents import DocumentKept, DocumentReceived, DocumentRefused
from shared.events.envelope import Event
from shared.events.submitted import SubmittedContact
from shared.events.values import Contact, readable

CUSTOMER = "customer"
ATTACHMENT = "attachment"
TOPIC = "desk.customers"
_CONTACT: TypeAdapter[SubmittedContact] = TypeAdapter(SubmittedContact)


class CustomerReplica(BaseModel):
    """Where a registered customer can be reached, as of the latest profile seen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    customer_id: str
    contact: Contact


def evolve(_state: CustomerReplica | None, event: Event) -> CustomerReplica:
    """The customer as the newest profile says; each carries everything."""
    assert isinstance(event, CustomerProfile)
    return CustomerReplica(customer_id=event.customer_id, contact=_contact_of(event))


def _contact_of(profile: CustomerProfile) -> Contact:
    """The profile's sound parts: it may be older than the form that is asked for today."""
    given = profile.model_dump(include={"name", "email", "phone"})
    sound = {name: value for name, value in given.items() if readable(_CONTACT, {name: value})}
    return Contact.model_validate(sound)


class AttachmentVerdict(StrEnum):
    """Where an attachment stands with the archive."""

    AWAITED = "awaited"
    KEPT = "kept"
    REFUSED = "refused"


class AttachmentReplica(BaseModel):
    """An attachment as its first claim check describes it, and what the archive answered.

    Without a claim check, which its topic keeps for 30 days, only the archive's answer is known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    document_id: str
    customer_id: str | None = None
    file_name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    standing: AttachmentVerdict = AttachmentVerdict.AWAITED
    cause: str | None = None


def evolve_attachment(state: AttachmentReplica | None, event: Event) -> AttachmentReplica:
    """Folds an event; the first description stands, as it does in the archive."""
    match event:
        case DocumentReceived():
            return _described(state, event)
        case DocumentKept():
            return _settled(state or _unnamed(event), AttachmentVerdict.KEPT)
        case DocumentRefused():
            return _settled(state or _unnamed(event), AttachmentVerdict.REFUSED, event.cause)
    raise TypeError(f"no attachment's event: {event.ce_type}")


def _described(state: AttachmentReplica | None, received: DocumentReceived) -> AttachmentReplica:
    if state is not None and state.file_name is not None:
        return state
    said = received.model_dump(include={*AttachmentReplica.model_fields} - {"standing", "cause"})
    said["sha256"] = received.sha256.lower()
    return (state or AttachmentReplica(document_id=received.document_id)).model_copy(update=said)


def _unnamed(event: DocumentKept | DocumentRefused) -> AttachmentReplica:
    said = event.model_dump(include={*AttachmentReplica.model_fields} - {"cause"})
    return AttachmentReplica.model_validate(said)


def _settled(
    state: AttachmentReplica, standing: AttachmentVerdict, cause: str | None = None
) -> AttachmentReplica:
    if state.standing is not AttachmentVerdict.AWAITED:
        return state
    return state.model_copy(update={"standing": standing, "cause": cause and str(cause)})
