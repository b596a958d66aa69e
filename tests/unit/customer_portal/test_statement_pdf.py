"""The statement's PDF says what the page says, row for row and sum for sum (F15)."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from services.customer_portal.rooms.statement import BALANCE, INVOICE, PAYMENT, statements
from services.customer_portal.rooms.statement_pdf import Sheet, statement_pdf
from shared.events.values import Language
from shared.web.languages import Formats

DAY = date(2026, 11, 27)


def invoice(number: str, amount: str, sequence: int) -> dict[str, Any]:
    return {
        "type": INVOICE,
        "invoice_number": number,
        "total": {"amount": amount, "currency": "EUR"},
        "issued_on": "2026-09-01",
        "booked_on": "2026-09-01",
        "due_on": "2026-10-01",
        "sequence": sequence,
    }


def payment(amount: str, of: str, sequence: int) -> dict[str, Any]:
    money = {"amount": amount, "currency": "EUR"}
    return {
        "type": PAYMENT,
        "payment_id": f"P-{sequence}",
        "amount": money,
        "booked_on": "2026-10-05",
        "sequence": sequence,
        "allocations": [{"invoice_number": of, "amount": money}],
    }


def sheet(**other: Any) -> Sheet:
    said: dict[str, Any] = {
        "company": "Compañía de Prueba",
        "customer_id": "C-1",
        "as_of": DAY,
        "complete": True,
        "language": Language.ES,
        "translate": lambda text: text,
    }
    return Sheet(**(said | other))


def words(content: bytes) -> str:
    pages = PdfReader(BytesIO(content)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


def test_every_row_and_every_sum_of_the_page_is_there() -> None:
    bookings = [
        invoice("F-1", "1210.50", 1),
        invoice("F-2", "99.99", 2),
        payment("1000.00", "F-1", 3),
    ]
    [found] = statements(bookings, DAY)

    said = words(statement_pdf([found], sheet()))

    formats = Formats(Language.ES)
    amounts = [found.balance, found.open, *(row.amount for row in found.rows)]
    amounts += [*(row.balance for row in found.rows), *found.ageing.values()]
    amounts += [it.open for it in found.open_items]
    for amount in amounts:
        money = formats.money({"amount": str(amount), "currency": "EUR"})
        assert " ".join(money.split()) in said, money
    for number in ("F-1", "F-2", "P-3", "C-1", "Compañía de Prueba"):
        assert number in said
    assert "may still change" not in said


def test_a_long_statement_has_its_heads_on_every_page_and_no_row_twice() -> None:
    bookings = [invoice(f"F-{number:04}", "10.00", number) for number in range(1, 201)]

    content = statement_pdf(statements(bookings, DAY), sheet())

    pages = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    assert len(pages) > 3
    assert all(f"Page {number}" in page for number, page in enumerate(pages, 1))
    assert "Booked on" in pages[-1]
    rows = " ".join(pages)
    assert all(rows.count(f"F-{number:04}") == 2 for number in range(1, 201)), "open and booked"


@pytest.mark.parametrize("number", ["<b>F&1</b>", "发票-1", "F" * 200])
def test_no_number_is_markup_is_left_out_or_leaves_the_page(number: str) -> None:
    said = words(statement_pdf(statements([invoice(number, "1.00", 1)], DAY), sheet()))

    expected = number.encode("ascii", "backslashreplace").decode()
    assert expected in said.replace(" ", "")


def test_a_gap_in_billings_count_is_said_and_equal_statements_are_equal_bytes() -> None:
    found = statements([invoice("F-1", "1.00", 1)], DAY)

    assert "may still change" in words(statement_pdf(found, sheet(complete=False)))
    assert statement_pdf(found, sheet()) == statement_pdf(found, sheet())


def test_a_balance_that_billing_states_otherwise_is_said_with_both_sums() -> None:
    stated = {
        "type": BALANCE,
        "as_of": "2026-11-20",
        "balance": {"amount": "77.00", "currency": "EUR"},
        "booked_on": "2026-11-20",
        "sequence": 2,
    }
    [found] = statements([invoice("F-1", "10.00", 1), stated], DAY)

    said = words(statement_pdf([found], sheet()))

    assert "Billing states a balance of 77,00 €" in said
    assert "its bookings add up to 10,00 €" in said


def test_an_account_without_open_invoices_has_no_list_of_them() -> None:
    bookings = [invoice("F-1", "10.00", 1), payment("10.00", "F-1", 2)]

    assert "Open invoices" in words(statement_pdf(statements(bookings[:1], DAY), sheet()))
    assert "Open invoices" not in words(statement_pdf(statements(bookings, DAY), sheet()))
