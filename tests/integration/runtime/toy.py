"""A service without a business: it answers submissions, and stumbles where told to."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.submissions import SubmissionRejected
from shared.events.values import Bilingual, FieldError
from shared.runtime.decider import IGNORED, Decider, Route, Service

FIXED: list[str] = []
"""A test that deploys the fix puts something in."""


class Seen(BaseModel):
    """How many messages an aggregate has decided."""

    model_config = ConfigDict(frozen=True)

    count: int


def route(message: Message) -> Route:
    if not isinstance(message.data, Unchecked):
        return IGNORED
    return Route((Ref("seen", _customer(message)),))


def _customer(message: Message) -> str:
    assert isinstance(message.data, Unchecked)
    return str(message.data.fields.get("customer_id", message.key))


def decide(message: Message, state: Seen | None, _now: datetime) -> list[Event]:
    assert isinstance(message.data, Unchecked)
    if message.data.fields.get("text") == "stumble" and not FIXED:
        raise ZeroDivisionError("the customer's own words")
    count = (state.count if state else 0) + 1
    error = FieldError(field="text", code=str(count), message=Bilingual(es="no", en="no"))
    return [
        SubmissionRejected(
            submission_id=message.id,
            customer_id=_customer(message),
            errors=(error,),
        )
    ]


def evolve(state: Seen | None, _event: Event) -> Seen:
    return Seen(count=(state.count if state else 0) + 1)


def build() -> Service:
    """The toy takes intake's place: it consumes the same topics."""
    return Service("inquiry_intake", (Decider("seen", Seen, decide, evolve),), route)
