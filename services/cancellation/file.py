"""The cancellation file: all that is known of one contract's cancellation, folded from events.

Dates are calendar dates in Europe/Madrid. The file keeps what decisions need and no more: of a
customer's contact only the days on which a name and a means came in, of a signature its kind and
reference.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from services.cancellation.given import Given
from shared.events.values import (
    Evidence,
    Instant,
    Value,
)

Entry = TypeVar("Entry", bound=Value)


class ContractFacts(Value):
    """What the registry says about the contract: whose it is and of which type."""

    customer_id: str
    type: str
    auto_renewal: bool = False


class Status(StrEnum):
    """Where a request stands. Held, awaiting and referred requests are open."""

    RECEIVED = "received"
    HELD = "held"
    AWAITING = "awaiting"
    REFERRED = "referred"
    SCHEDULED = "scheduled"
    SETTLED = "settled"


OPEN = frozenset({Status.HELD, Status.AWAITING, Status.REFERRED})


class Request(Value):
    """One customer's request to cancel the contract; or evidence that came without a request.

    `policy_version` is the version in force on `received_on`; the request keeps it. `due_on` is
    the last day on which missing evidence counts, `remind_on` the day of the one reminder.
    `unanswered` are the inquiries of evidence that no event has answered yet.
    """

    inquiry_id: str
    customer_id: str
    received_on: date
    given: Given
    policy_version: str
    due_on: date
    remind_on: date
    requested_end_on: date | None = None
    only_evidence: bool = False
    status: Status = Status.RECEIVED
    policy: str | None = None
    held_until: Instant | None = None
    missing: tuple[Evidence, ...] = ()
    reminded: bool = False
    unanswered: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def counted(self) -> Given:
        """What has been given in time."""
        return self.given.by(self.due_on)


class Cancellation(Value):
    """The one cancellation that is scheduled on the contract, or that took effect."""

    inquiry_id: str
    customer_id: str
    policy: str
    policy_version: str
    effective_on: date
    last_billable_on: date
    took_effect: bool = False


class RenewalInvoice(Value):
    """An automatic renewal's invoice: unpaid on `lapses_on`, it lapses (F10)."""

    invoice_number: str
    issued_on: date
    lapses_on: date
    policy_version: str
    lapsed: bool = False


class Payment(Value):
    """A payment, remembered even if its invoice is not known (yet)."""

    invoice_number: str
    paid_on: date


class File(Value):
    """The state of one contract's file.

    `sequence` is the number of the last public event, `woken_for` the latest timer decided.
    """

    contract_number: str
    contract: ContractFacts | None = None
    requests: tuple[Request, ...] = ()
    cancellation: Cancellation | None = None
    renewals: tuple[RenewalInvoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    woken_for: Instant | None = None
    sequence: int = 0

    def holder_is(self, customer_id: str) -> bool:
        """Whether the contract is known and this customer's."""
        return self.contract is not None and self.contract.customer_id == customer_id

    def cancellation_of(self, customer_id: str) -> Cancellation | None:
        """The scheduled or effective cancellation, if it is this customer's."""
        mine = self.cancellation is not None and self.cancellation.customer_id == customer_id
        return self.cancellation if mine else None

    def request(self, inquiry_id: str | None) -> Request | None:
        return next((r for r in self.requests if r.inquiry_id == inquiry_id), None)

    def open_requests_of(self, customer_id: str) -> tuple[Request, ...]:
        """In the order in which they came."""
        return tuple(r for r in self.requests if r.is_open and r.customer_id == customer_id)

    def referred(self) -> tuple[Request, ...]:
        """What waits for a professional, oldest first."""
        return tuple(r for r in self.requests if r.status is Status.REFERRED)

    def held_for(self, customer_id: str) -> tuple[Request, ...]:
        """What this customer sent before the registry reported the contract."""
        return tuple(r for r in self.open_requests_of(customer_id) if r.status is Status.HELD)

    def awaiting_evidence_of(self, customer_id: str) -> tuple[Request, ...]:
        """The requests that a customer's evidence belongs to."""
        return tuple(
            r
            for r in self.open_requests_of(customer_id)
            if r.status is not Status.REFERRED and not r.only_evidence
        )

    def renewal(self, invoice_number: str) -> RenewalInvoice | None:
        return next((r for r in self.renewals if r.invoice_number == invoice_number), None)

    def with_(self, **changes: Any) -> File:
        return self.model_copy(update=changes)

    def with_request(self, inquiry_id: str | None, **changes: Any) -> File:
        """One request changed; an inquiry that is not a request changes nothing."""
        return self.with_(requests=_changed(self.requests, "inquiry_id", inquiry_id, changes))

    def with_renewal(self, invoice_number: str, **changes: Any) -> File:
        return self.with_(
            renewals=_changed(self.renewals, "invoice_number", invoice_number, changes)
        )


def _changed(
    values: tuple[Entry, ...], name: str, wanted: str | None, changes: dict[str, Any]
) -> tuple[Entry, ...]:
    return tuple(v.model_copy(update=changes) if getattr(v, name) == wanted else v for v in values)
