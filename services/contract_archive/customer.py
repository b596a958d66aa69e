"""The customer: registration and authorisation, the two steps to access (F1).

The steps travel on different topics, so either may be seen first; the profile is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.agents import AccessAuthorised
from shared.events.contracts import (
    CustomerAccessAuthorised,
    CustomerProfile,
    CustomerRegistered,
)
from shared.events.envelope import Event, Message
from shared.events.requests import CustomerRegistrationRequested

CUSTOMER = "customer"


class AuthorisedAhead(Event):
    """An agent authorised a customer who has not registered yet."""

    ce_type: ClassVar[str] = "customer.authorised_ahead"

    customer_id: str


PRIVATE_EVENTS = (AuthorisedAhead,)


class CustomerState(BaseModel):
    """`authorised` may be true before there is a profile; only both together are access."""

    model_config = ConfigDict(frozen=True)

    customer_id: str
    profile: CustomerProfile | None = None
    authorised: bool = False

    @property
    def access(self) -> bool:
        return self.profile is not None and self.profile.access


def decide(message: Message, state: CustomerState | None, _now: datetime) -> Sequence[Event]:
    match message.data:
        case CustomerRegistrationRequested() as request:
            return _register(request, state)
        case AccessAuthorised() as action:
            return _authorise(action, state)
    return []


def _register(
    request: CustomerRegistrationRequested, state: CustomerState | None
) -> Sequence[Event]:
    """The profile is replaced whole; who had access keeps it."""
    had_access = state is not None and state.access
    registered = CustomerRegistered(
        **request.model_dump(exclude={"channel", "received_at"}),
        registered_at=request.received_at,
        access=had_access,
    )
    if state is None or had_access or not state.authorised:
        return [registered]
    return [registered, _with_access(registered)]


def _authorise(action: AccessAuthorised, state: CustomerState | None) -> Sequence[Event]:
    if state is not None and state.authorised:
        return []
    if state is None or state.profile is None:
        return [AuthorisedAhead(customer_id=action.customer_id)]
    return [_with_access(state.profile)]


def _with_access(profile: CustomerProfile) -> CustomerAccessAuthorised:
    given: dict[str, Any] = profile.model_dump(exclude={"access"})
    return CustomerAccessAuthorised(**given, access=True)


def evolve(_state: CustomerState | None, event: Event) -> CustomerState:
    match event:
        case AuthorisedAhead():
            return CustomerState(customer_id=event.customer_id, authorised=True)
        case CustomerProfile():
            profile = CustomerProfile.model_validate(event.model_dump())
            return CustomerState(
                customer_id=event.customer_id, profile=profile, authorised=profile.access
            )
    raise TypeError(f"no customer event: {event.ce_type}")
