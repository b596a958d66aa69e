"""What the API answers with, as `docs/openapi.json` says it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

from shared.events.values import FieldError

Item = TypeVar("Item")


class SubmissionStatus(StrEnum):
    """How far a submission is."""

    SENDING = "sending"
    SENT = "sent"
    RECEIVED = "received"
    REJECTED = "rejected"


class InquiryLink(BaseModel):
    """The inquiry that a submission has opened, or continues."""

    id: str
    reference: str | None = None
    status: str
    url: str


class SubmissionState(BaseModel):
    """A submission as it stands.

    `sending`: kept, and not on the desk's topic yet; it will be, under the same id. `sent`: the
    desk has it, and has not answered. `received`: it opened or continued the inquiry. `rejected`:
    nothing came of it, and `errors` names every faulty field.
    """

    id: str
    status: SubmissionStatus
    status_url: str
    ce_source: str
    ce_id: str
    type: str
    customer_id: str
    accepted_at: datetime
    inquiry: InquiryLink | None = None
    errors: tuple[FieldError, ...] | None = None


class AccessToken(BaseModel):
    """An access token for the header `Authorization: Bearer …` (RFC 6749, 5.1)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of the scheme
    expires_in: int = Field(description="Seconds.")
    scope: str


class TokenError(BaseModel):
    """Why there is no token (RFC 6749, 5.2)."""

    error: str
    error_description: str | None = None


class Page(BaseModel, Generic[Item]):
    """A part of a list. `next` is the address of the part that follows; the last one has none."""

    items: Annotated[list[Item], Field(max_length=100)]
    next: str | None = None
