"""A statement adds up to the bookings, whatever they are and whatever day it is asked for (F15)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer_portal.rooms.statement import (
    BALANCE,
    CREDIT_NOTE,
    INVOICE,
    NOTHING,
    PAYMENT,
    REVERSAL,
    is_complete,
    open_of,
    statements,
)

DAY = date(2026, 11, 27)
Booking = dict[str, Any]


def euros(amount: int | str) -> dict[str, str]:
    return {"amount": str(amount), "currency": "EUR"}


def ago(days: int) -> str:
    return (DAY - timedelta(days=days)).isoformat()


def invoice(number: str, total: int, *, booked: int = 100, due: int = 70, n: int = 1) -> Booking:
    said = {"invoice_number": number, "total": euros(total), "issued_on": ago(booked)}
    return said | {"type": INVOICE, "booked_on": ago(booked), "due_on": ago(due), "sequence": n}


def credit(number: str, total: int, of: str | None = None, *, booked: int = 40) -> Booking:
    said = {"type": CREDIT_NOTE, "credit_note_number": number, "total": euros(total)}
    return said | {"booked_on": ago(booked), "sequence": 2} | ({"invoice_number": of} if of else {})


def payment(number: str, amount: int, *, booked: int = 30, **of: int) -> Booking:
    allocations = [{"invoice_number": name, "amount": euros(part)} for name, part in of.items()]
    said = {"type": PAYMENT, "payment_id": number, "amount": euros(amount)}
    return said | {"booked_on": ago(booked), "sequence": 3, "allocations": allocations}


def reversal(number: str, *, booked: int = 10) -> Booking:
    return {"type": REVERSAL, "payment_id": number, "booked_on": ago(booked), "sequence": 4}


def stated(balance: int, as_of: int, *, booked: int = 0) -> Booking:
    said = {"type": BALANCE, "as_of": ago(as_of), "balance": euros(balance)}
    return said | {"booked_on": ago(booked), "sequence": 9}


@pytest.mark.parametrize(
    ("bookings", "balance", "open_", "over"),
    [
        ([], None, {}, None),
        ([invoice("F1", 100)], 100, {"F1": 100}, 0),
        ([invoice("F1", 100), payment("P1", 100, F1=100)], 0, {}, 0),
        ([invoice("F1", 100), payment("P1", 40, F1=40)], 60, {"F1": 60}, 0),
        ([invoice("F1", 100), payment("P1", 130, F1=100)], -30, {}, 30),
        ([invoice("F1", 100), payment("P1", 30)], 70, {"F1": 100}, 30),
        ([invoice("F1", 100), credit("A1", 25, "F1")], 75, {"F1": 75}, 0),
        ([invoice("F1", 100), credit("A1", 25)], 75, {"F1": 100}, 25),
        (
            [invoice("F1", 100), payment("P1", 100, F1=100), reversal("P1")],
            100,
            {"F1": 100},
            0,
        ),
        ([invoice("F1", 100), reversal("unknown")], 100, {"F1": 100}, 0),
        (
            [invoice("F1", 100), payment("P1", 100, F1=100), reversal("P1", booked=-1)],
            0,
            {},
            0,
        ),
    ],
)
def test_what_is_open_and_what_is_left_over_is_the_balance(
    bookings: list[Booking], balance: int | None, open_: dict[str, int], over: int | None
) -> None:
    found = statements(bookings, DAY)

    assert [it.balance for it in found] == ([] if balance is None else [balance])
    assert {number: it.open for number, it in open_of(bookings, DAY).items()} == open_
    assert [it.credit for it in found] == ([] if over is None else [over])


@pytest.mark.parametrize(
    ("late", "bucket"),
    [
        (-5, "not_due"),
        (0, "not_due"),
        (1, "1_30"),
        (30, "1_30"),
        (31, "31_60"),
        (60, "31_60"),
        (61, "61_90"),
        (90, "61_90"),
        (91, "over_90"),
    ],
)
def test_open_items_are_as_old_as_their_due_day_is_past(late: int, bucket: str) -> None:
    [found] = statements([invoice("F1", 100, booked=200, due=late)], DAY)

    assert {name for name, amount in found.ageing.items() if amount} == {bucket}
    assert found.ageing[bucket] == 100


def test_an_earlier_day_sees_nothing_of_what_was_booked_later() -> None:
    bookings = [invoice("F1", 100, booked=50), payment("P1", 100, booked=20, F1=100)]

    [then] = statements(bookings, DAY - timedelta(days=21))
    [now] = statements(bookings, DAY - timedelta(days=20))

    assert [it.balance for it in (then, now)] == [100, 0]
    assert [it.number for it in then.open_items] == ["F1"]
    assert [row.balance for row in now.rows] == [100, 0]


def test_each_currency_is_a_statement_of_its_own() -> None:
    dollars = invoice("F2", 7) | {"total": {"amount": "7", "currency": "USD"}}

    found = statements([invoice("F1", 100), dollars], DAY)

    assert {it.currency: it.balance for it in found} == {"EUR": 100, "USD": 7}


@pytest.mark.parametrize(
    ("balances", "said"),
    [
        ([stated(100, 60)], None),
        ([stated(90, 60)], (90, 100)),
        ([stated(60, 20)], None),
        ([stated(1, 60), stated(60, 20)], None),
        ([stated(100, 60), stated(1, 20)], (1, 60)),
        ([stated(1, 20, booked=-1)], None),
    ],
)
def test_billings_own_balance_is_compared_on_its_day(
    balances: list[Booking], said: tuple[int, int] | None
) -> None:
    [found] = statements([invoice("F1", 100), payment("P1", 40, F1=40), *balances], DAY)

    told = found.disagreement
    assert told is not None if said else told is None
    if told is not None and said is not None:
        assert [told.stated, told.booked] == list(said)


@pytest.mark.parametrize(
    ("sequences", "complete"), [([], True), ([1, 2, 3], True), ([2, 1], True), ([1, 3], False)]
)
def test_a_gap_in_the_count_shows(sequences: list[int], complete: bool) -> None:
    assert is_complete([{"sequence": it} for it in sequences]) is complete


AMOUNTS = st.integers(1, 500)
NUMBERS = st.sampled_from(["F1", "F2", "F3"])
DAYS = st.integers(0, 120)
BOOKINGS = st.lists(
    st.one_of(
        st.builds(lambda n, a, d: invoice(n, a, booked=d, due=d - 30), NUMBERS, AMOUNTS, DAYS),
        st.builds(lambda a, n, d: credit("A", a, n, booked=d), AMOUNTS, NUMBERS | st.none(), DAYS),
        st.builds(
            lambda p, a, n, part, d: payment(p, a, booked=d, **{n: part}),
            st.sampled_from(["P1", "P2"]),
            AMOUNTS,
            NUMBERS,
            AMOUNTS,
            DAYS,
        ),
    ),
    max_size=12,
)


@given(BOOKINGS, DAYS)
def test_the_running_balance_is_the_sum_of_what_is_booked_until_then(
    bookings: list[Booking], days: int
) -> None:
    as_of = DAY - timedelta(days=days)
    until = [it for it in bookings if it["booked_on"] <= as_of.isoformat()]
    owed = sum((Decimal(it["total"]["amount"]) for it in until if it["type"] == INVOICE), NOTHING)
    paid = sum(
        (
            Decimal(it["amount" if it["type"] == PAYMENT else "total"]["amount"])
            for it in until
            if it["type"] != INVOICE
        ),
        NOTHING,
    )

    found = statements(bookings, as_of)

    assert sum((it.balance for it in found), NOTHING) == owed - paid
    for it in found:
        assert sum(it.ageing.values(), NOTHING) == it.open
        assert it.open - it.credit == it.balance
        assert all(0 < item.open <= item.total for item in it.open_items)
