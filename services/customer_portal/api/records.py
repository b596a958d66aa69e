"""`/customers/{customer_id}/…`: the records of a customer who has let the partner read them.

Each is asked for as the pages ask, with the customer's `Holder`, which only a grant gives: others'
records and unknown ones are both a 404.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.customer_portal.api.answers import (
    Awaited,
    Cancellation,
    Contract,
    Decision,
    Entry,
    Inquiry,
    InquiryWhole,
    Invoice,
    InvoiceKind,
    InvoiceWhole,
    Page,
)
from services.customer_portal.api.endpoints import Api, answered
from services.customer_portal.api.list_query import FROM, list_query
from services.customer_portal.api.partners import Partner
from services.customer_portal.pages.contracts import described, own_contract
from services.customer_portal.queries import ON_A_PAGE
from services.customer_portal.rooms.statement import CREDIT_NOTE, INVOICE, OpenItem, open_of
from services.customer_portal.words import STATUS, status_of
from shared.events.values import Money, madrid_date
from shared.mongo.client import Document
from shared.web.pages import NotFound
from shared.web.sessions import Holder

Item = TypeVar("Item", bound=BaseModel)


async def inquiries(api: Api, partner: Partner, request: Request) -> Response:
    """The customer's inquiries, newest first."""
    holder = await _holder(api, partner, request)
    asked = list_query(request, "status", STATUS)
    found = await api.portal.queries.inquiries(holder, asked.values, asked.first)
    shown = [Inquiry(**_inquiry(it)) for it in found[:ON_A_PAGE]]
    return answered(page_of(api, request, shown, asked.first, more=len(found) > ON_A_PAGE))


async def inquiry(api: Api, partner: Partner, request: Request) -> Response:
    """One inquiry with its conversation."""
    holder = await _holder(api, partner, request)
    found = await api.portal.queries.inquiry(holder, request.path_params["id"])
    entries = [Entry.model_validate(it) for it in found.get("entries", ())]
    return answered(InquiryWhole(**_inquiry(found), entries=tuple(entries)))


async def contracts(api: Api, partner: Partner, request: Request) -> Response:
    """The contracts of a customer with access to them (F1), by number."""
    holder = await _holder(api, partner, request)
    found = await _contracts(api, holder)
    return answered(_part(api, request, found, _contract))


async def contract(api: Api, partner: Partner, request: Request) -> Response:
    """One contract of a customer with access (F1)."""
    holder = await _holder(api, partner, request)
    return answered(
        _contract(await own_contract(api.portal, holder, request.path_params["number"]))
    )


async def cancellations(api: Api, partner: Partner, request: Request) -> Response:
    """Lists the cancellation of each of the customer's contracts that has one, by number."""
    holder = await _holder(api, partner, request)
    found = await _contracts(api, holder)
    having = [it for it in found if it["standing"] or it["decisions"] or it["requests"]]
    return answered(_part(api, request, having, _cancellation))


async def invoices(api: Api, partner: Partner, request: Request) -> Response:
    """The customer's invoices and credit notes, newest first."""
    holder = await _holder(api, partner, request)
    bookings = await api.portal.rooms.bookings(holder)
    unpaid = open_of(bookings, madrid_date(api.portal.now()))
    found = [_invoice(it, unpaid) for it in bookings if it["type"] in (INVOICE, CREDIT_NOTE)]
    found.sort(key=lambda it: (it["issued_on"], it["number"]), reverse=True)
    return answered(_part(api, request, found, lambda it: Invoice(**it)))


async def invoice(api: Api, partner: Partner, request: Request) -> Response:
    """One invoice with its lines."""
    holder = await _holder(api, partner, request)
    found = await api.portal.rooms.invoice(holder, request.path_params["number"])
    unpaid = open_of(await api.portal.rooms.bookings(holder), madrid_date(api.portal.now()))
    whole = {"net": found["net"], "lines": found.get("lines", ())}
    return answered(InvoiceWhole.model_validate(_invoice(found, unpaid) | whole))


async def _holder(api: Api, partner: Partner, request: Request) -> Holder:
    """The customer of the address, if it was granted. Raises `NotFound`."""
    holder = partner.holder(request.path_params["customer_id"])
    if await api.portal.queries.is_forgotten(holder):
        raise NotFound
    return holder


async def _contracts(api: Api, holder: Holder) -> list[dict[str, Any]]:
    profile = await api.portal.queries.profile(holder)
    if not (profile and profile.get("access")):
        return []
    found = await api.portal.queries.contracts(holder)
    return [described(api.portal, holder, it) for it in found]


def _inquiry(found: Document) -> dict[str, Any]:
    """Describes an inquiry from its events, or from its last state where they are missing."""
    stated = found.get("stated", {})
    numbers = found.get("contract_numbers") or [
        it["contract_number"] for it in stated.get("contracts", ())
    ]
    said = {name: found.get(name) or stated.get(name) for name in ("reference", "kind")}
    said |= {name: found.get(name) or stated.get(name) for name in ("opened_at", "answer_due_at")}
    return said | {
        "id": found["_id"],
        "subject": found.get("subject"),
        "status": status_of(found),
        "contract_numbers": numbers,
    }


def _contract(found: dict[str, Any]) -> Contract:
    return Contract.model_validate(found["facts"] | {"number": found["number"]})


def _cancellation(found: dict[str, Any]) -> Cancellation:
    standing = found["standing"] or {}
    return Cancellation(
        contract_number=found["number"],
        status=found["status"],
        effective_on=standing.get("effective_on"),
        last_billable_on=standing.get("last_billable_on"),
        awaited=tuple(Awaited.model_validate(it) for it in found["requests"]),
        decisions=tuple(Decision.model_validate(it) for it in found["decisions"]),
    )


def _invoice(booking: Document, unpaid: dict[str, OpenItem]) -> dict[str, Any]:
    credit = booking["type"] == CREDIT_NOTE
    number = booking["credit_note_number"] if credit else booking["invoice_number"]
    item = None if credit else unpaid.get(number)
    currency = booking["total"]["currency"]
    return {
        "number": number,
        "kind": InvoiceKind.CREDIT_NOTE if credit else InvoiceKind.INVOICE,
        "issued_on": booking.get("issued_on") or booking["booked_on"],
        "due_on": booking.get("due_on"),
        "total": booking["total"],
        "open": Money(amount=item.open, currency=currency) if item else None,
    }


def _part(
    api: Api,
    request: Request,
    found: Sequence[dict[str, Any]],
    shown: Callable[[dict[str, Any]], Item],
) -> Page[Item]:
    """A page of a list that was read whole."""
    first = list_query(request).first
    items = [shown(it) for it in found[first : first + ON_A_PAGE]]
    return page_of(api, request, items, first, more=len(found) > first + ON_A_PAGE)


def page_of(api: Api, request: Request, items: list[Item], first: int, *, more: bool) -> Page[Item]:
    """`next` repeats what was asked, from where this page ends."""
    path = request.url.path.partition("/api/v1")[2]
    query = dict(request.query_params) | {FROM: str(first + ON_A_PAGE)}
    written = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())
    return Page(items=items, next=api.url(f"{quote(path)}?{written}") if more else None)
