"""The cancellation file: all that is known of one contract's cancellation, folded from events.

Dates are calendar dates in Europe/Madrid. The file keeps what decisions need and no more: of a
customer's contact only the days on which a name and a means came in, of a signature its kind and
reference.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from services.cancellation.file.evidence_received import EvidenceReceived
from shared.events.cancellations import ReferralCause
from shared.events.changed import changed
from shared.events.text import trimmed
from shared.events.values import Evidence, Instant, Money, Value, madrid_date


class ContractFacts(Value):
    """A contract's facts as the registry reports them: holder, type and term.

    `ends_on` is its last day. A file that an earlier release wrote knows no term until the
    registry's record changes.
    """

    customer_id: str
    type: str
    auto_renewal: bool = False
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def last_day(self) -> date | None:
        """The last day of a contract that ends by itself."""
        return None if self.auto_renewal or self.ends_on == date.max else self.ends_on

    @property
    def contradictory(self) -> bool:
        """Whether the record ends before it starts."""
        if self.starts_on is None or self.ends_on is None:
            return False
        return self.ends_on < self.starts_on

    def ends_before(self, day: date) -> bool:
        """Whether the contract's last day, by a record without contradiction, is before `day`."""
        if self.last_day is None or self.contradictory:
            return False
        return self.last_day < day


class RequestStatus(StrEnum):
    """Where a request stands. Held, awaiting and referred requests are open, and so is a notice.

    A notice needs no cancellation, for its contract ends by itself; it counts again if the term is
    extended.
    """

    RECEIVED = "received"
    HELD = "held"
    AWAITING = "awaiting"
    REFERRED = "referred"
    SCHEDULED = "scheduled"
    SETTLED = "settled"
    NOTICE = "notice"


OPEN = frozenset(
    {RequestStatus.HELD, RequestStatus.AWAITING, RequestStatus.REFERRED, RequestStatus.NOTICE}
)


class Closing(StrEnum):
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Closed(Value):
    """The way a request ended, and the day: its deadline, or the day of withdrawal."""

    how: Closing
    on: date


class Request(Value):
    """One customer's request to cancel the contract; or evidence that came without a request.

    `policy_version` is the version in force on `received_on`; the request keeps it. `due_on` is
    the last day on which missing evidence counts, `remind_on` the day of the one reminder.
    `unanswered` are the inquiries of evidence that no event has answered yet. `late_withdrawal` is
    the day on which a withdrawal was received that was delivered after the effect.
    """

    inquiry_id: str
    customer_id: str
    received_on: date
    given: EvidenceReceived
    policy_version: str
    due_on: date
    remind_on: date
    requested_end_on: date | None = None
    only_evidence: bool = False
    status: RequestStatus = RequestStatus.RECEIVED
    policy: str | None = None
    held_until: Instant | None = None
    missing: tuple[Evidence, ...] = ()
    reminded: bool = False
    unanswered: tuple[str, ...] = ()
    received_at: Instant | None = None
    closed: Closed | None = None
    late_withdrawal: date | None = None

    def came_after(self, instant: datetime) -> bool:
        """Whether the request was received after `instant` (timezone-aware)."""
        if self.received_at is not None:
            return self.received_at > instant
        return self.received_on > madrid_date(instant)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def counted(self) -> EvidenceReceived:
        """The evidence received by the deadline."""
        return self.given.by(self.due_on)


class ScheduleDates(Value):
    """The dates of a schedule besides its effective day, and the term it was decided in."""

    received_on: date
    complete_on: date
    notice_ends_on: date
    term_starts_on: date | None = None


class Cancellation(Value):
    """The one cancellation that is scheduled on the contract, or that took effect.

    A suspended one takes no effect until a professional approves it.
    """

    inquiry_id: str
    customer_id: str
    policy: str
    policy_version: str
    effective_on: date
    last_billable_on: date
    took_effect: bool = False
    suspended: bool = False
    alarmed: bool = False
    dates: ScheduleDates | None = None


class RenewalInvoice(Value):
    """An automatic renewal's invoice: unpaid on `lapses_on`, it lapses (F10).

    `lapsed_for` is who held the contract then. `past`: a new term has begun since. `referred` is
    what a professional is asked, `decided` that he has answered. `disregarded`: operations were
    told that it does not count.
    """

    invoice_number: str
    issued_on: date
    lapses_on: date
    policy_version: str
    lapsed: bool = False
    customer_id: str | None = None
    total: Money | None = None
    watched: bool = False
    lapsed_for: str | None = None
    past: bool = False
    referred: ReferralCause | None = None
    decided: bool = False
    disregarded: bool = False


class Payment(Value):
    """A payment, remembered even if its invoice is not known (yet). Without `amount`, in full."""

    invoice_number: str
    paid_on: date
    amount: Money | None = None
    reversed_on: date | None = None
    disregarded: bool = False


class Reversal(Value):
    """Money that went back before its payment was reported; without `amount`, all of it."""

    invoice_number: str
    reversed_on: date
    amount: Money | None = None

    def concerns(self, payment: Payment) -> bool:
        if not same_invoice(self.invoice_number, payment.invoice_number):
            return False
        return payment.paid_on <= self.reversed_on


class Void(Value):
    """An invoice that counts no longer, unless billing issues the number again later.

    `issued_on` is the day of the invoice that was voided, if it was known by then.
    """

    invoice_number: str
    voided_on: date
    issued_on: date | None = None

    def voids(self, renewal: RenewalInvoice) -> bool:
        if not same_invoice(self.invoice_number, renewal.invoice_number):
            return False
        return renewal.issued_on <= (self.issued_on or self.voided_on)


def same_invoice(left: str, right: str) -> bool:
    """Billing's systems differ in blanks at the ends and in case."""
    return left == right or compared(left) == compared(right)


@lru_cache(maxsize=4096)
def compared(invoice_number: str) -> str:
    """Returns the invoice number's form for comparison, without case and outer spaces."""
    return trimmed(invoice_number).casefold()


class CancellationFile(Value):
    """The state of one contract's file.

    `sequence` is the number of the last public event. Invoices issued by `forgotten_until` may have
    been settled and left the file. `woken_for` is the last timer that an earlier release noted.
    """

    contract_number: str
    contract: ContractFacts | None = None
    requests: tuple[Request, ...] = ()
    cancellation: Cancellation | None = None
    renewals: tuple[RenewalInvoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    woken_for: Instant | None = None
    sequence: int = 0
    voids: tuple[Void, ...] = ()
    reversals: tuple[Reversal, ...] = ()
    forgotten_until: date | None = None

    def holder_is(self, customer_id: str) -> bool:
        """Whether the contract is known and this customer's."""
        return self.contract is not None and self.contract.customer_id == customer_id

    def cancellation_of(self, customer_id: str) -> Cancellation | None:
        """The scheduled or effective cancellation, if it is this customer's.

        A suspended one is nobody's: neither the former holder nor the new one acts on it.
        """
        cancellation = self.cancellation
        if cancellation is None or cancellation.suspended:
            return None
        return cancellation if cancellation.customer_id == customer_id else None

    @property
    def lapsed_on(self) -> date | None:
        """When the renewal of the present term lapsed."""
        return max((r.lapses_on for r in self.renewals if r.lapsed and not r.past), default=None)

    def request(self, inquiry_id: str | None) -> Request | None:
        return next((r for r in self.requests if r.inquiry_id == inquiry_id), None)

    def open_requests_of(self, customer_id: str) -> tuple[Request, ...]:
        """In the order in which they came."""
        return tuple(r for r in self.requests if r.is_open and r.customer_id == customer_id)

    def withdrawable_requests_of(self, customer_id: str) -> tuple[Request, ...]:
        """All but the one that a suspended cancellation hangs on."""
        standing = self.cancellation and self.cancellation.inquiry_id
        return tuple(r for r in self.open_requests_of(customer_id) if r.inquiry_id != standing)

    def asked_again(self, customer_id: str, after: datetime) -> tuple[Request, ...]:
        """This customer's requests received after `after` that got a standing cancellation's dates.

        One that the customer withdrew, or that expired, asks for nothing any more.
        """
        return tuple(
            r
            for r in self.requests
            if r.customer_id == customer_id
            and r.status is RequestStatus.SETTLED
            and r.closed is None
            and not r.only_evidence
            and r.came_after(after)
        )

    def referred(self) -> tuple[Request, ...]:
        """The requests referred to a professional, oldest first."""
        return tuple(r for r in self.requests if r.status is RequestStatus.REFERRED)

    def held_for(self, customer_id: str) -> tuple[Request, ...]:
        """Returns this customer's requests that wait for the registry to report the contract."""
        return tuple(
            r for r in self.open_requests_of(customer_id) if r.status is RequestStatus.HELD
        )

    def awaiting_evidence_of(self, customer_id: str) -> tuple[Request, ...]:
        """The requests that a customer's evidence belongs to."""
        return tuple(
            r
            for r in self.open_requests_of(customer_id)
            if r.status is not RequestStatus.REFERRED and not r.only_evidence
        )

    def last_withdrawn(self, customer_id: str) -> Request | None:
        """This customer's request that was withdrawn last."""
        return self._closed_last(customer_id, Closing.WITHDRAWN)

    def expired_awaiting(self, customer_id: str, given_on: date) -> Request | None:
        """This customer's expired request for which evidence received that day was in time."""
        expired = self._closed_last(customer_id, Closing.EXPIRED)
        return expired if expired is not None and given_on <= expired.due_on else None

    def _closed_last(self, customer_id: str, how: Closing) -> Request | None:
        mine = [r for r in self.requests if r.customer_id == customer_id and not r.is_open]
        return next((r for r in reversed(mine) if r.closed and r.closed.how is how), None)

    def renewal(self, invoice_number: str) -> RenewalInvoice | None:
        """The invoice of that number; of one issued again, the last."""
        same = (r for r in self.renewals if same_invoice(r.invoice_number, invoice_number))
        return max(same, key=lambda r: r.issued_on, default=None)

    def lapsed_under(self, invoice_number: str) -> tuple[RenewalInvoice, ...]:
        """Returns the invoices of that number that have lapsed, in any term."""
        same = (r for r in self.renewals if same_invoice(r.invoice_number, invoice_number))
        return tuple(r for r in same if r.lapsed)

    def with_(self, **changes: Any) -> CancellationFile:
        return changed(self, changes)

    def with_request(self, inquiry_id: str | None, **changes: Any) -> CancellationFile:
        return self.with_(requests=self.requests_with(inquiry_id, **changes))

    def requests_with(self, inquiry_id: str | None, **changes: Any) -> tuple[Request, ...]:
        """One request changed; an inquiry that is not a request changes nothing."""
        return tuple(
            changed(r, changes) if r.inquiry_id == inquiry_id else r for r in self.requests
        )

    def with_renewal(
        self, invoice_number: str, issued_on: date, **changes: Any
    ) -> CancellationFile:
        wanted = (invoice_number, issued_on)
        return self.with_(
            renewals=tuple(
                changed(r, changes) if (r.invoice_number, r.issued_on) == wanted else r
                for r in self.renewals
            )
        )
