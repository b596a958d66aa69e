"""Models of the API's answers; `docs/openapi.json` is made from them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

from shared.events.values import Bilingual, FieldError, Money

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


class Entry(BaseModel):
    """Something that happened to an inquiry; `text` is a person's own."""

    type: str
    at: datetime | None = None
    by: str | None = None
    status: str | None = None
    note: Bilingual | None = None
    text: str | None = None
    contract_number: str | None = None


class Inquiry(BaseModel):
    """An inquiry as a list shows it."""

    id: str
    reference: str | None = None
    kind: str
    status: str
    subject: str | None = None
    opened_at: datetime
    answer_due_at: datetime | None = None
    contract_numbers: tuple[str, ...] = ()


class InquiryWhole(Inquiry):
    """An inquiry with its conversation, oldest first."""

    entries: tuple[Entry, ...] = ()


class Contract(BaseModel):
    """A contract's facts as the registry reports them, and its status."""

    number: str
    type: str
    title: str
    status: str
    starts_on: date
    ends_on: date | None = None
    auto_renewal: bool
    price: Money | None = None
    period: str | None = None


class Awaited(BaseModel):
    """A request that waits for evidence, for a professional or for the registry."""

    inquiry_id: str
    status: str
    missing: tuple[str, ...] = ()
    due_on: date | None = None


class Decision(BaseModel):
    """A decision of the desk about a contract, with its rule and explanation."""

    type: str
    sequence: int
    at: datetime | None = None
    inquiry_id: str | None = None
    policy: str
    policy_version: str
    rule: str
    explanation: Bilingual
    effective_on: date | None = None
    last_billable_on: date | None = None
    due_on: date | None = None


class Cancellation(BaseModel):
    """A contract's cancellation: what stands, what is awaited, and every decision, oldest first.

    `status` is the contract's.
    """

    contract_number: str
    status: str
    effective_on: date | None = None
    last_billable_on: date | None = None
    awaited: tuple[Awaited, ...] = ()
    decisions: tuple[Decision, ...] = ()


class InvoiceKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Invoice(BaseModel):
    """An invoice or a credit note. `open` is what is still to be paid of an invoice."""

    number: str
    kind: InvoiceKind
    issued_on: date
    due_on: date | None = None
    total: Money
    open: Money | None = None


class Line(BaseModel):
    line: int
    description: str
    contract_number: str | None = None
    quantity: int
    net: Money
    tax_rate: str


class InvoiceWhole(Invoice):
    """An invoice with its lines."""

    net: Money
    lines: tuple[Line, ...] = ()
