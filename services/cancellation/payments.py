"""What billing reports of an invoice's payments adds up to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from services.cancellation.file import File, Payment, RenewalInvoice, same_invoice
from services.cancellation.records import PaymentReversalNoted
from shared.events.values import Money, days_after

EARLIEST_PAYMENT_DAYS = 31
"""A payment dated longer before its invoice is another invoice's, such as last year's."""


def payments_of(file: File, renewal: RenewalInvoice) -> tuple[Payment, ...]:
    """The payments of that number, whether they count or not."""
    return tuple(p for p in file.payments if same_invoice(p.invoice_number, renewal.invoice_number))


def is_too_early(payment: Payment, renewal: RenewalInvoice) -> bool:
    return payment.paid_on < days_after(renewal.issued_on, -EARLIEST_PAYMENT_DAYS)


def paid_on(file: File, renewal: RenewalInvoice) -> date | None:
    """The day on which the payments reached the invoice's total, or None.

    A payment without an amount pays in full, and so does any payment of an invoice without total.
    What was paid in another currency than the total's is not added up.
    """
    reached = Decimal(0)
    for payment in sorted(_counting(file, renewal), key=lambda payment: payment.paid_on):
        if payment.amount is None or renewal.total is None:
            return payment.paid_on
        if payment.amount.currency == renewal.total.currency:
            reached += payment.amount.amount
        if reached >= renewal.total.amount:
            return payment.paid_on
    return None


def was_reversed_after(file: File, renewal: RenewalInvoice, day: date) -> bool:
    """Whether money that was paid for the invoice went back later than on `day`."""
    days = [p.reversed_on for p in payments_of(file, renewal) if p.reversed_on is not None]
    return any(reversed_on > day for reversed_on in days)


def _counting(file: File, renewal: RenewalInvoice) -> Iterator[Payment]:
    for payment in payments_of(file, renewal):
        if payment.reversed_on is None and not is_too_early(payment, renewal):
            yield payment


def reverse(file: File, event: PaymentReversalNoted) -> tuple[Payment, ...]:
    """The payments after money went back: the latest ones first, until `amount` is reached."""
    left = event.amount.amount if event.amount else None
    after: list[Payment] = []
    for payment in reversed(file.payments):
        open_one = payment.reversed_on is None and same_invoice(
            payment.invoice_number, event.invoice_number
        )
        if not open_one or (left is not None and left <= 0):
            after.append(payment)
            continue
        remaining, left = _reduced(file, payment, event, left)
        after.extend(reversed(remaining))
    return tuple(reversed(after))


def _reduced(
    file: File, payment: Payment, event: PaymentReversalNoted, left: Decimal | None
) -> tuple[list[Payment], Decimal | None]:
    """What is left of one payment, and of the amount that goes back."""
    gone = payment.model_copy(update={"reversed_on": event.reversed_on})
    paid = payment.amount or _total_of(file, payment)
    if left is None or paid is None:
        return [gone], left
    if left >= paid.amount:
        return [gone], left - paid.amount
    kept = Money(amount=paid.amount - left, currency=paid.currency)
    back = Money(amount=left, currency=paid.currency)
    parts = [payment.model_copy(update={"amount": kept}), gone.model_copy(update={"amount": back})]
    return parts, Decimal(0)


def _total_of(file: File, payment: Payment) -> Money | None:
    renewal = file.renewal(payment.invoice_number)
    return renewal.total if renewal else None
