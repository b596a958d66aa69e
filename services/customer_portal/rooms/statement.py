"""The statement of an account (F15): every booking, a running balance, and what is open by age.

It is the fold of `billing.accounts` up to a day. What is owed is positive, as billing says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from shared.events.accounts import (
    AccountBalanceStated,
    AccountCreditNoteIssued,
    AccountInvoiceIssued,
    AccountPaymentReceived,
    AccountPaymentReversed,
)
from shared.mongo.client import Document

INVOICE, CREDIT_NOTE = AccountInvoiceIssued.ce_type, AccountCreditNoteIssued.ce_type
PAYMENT, REVERSAL = AccountPaymentReceived.ce_type, AccountPaymentReversed.ce_type
BALANCE = AccountBalanceStated.ce_type
NOT_DUE, OVER_90 = "not_due", "over_90"
AGES = ((30, "1_30"), (60, "31_60"), (90, "61_90"))
BUCKETS = (NOT_DUE, *(name for _, name in AGES), OVER_90)
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One booking; `amount` raises the balance, or lowers it where it is negative."""

    booked_on: str
    type: str
    number: str
    due_on: str | None
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice that is not settled, and how many days after its due day it is."""

    number: str
    due_on: str
    total: Decimal
    open: Decimal
    days_late: int

    @property
    def bucket(self) -> str:
        if self.days_late <= 0:
            return NOT_DUE
        return next((name for days, name in AGES if self.days_late <= days), OVER_90)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Billing states another balance than its bookings add up to."""

    as_of: str
    stated: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """An account in one currency. `credit` is what was paid or credited beyond any invoice.

    The open items less the credit are the balance.
    """

    currency: str
    rows: tuple[StatementRow, ...]
    open_items: tuple[OpenItem, ...]
    disagreement: Disagreement | None

    @property
    def balance(self) -> Decimal:
        return self.rows[-1].balance if self.rows else NOTHING

    @property
    def open(self) -> Decimal:
        return sum((it.open for it in self.open_items), NOTHING)

    @property
    def credit(self) -> Decimal:
        return self.open - self.balance

    @property
    def ageing(self) -> dict[str, Decimal]:
        return {
            name: sum((it.open for it in self.open_items if it.bucket == name), NOTHING)
            for name in BUCKETS
        }


def statements(bookings: Iterable[Document], as_of: date) -> list[Statement]:
    """One for each currency of the account, as of the end of a day."""
    every = sorted(bookings, key=lambda it: (it["booked_on"], it["sequence"]))
    until = [it for it in every if it["booked_on"] <= as_of.isoformat()]
    payments = {it["payment_id"]: it for it in every if it["type"] == PAYMENT}
    moved = [(it, *money) for it in until if (money := _moved(it, payments)) is not None]
    stated = {it["balance"]["currency"] for it in until if it["type"] == BALANCE}
    currencies = sorted(stated | {currency for _, _, currency in moved})
    return [_statement(currency, until, moved, as_of) for currency in currencies]


def is_complete(bookings: Sequence[Document]) -> bool:
    """Whether no booking is missing: billing counts them without gaps."""
    return {it["sequence"] for it in bookings} == set(range(1, len(bookings) + 1))


def open_of(bookings: Iterable[Document], as_of: date) -> dict[str, OpenItem]:
    """The invoices that are open as of a day, by number, also those that billing dates ahead."""
    until = [it for it in bookings if it["type"] == INVOICE or it["booked_on"] <= as_of.isoformat()]
    currencies = {it["total"]["currency"] for it in until if it["type"] == INVOICE}
    return {it.number: it for each in currencies for it in _open_items(each, until, as_of)}


def _moved(booking: Document, payments: dict[str, Document]) -> tuple[Decimal, str] | None:
    """Returns the booking's change of the balance with its currency; None if there is no change."""
    match booking["type"]:
        case t if t == INVOICE:
            return _amount(booking["total"])
        case t if t == CREDIT_NOTE:
            return _negative(booking["total"])
        case t if t == PAYMENT:
            return _negative(booking["amount"])
        case t if t == REVERSAL and booking["payment_id"] in payments:
            return _amount(payments[booking["payment_id"]]["amount"])
        case _:
            return None


def _amount(money: dict[str, str]) -> tuple[Decimal, str]:
    return Decimal(money["amount"]), money["currency"]


def _negative(money: dict[str, str]) -> tuple[Decimal, str]:
    amount, currency = _amount(money)
    return -amount, currency


def _statement(
    currency: str, until: list[Document], moved: list[tuple[Document, Decimal, str]], as_of: date
) -> Statement:
    balance, rows = NOTHING, []
    for booking, amount, of in moved:
        if of == currency:
            balance += amount
            rows.append(_row(booking, amount, balance))
    return Statement(
        currency=currency,
        rows=tuple(rows),
        open_items=tuple(_open_items(currency, until, as_of)),
        disagreement=_disagreement(currency, until, moved),
    )


def _row(booking: Document, amount: Decimal, balance: Decimal) -> StatementRow:
    return StatementRow(
        booked_on=booking["booked_on"],
        type=booking["type"],
        number=str(
            booking.get("credit_note_number")
            or booking.get("payment_id")
            or booking.get("invoice_number")
        ),
        due_on=booking.get("due_on"),
        amount=amount,
        balance=balance,
    )


def _open_items(currency: str, until: list[Document], as_of: date) -> Iterable[OpenItem]:
    settled = _settled(currency, until)
    for it in until:
        if it["type"] != INVOICE or it["total"]["currency"] != currency:
            continue
        total = Decimal(it["total"]["amount"])
        remaining = total - settled.get(it["invoice_number"], NOTHING)
        if remaining > 0:
            late = (as_of - date.fromisoformat(it["due_on"])).days
            yield OpenItem(it["invoice_number"], it["due_on"], total, remaining, late)


def _settled(currency: str, until: list[Document]) -> dict[str, Decimal]:
    """Adds up the amount settled per invoice by credit notes and by payments not reversed."""
    reversed_ = {it["payment_id"] for it in until if it["type"] == REVERSAL}
    settled: dict[str, Decimal] = {}

    def settle(number: Any, money: dict[str, str]) -> None:
        amount, of = _amount(money)
        if number and of == currency:
            settled[number] = settled.get(number, NOTHING) + amount

    for it in until:
        if it["type"] == CREDIT_NOTE:
            settle(it.get("invoice_number"), it["total"])
        if it["type"] == PAYMENT and it["payment_id"] not in reversed_:
            for allocation in it.get("allocations", ()):
                settle(allocation["invoice_number"], allocation["amount"])
    return settled


def _disagreement(
    currency: str, until: list[Document], moved: list[tuple[Document, Decimal, str]]
) -> Disagreement | None:
    """Compares the newest balance that billing states with the bookings up to its day."""
    stated = [it for it in until if it["type"] == BALANCE and it["balance"]["currency"] == currency]
    if not stated:
        return None
    newest = max(stated, key=lambda it: (it["as_of"], it["sequence"]))
    booked = sum(
        (
            amount
            for it, amount, of in moved
            if of == currency and it["booked_on"] <= newest["as_of"]
        ),
        NOTHING,
    )
    said = Decimal(newest["balance"]["amount"])
    return None if booked == said else Disagreement(newest["as_of"], said, booked)
