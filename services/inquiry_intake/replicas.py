"""The replica of `desk.customers`: what completes an inquiry with the registration's data (F4)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.inquiry_intake.submission.legible import readable
from shared.events.contracts import CustomerProfile
from shared.events.envelope import Event
from shared.events.submitted import SubmittedContact
from shared.events.values import Contact

CUSTOMER = "customer"
TOPIC = "desk.customers"
_CONTACT: TypeAdapter[SubmittedContact] = TypeAdapter(SubmittedContact)


class Customer(BaseModel):
    """Where a registered customer can be reached, as of the latest profile seen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    customer_id: str
    contact: Contact


def evolve(_state: Customer | None, event: Event) -> Customer:
    """The customer as the newest profile says; each carries everything."""
    assert isinstance(event, CustomerProfile)
    return Customer(customer_id=event.customer_id, contact=_contact_of(event))


def _contact_of(profile: CustomerProfile) -> Contact:
    """The profile's sound parts: it may be older than the form that is asked for today."""
    given = profile.model_dump(include={"name", "email", "phone"})
    sound = {name: value for name, value in given.items() if readable(_CONTACT, {name: value})}
    return Contact.model_validate(sound)
