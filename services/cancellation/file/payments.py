"""Adds up the payments that billing reports for an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from services.cancellation.file.private_events import PaymentReversalNoted
from services.cancellation.file.state import (
    CancellationFile,
    Payment,
    RenewalInvoice,
    Reversal,
    compared,
    same_invoice,
)
from shared.events.values import Money, days_after

EARLIEST_PAYMENT_DAYS = 31
"""A payment dated longer before its invoice is another invoice's, such as last year's."""


class _ByNumber:
    """Payments by the number of their invoice. One decision asks hundreds of times about one file,
    so the answer to the last question is kept.
    """

    def __init__(self) -> None:
        self._payments: tuple[Payment, ...] = ()
        self._found: Mapping[str, tuple[Payment, ...]] = {}

    def of(self, payments: tuple[Payment, ...]) -> Mapping[str, tuple[Payment, ...]]:
        if payments is not self._payments:
            found: dict[str, list[Payment]] = {}
            for payment in payments:
                found.setdefault(compared(payment.invoice_number), []).append(payment)
            self._payments = payments
            self._found = {number: tuple(some) for number, some in found.items()}
        return self._found


_BY_NUMBER = _ByNumber()


def payments_of(file: CancellationFile, renewal: RenewalInvoice) -> tuple[Payment, ...]:
    """The payments of that number, whether they count or not."""
    return _BY_NUMBER.of(file.payments).get(compared(renewal.invoice_number), ())


def is_too_early(payment: Payment, renewal: RenewalInvoice) -> bool:
    return payment.paid_on < days_after(renewal.issued_on, -EARLIEST_PAYMENT_DAYS)


def paid_on(file: CancellationFile, renewal: RenewalInvoice) -> date | None:
    """The day on which the payments reached the invoice's total, or None.

    A payment without an amount pays in full, and so does any payment of an invoice without total.
    Payments in another currency than the total's are not added up.
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


def was_reversed_after(file: CancellationFile, renewal: RenewalInvoice, day: date) -> bool:
    """Whether money that was paid for the invoice went back later than on `day`."""
    days = [p.reversed_on for p in payments_of(file, renewal) if p.reversed_on is not None]
    return any(reversed_on > day for reversed_on in days)


def _counting(file: CancellationFile, renewal: RenewalInvoice) -> Iterator[Payment]:
    for payment in payments_of(file, renewal):
        if payment.reversed_on is None and not is_too_early(payment, renewal):
            yield payment


def goes_ahead(file: CancellationFile, invoice_number: str, amount: Money | None) -> bool:
    """Whether more goes back than the payments of that number that are known."""
    payments = [p for p in file.payments if _is_open(p, invoice_number)]
    if amount is None:
        return not payments
    known = [p.amount or _total_of(file, p) for p in payments]
    return all(known) and sum(m.amount for m in known if m) < amount.amount


def pay(file: CancellationFile, payment: Payment) -> CancellationFile:
    """The file with a payment, less what is known to have gone back since."""
    parts = [payment]
    waiting: list[Reversal] = []
    for reversal in file.reversals:
        open_part = next((p for p in parts if p.reversed_on is None), None)
        if open_part is None or not reversal.concerns(payment):
            waiting.append(reversal)
            continue
        parts.remove(open_part)
        left = reversal.amount.amount if reversal.amount else None
        reduced, left = _reduced(file, open_part, reversal.reversed_on, left)
        parts += reduced
        if left:
            waiting.append(_rest(reversal, left))
    return file.with_(payments=(*file.payments, *parts), reversals=tuple(waiting))


def reverse(file: CancellationFile, event: PaymentReversalNoted) -> CancellationFile:
    """The payments after money went back: the latest ones first, until `amount` is reached."""
    left = event.amount.amount if event.amount else None
    after: list[Payment] = []
    for payment in reversed(file.payments):
        if not _is_open(payment, event.invoice_number) or (left is not None and left <= 0):
            after.append(payment)
            continue
        remaining, left = _reduced(file, payment, event.reversed_on, left)
        after.extend(reversed(remaining))
    file = file.with_(payments=tuple(reversed(after)))
    if not event.ahead:
        return file
    reversal = Reversal.model_validate(event.model_dump())
    return file.with_(reversals=(*file.reversals, _rest(reversal, left)))


def _is_open(payment: Payment, invoice_number: str) -> bool:
    return payment.reversed_on is None and same_invoice(payment.invoice_number, invoice_number)


def _rest(reversal: Reversal, left: Decimal | None) -> Reversal:
    if left is None or reversal.amount is None:
        return reversal
    amount = Money(amount=left, currency=reversal.amount.currency)
    return reversal.model_copy(update={"amount": amount})


def _reduced(
    file: CancellationFile, payment: Payment, reversed_on: date, left: Decimal | None
) -> tuple[list[Payment], Decimal | None]:
    """The remainder of one payment, and of the amount that is to be reversed."""
    gone = payment.model_copy(update={"reversed_on": reversed_on})
    paid = payment.amount or _total_of(file, payment)
    if left is None or paid is None:
        return [gone], left
    if left >= paid.amount:
        return [gone], left - paid.amount
    kept = Money(amount=paid.amount - left, currency=paid.currency)
    back = Money(amount=left, currency=paid.currency)
    parts = [payment.model_copy(update={"amount": kept}), gone.model_copy(update={"amount": back})]
    return parts, Decimal(0)


def _total_of(file: CancellationFile, payment: Payment) -> Money | None:
    renewal = file.renewal(payment.invoice_number)
    return renewal.total if renewal else None
