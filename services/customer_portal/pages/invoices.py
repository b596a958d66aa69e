"""Invoices and credit notes (F14): list, view, print, download; and the statement (F15)."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import date
from typing import Any

from starlette.responses import Response

from services.customer_portal.documents import DownloadedDocument as File
from services.customer_portal.documents import as_attachment
from services.customer_portal.pages.common import first_on_page, neighbours
from services.customer_portal.portal import Portal
from services.customer_portal.rooms.plain_copy import plain_copy
from services.customer_portal.rooms.statement import (
    CREDIT_NOTE,
    INVOICE,
    OpenItem,
    Statement,
    is_complete,
    open_of,
    statements,
)
from services.customer_portal.rooms.statement_pdf import Sheet, statement_pdf
from services.customer_portal.rooms.words import AGE, BOOKING
from shared.events.values import madrid_date
from shared.mongo.client import Document
from shared.outage import Outage
from shared.web.languages import N_
from shared.web.pages import Visit
from shared.web.sessions import Holder

ON_A_PAGE = 50
MOST_ROWS = 200
"""Newest rows of a statement on its page; a link shows all."""
BOM = "\ufeff"
"""Byte order mark that makes spreadsheets read a file as UTF-8."""
STATEMENT = N_("statement")
HEADS = (
    N_("Booked on"),
    N_("Booking"),
    N_("Number"),
    N_("Due on"),
    N_("Amount"),
    N_("Balance"),
    N_("Currency"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def invoices(portal: Portal, visit: Visit, holder: Holder) -> Response:
    bookings = await portal.rooms.bookings(holder)
    today = madrid_date(portal.now())
    unpaid = open_of(bookings, today)
    listed = [_listed(it, unpaid) for it in bookings if it["type"] in (INVOICE, CREDIT_NOTE)]
    listed.sort(key=lambda it: (it["issued_on"], it["number"]), reverse=True)
    wanted = visit.asked("show") if visit.asked("show") in ("open", "credit") else ""
    shown = [it for it in listed if not wanted or it["group"] == wanted]
    first = first_on_page(visit)
    return visit.show(
        "invoices.html",
        invoices=shown[first : first + ON_A_PAGE],
        wanted=wanted,
        total=len(listed),
        **neighbours(first, ON_A_PAGE, more=len(shown) > first + ON_A_PAGE),
    )


def _listed(booking: Document, unpaid: dict[str, OpenItem]) -> dict[str, Any]:
    credit = booking["type"] == CREDIT_NOTE
    number = booking["credit_note_number"] if credit else booking["invoice_number"]
    item = None if credit else unpaid.get(number)
    return {
        "number": number,
        "credit": credit,
        "group": "credit" if credit else "open" if item else "paid",
        "issued_on": booking.get("issued_on") or booking["booked_on"],
        "due_on": booking.get("due_on"),
        "total": booking["total"],
        "item": item,
    }


async def invoice(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await portal.rooms.invoice(holder, visit.parameter("invoice"))
    unpaid = open_of(await portal.rooms.bookings(holder), madrid_date(portal.now()))
    item = unpaid.get(found["invoice_number"])
    return visit.show("invoice.html", invoice=found, item=item, credit=False)


async def credit_note(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await portal.rooms.credit_note(holder, visit.parameter("credit"))
    return visit.show("invoice.html", invoice=found, item=None, credit=True)


async def invoice_file(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await portal.rooms.invoice(holder, visit.parameter("invoice"))
    return await _file(portal, visit, found, found["invoice_number"], credit=False)


async def credit_note_file(portal: Portal, visit: Visit, holder: Holder) -> Response:
    found = await portal.rooms.credit_note(holder, visit.parameter("credit"))
    return await _file(portal, visit, found, found["credit_note_number"], credit=True)


async def _file(
    portal: Portal, visit: Visit, booking: Document, number: str, *, credit: bool
) -> Response:
    """Billing's own document, with the hash that billing named; else a plain copy, marked as such.

    Raises `Outage` where billing has one and it cannot be had now.
    """
    named = booking.get("document")
    if named is not None and portal.billing_documents.reaches(named["link"]):
        found = await portal.billing_documents.read(named)
        if found is None:
            raise Outage("billing", "its document cannot be had")
        return as_attachment(found, number)
    content = plain_copy(booking, number, visit.language, visit.translate, credit=credit)
    return as_attachment(File(content, "text/plain; charset=utf-8", ""), number)


async def statement(portal: Portal, visit: Visit, holder: Holder) -> Response:
    today = madrid_date(portal.now())
    as_of = _as_of(visit, today)
    bookings = await portal.rooms.bookings(holder)
    return visit.show(
        "statement.html",
        statements=statements(bookings, as_of),
        as_of=as_of,
        today=today,
        complete=is_complete(bookings),
        every=bool(visit.asked("all")),
        most=MOST_ROWS,
        AGE=AGE,
        BOOKING=BOOKING,
    )


def _as_of(visit: Visit, today: date) -> date:
    """The day that was asked for, at the latest today."""
    try:
        return min(date.fromisoformat(visit.asked("as_of")), today)
    except ValueError:
        return today


async def statement_csv(portal: Portal, visit: Visit, holder: Holder) -> Response:
    as_of = _as_of(visit, madrid_date(portal.now()))
    found = statements(await portal.rooms.bookings(holder), as_of)
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow([visit.translate(it) for it in HEADS])
    for it in found:
        rows.writerows(_csv_rows(visit, it))
    content = (BOM + written.getvalue()).encode()
    name = f"{visit.translate(STATEMENT)}-{as_of.isoformat()}"
    return as_attachment(File(content, "text/csv; charset=utf-8", ""), name)


async def statement_as_pdf(portal: Portal, visit: Visit, holder: Holder) -> Response:
    """Returns the whole statement as a PDF, including rows that the page leaves out."""
    as_of = _as_of(visit, madrid_date(portal.now()))
    bookings = await portal.rooms.bookings(holder)
    sheet = Sheet(
        company=portal.settings.company_name,
        customer_id=holder.customer_id,
        as_of=as_of,
        complete=is_complete(bookings),
        language=visit.language,
        translate=visit.translate,
    )
    # Layout is CPU work: a thread keeps the other pages moving.
    content = await asyncio.to_thread(statement_pdf, statements(bookings, as_of), sheet)
    name = f"{visit.translate(STATEMENT)}-{as_of.isoformat()}"
    return as_attachment(File(content, "application/pdf", ""), name)


def _csv_rows(visit: Visit, statement: Statement) -> list[list[str]]:
    return [
        [
            row.booked_on,
            visit.translate(BOOKING[row.type]),
            _plain(row.number),
            row.due_on or "",
            str(row.amount),
            str(row.balance),
            statement.currency,
        ]
        for row in statement.rows
    ]


def _plain(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value
