"""The customer: registration and authorisation, the two steps to access (F1), and changes later.

The steps travel on different topics, so either may be seen first; the profile is the same. Access
ends with a consent that it needs (F3): after that, both steps are needed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.agents import AccessAuthorised
from shared.events.contracts import (
    CustomerAccessAuthorised,
    CustomerConsentWithdrawn,
    CustomerDenialCause,
    CustomerProfile,
    CustomerProfileUpdated,
    CustomerRegistered,
    CustomerRequestDenied,
)
from shared.events.envelope import Event, Message
from shared.events.requests import (
    CustomerConsentWithdrawalRequested,
    CustomerProfileUpdateRequested,
    CustomerRegistrationRequested,
    ServiceRequest,
)
from shared.events.values import KeptConsent

CUSTOMER = "customer"


class AuthorisedAhead(Event):
    """An agent authorised a customer who has yet to register, or to consent again."""

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
        case CustomerProfileUpdateRequested() as request:
            return [_updated(request, state)]
        case CustomerConsentWithdrawalRequested() as request:
            return [_withdrawn(request, state)]
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
    if state is None or state.profile is None or not _consents(state.profile):
        return [AuthorisedAhead(customer_id=action.customer_id)]
    return [_with_access(state.profile)]


def _consents(profile: CustomerProfile) -> bool:
    """Whether every consent that the customer gave still holds (F3)."""
    return all(consent.in_force for consent in profile.consents)


def _updated(request: CustomerProfileUpdateRequested, state: CustomerState | None) -> Event:
    """Replaces the fields that the request names; registration, consents and access stay."""
    if state is None or state.profile is None:
        return _denied(request)
    changes = request.model_dump(exclude=set(ServiceRequest.model_fields), exclude_none=True)
    return CustomerProfileUpdated(
        **{**state.profile.model_dump(), **changes}, answers_inquiry_id=request.inquiry_id
    )


def _withdrawn(request: CustomerConsentWithdrawalRequested, state: CustomerState | None) -> Event:
    """Both consents are conditions of access, so either one ends it (F3)."""
    if state is None or state.profile is None:
        return _denied(request)
    kept: dict[str, Any] = state.profile.model_dump(exclude={"consents", "access"})
    return CustomerConsentWithdrawn(
        **kept,
        consents=tuple(_without(request, consent) for consent in state.profile.consents),
        access=False,
        answers_inquiry_id=request.inquiry_id,
        purpose=request.purpose,
        wording_version=request.wording_version,
        withdrawn_at=request.withdrawn_at,
    )


def _without(request: CustomerConsentWithdrawalRequested, consent: KeptConsent) -> KeptConsent:
    """A consent is withdrawn once: a second withdrawal leaves the first one's time."""
    if consent.purpose is not request.purpose or not consent.in_force:
        return consent
    return consent.model_copy(update={"withdrawn_at": request.withdrawn_at})


def _denied(request: ServiceRequest) -> Event:
    return CustomerRequestDenied(
        customer_id=request.customer_id,
        inquiry_id=request.inquiry_id,
        cause=CustomerDenialCause.NOT_REGISTERED,
    )


def _with_access(profile: CustomerProfile) -> CustomerAccessAuthorised:
    given: dict[str, Any] = profile.model_dump(exclude={"access"})
    return CustomerAccessAuthorised(**given, access=True)


def evolve(before: CustomerState | None, event: Event) -> CustomerState:
    match event:
        case AuthorisedAhead():
            state = before or CustomerState(customer_id=event.customer_id)
            return state.model_copy(update={"authorised": True})
        case CustomerProfileUpdated() if before is not None:
            return before.model_copy(update={"profile": _profile(event)})
        case CustomerProfile():
            profile = _profile(event)
            return CustomerState(
                customer_id=event.customer_id, profile=profile, authorised=profile.access
            )
        case CustomerRequestDenied():
            return before or CustomerState(customer_id=event.customer_id)
    raise TypeError(f"no customer event: {event.ce_type}")


def _profile(event: CustomerProfile) -> CustomerProfile:
    return CustomerProfile.model_validate(event.model_dump())
