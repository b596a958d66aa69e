"""The file's private events: what it takes note of. They are kept in the history, on no topic."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from services.cancellation.given import Given
from shared.events.envelope import Event
from shared.events.values import Instant


class FileRecord(Event):
    contract_number: str


class ContractKnown(FileRecord):
    """The registry's facts, new or changed."""

    ce_type: ClassVar[str] = "file.contract_known"

    customer_id: str
    type: str
    auto_renewal: bool


class RequestReceived(FileRecord):
    """A request, under the policy version in force on `received_on`.

    `only_evidence`: evidence came for which no request was open; it is followed like a request.
    """

    ce_type: ClassVar[str] = "file.request_received"

    inquiry_id: str
    customer_id: str
    received_on: date
    requested_end_on: date | None = None
    given: Given
    only_evidence: bool = False
    policy_version: str
    due_on: date
    remind_on: date


class RequestHeld(FileRecord):
    """The contract is not known as this customer's; its record is waited for until `until`."""

    ce_type: ClassVar[str] = "file.request_held"

    inquiry_id: str
    until: Instant


class EvidenceAdded(FileRecord):
    """Evidence, sent in as inquiry `evidence_inquiry_id`, joins the request of `inquiry_id`."""

    ce_type: ClassVar[str] = "file.evidence_added"

    inquiry_id: str
    evidence_inquiry_id: str
    given: Given


class RenewalInvoiced(FileRecord):
    """An automatic renewal was invoiced; unpaid on `lapses_on` it lapses (F10)."""

    ce_type: ClassVar[str] = "file.renewal_invoiced"

    invoice_number: str
    issued_on: date
    lapses_on: date
    policy_version: str


class PaymentNoted(FileRecord):
    ce_type: ClassVar[str] = "file.payment_noted"

    invoice_number: str
    paid_on: date


class FileWoken(FileRecord):
    """The timer of `due_at` was decided; no later timer may have the same due time."""

    ce_type: ClassVar[str] = "file.woken"

    due_at: Instant


PRIVATE_EVENTS: tuple[type[FileRecord], ...] = (
    ContractKnown,
    RequestReceived,
    RequestHeld,
    EvidenceAdded,
    RenewalInvoiced,
    PaymentNoted,
    FileWoken,
)
