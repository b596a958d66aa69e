"""Automatic renewals: invoiced, paid or lapsed (F10)."""

from __future__ import annotations

from datetime import datetime

from services.cancellation.course import UNNUMBERED, Course
from services.cancellation.file import RenewalInvoice
from services.cancellation.policies import renewal_lapse
from services.cancellation.policies.renewal_lapse import lapse_decided_at, open_renewals
from services.cancellation.policies.wording import day_before
from services.cancellation.records import PaymentNoted, RenewalInvoiced
from shared.events.billing import InvoiceIssued, InvoicePaid
from shared.events.cancellations import RenewalLapsed


def invoice_issued(course: Course, invoice: InvoiceIssued) -> None:
    """A renewal's invoice is watched; other invoices are none of this service's business.

    An invoice that comes after its 75 days waits for the timer: its payment may be right behind it.
    """
    if not invoice.renewal:
        return
    known = course.file.renewal(invoice.invoice_number)
    if known is not None and (known.lapsed or known.issued_on == invoice.issued_on):
        return
    terms = course.rules.in_force_on(invoice.issued_on)
    course.happens(
        RenewalInvoiced(
            contract_number=course.file.contract_number,
            invoice_number=invoice.invoice_number,
            issued_on=invoice.issued_on,
            lapses_on=terms.lapses_on(invoice.issued_on),
            policy_version=terms.version,
        )
    )


def invoice_paid(course: Course, paid: InvoicePaid) -> None:
    """Remembered, even before the invoice or the contract is known, and after a lapse."""
    course.happens(
        PaymentNoted(
            contract_number=course.file.contract_number,
            invoice_number=paid.invoice_number,
            paid_on=paid.paid_on,
        )
    )


def lapse_unpaid(course: Course, at: datetime) -> None:
    """Every open renewal whose last day for paying has ended by `at`."""
    for renewal in open_renewals(course.file):
        if lapse_decided_at(renewal) <= at:
            _lapse(course, renewal)


def _lapse(course: Course, renewal: RenewalInvoice) -> None:
    contract = course.file.contract
    assert contract is not None
    because = renewal_lapse.lapsed(renewal)
    course.happens(
        RenewalLapsed(
            contract_number=course.file.contract_number,
            customer_id=contract.customer_id,
            sequence=UNNUMBERED,
            policy=because.policy,
            policy_version=renewal.policy_version,
            rule=because.rule,
            explanation=because.explanation,
            invoice_number=renewal.invoice_number,
            issued_on=renewal.issued_on,
            effective_on=renewal.lapses_on,
            last_billable_on=day_before(renewal.lapses_on),
        )
    )
