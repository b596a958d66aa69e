"""The replica of `desk.customers`: what completes an inquiry with the registration's data (F4)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.events.contracts import CustomerProfile
from shared.events.envelope import Event
from shared.events.values import Contact

CUSTOMER = "customer"


class Customer(BaseModel):
    """Where a registered customer can be reached, as of the latest profile seen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    customer_id: str
    contact: Contact


def evolve(_state: Customer | None, event: Event) -> Customer:
    """The customer as the newest profile says; each carries everything."""
    assert isinstance(event, CustomerProfile)
    contact = Contact(name=event.name, email=event.email, phone=event.phone)
    return Customer(customer_id=event.customer_id, contact=contact)
