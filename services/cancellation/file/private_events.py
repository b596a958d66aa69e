"""The file's private events: what it takes note of. They are kept in the history, on no topic."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from services.cancellation.file.evidence_received import EvidenceReceived
from services.cancellation.file.state import Closed, Payment, ScheduleDates
from shared.events.cancellations import ReferralCause
from shared.events.envelope import Event
from shared.events.values import Instant, Money


class PrivateEvent(Event):
    contract_number: str


class ContractKnown(PrivateEvent):
    """The registry's facts, new or changed."""

    ce_type: ClassVar[str] = "file.contract_known"

    customer_id: str
    type: str
    auto_renewal: bool
    starts_on: date | None = None
    ends_on: date | None = None


class RequestReceived(PrivateEvent):
    """A request, under the policy version in force on `received_on`.

    `only_evidence`: evidence came for which no request was open; it is followed like a request.
    """

    ce_type: ClassVar[str] = "file.request_received"

    inquiry_id: str
    customer_id: str
    received_on: date
    requested_end_on: date | None = None
    given: EvidenceReceived
    only_evidence: bool = False
    policy_version: str
    due_on: date
    remind_on: date
    received_at: Instant | None = None


class RequestHeld(PrivateEvent):
    """The contract is not known as this customer's; its record is waited for until `until`."""

    ce_type: ClassVar[str] = "file.request_held"

    inquiry_id: str
    until: Instant


class EvidenceAdded(PrivateEvent):
    """Evidence, sent in as inquiry `evidence_inquiry_id`, joins the request of `inquiry_id`."""

    ce_type: ClassVar[str] = "file.evidence_added"

    inquiry_id: str
    evidence_inquiry_id: str
    given: EvidenceReceived


class RequestClosed(PrivateEvent):
    """The request has ended by itself or by its customer; what comes late is judged by `closed`."""

    ce_type: ClassVar[str] = "file.request_closed"

    inquiry_id: str
    closed: Closed


class NoticeKept(PrivateEvent):
    """The request stands as notice of non-renewal: the contract ends by itself."""

    ce_type: ClassVar[str] = "file.notice_kept"

    inquiry_id: str


class NoticeReopened(PrivateEvent):
    """The term was extended: the request is decided again, and what it misses is due later."""

    ce_type: ClassVar[str] = "file.notice_reopened"

    inquiry_id: str
    due_on: date
    remind_on: date


class LateWithdrawalNoted(PrivateEvent):
    """A withdrawal received on `received_on`, in time, was delivered after the effect."""

    ce_type: ClassVar[str] = "file.late_withdrawal_noted"

    inquiry_id: str
    received_on: date


class ScheduleNoted(PrivateEvent):
    """The dates of the schedule, kept for a later event that repeats them."""

    ce_type: ClassVar[str] = "file.schedule_noted"

    dates: ScheduleDates


class SuspensionAlarmed(PrivateEvent):
    """A suspended cancellation is still undecided a week before its date."""

    ce_type: ClassVar[str] = "file.suspension_alarmed"

    inquiry_id: str
    effective_on: date


class TermBegun(PrivateEvent):
    """The registry recorded a new term: what ended the earlier one is history.

    `overtaken` are unpaid invoices of the earlier term, with their days: another's lapse ended it.
    """

    ce_type: ClassVar[str] = "file.term_begun"

    starts_on: date
    overtaken: tuple[tuple[str, date], ...] = ()


class RenewalInvoiced(PrivateEvent):
    """An automatic renewal was invoiced; unpaid on `lapses_on` it lapses (F10).

    `reissued`: the same number had lapsed, and that stays on file.
    """

    ce_type: ClassVar[str] = "file.renewal_invoiced"

    invoice_number: str
    issued_on: date
    lapses_on: date
    policy_version: str
    customer_id: str | None = None
    total: Money | None = None
    reissued: bool = False


class InvoiceVoidNoted(PrivateEvent):
    ce_type: ClassVar[str] = "file.invoice_void_noted"

    invoice_number: str
    voided_on: date
    issued_on: date | None = None


class PaymentNoted(PrivateEvent):
    ce_type: ClassVar[str] = "file.payment_noted"

    invoice_number: str
    paid_on: date
    amount: Money | None = None


class PaymentReversalNoted(PrivateEvent):
    """The latest payments of the invoice were reversed: `amount`, or all of them.

    `ahead`: more was reversed than is known to be paid; the rest is of a payment not yet reported.
    """

    ce_type: ClassVar[str] = "file.payment_reversal_noted"

    invoice_number: str
    reversed_on: date
    amount: Money | None = None
    ahead: bool = False


class LapseNoted(PrivateEvent):
    """The renewal lapsed; keeps the holder at that time."""

    ce_type: ClassVar[str] = "file.lapse_noted"

    invoice_number: str
    issued_on: date
    customer_id: str


class RenewalReferred(PrivateEvent):
    """A professional is asked about a renewal; no inquiry belongs to it."""

    ce_type: ClassVar[str] = "file.renewal_referred"

    invoice_number: str
    issued_on: date
    cause: ReferralCause


class RenewalDecided(PrivateEvent):
    """The professional has decided about the renewal."""

    ce_type: ClassVar[str] = "file.renewal_decided"

    invoice_number: str
    issued_on: date


class Disregarded(StrEnum):
    """The reason why a fact that billing reports is disregarded."""

    ANOTHER_CUSTOMER = "another_customer"
    PAID_BEFORE_INVOICE = "paid_before_invoice"
    TOO_MANY_INVOICES = "too_many_invoices"
    ISSUED_BEFORE_FORGOTTEN = "issued_before_forgotten"
    VOIDED_AFTER_LAPSE = "voided_after_lapse"
    CORRECTED_AFTER_LAPSE = "corrected_after_lapse"


class FactDisregarded(PrivateEvent):
    """A fact that does not count. `on` is the invoice's or the payment's day."""

    ce_type: ClassVar[str] = "file.fact_disregarded"

    invoice_number: str
    on: date
    why: Disregarded


class FileCompacted(PrivateEvent):
    """Facts that no later decision needs were dropped; `payments`, if given, replace all others.

    `renewals` are invoice numbers with their days; `forgotten_until` is the last such day.
    `voids` and `reversals` say how many of the oldest leave.
    """

    ce_type: ClassVar[str] = "file.compacted"

    inquiry_ids: tuple[str, ...] = ()
    renewals: tuple[tuple[str, date], ...] = ()
    forgotten_until: date | None = None
    payments: tuple[Payment, ...] | None = None
    voids: int = 0
    reversals: int = 0
    forgets_timer: bool = False


class FileWoken(PrivateEvent):
    """A timer was decided. Earlier releases took note of it; nothing does any more."""

    ce_type: ClassVar[str] = "file.woken"

    due_at: Instant


PRIVATE_EVENTS: tuple[type[PrivateEvent], ...] = (
    ContractKnown,
    RequestReceived,
    RequestHeld,
    EvidenceAdded,
    RequestClosed,
    NoticeKept,
    NoticeReopened,
    LateWithdrawalNoted,
    ScheduleNoted,
    SuspensionAlarmed,
    TermBegun,
    RenewalInvoiced,
    InvoiceVoidNoted,
    PaymentNoted,
    PaymentReversalNoted,
    LapseNoted,
    RenewalReferred,
    RenewalDecided,
    FactDisregarded,
    FileCompacted,
    FileWoken,
)
ALARMS: tuple[type[PrivateEvent], ...] = (SuspensionAlarmed, FactDisregarded)
"""Events that alert operations through a metric and a log line."""
