"""The account's rooms (F13-F16): what their pages show, to whom, and what a correction sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from services.customer_portal.queries import MOST_SHOWN
from services.customer_portal.rooms import billing_documents, projections
from services.customer_portal.rooms.billing_documents import BillingDocuments
from services.customer_portal.rooms.words import order_status
from services.customer_portal.settings import Settings
from shared.events.accounts import AccountInvoiceIssued
from shared.events.envelope import Event, Message
from shared.events.internal import KeyForgotten, TimerDue
from shared.events.inventory import InventoryItemRecorded
from shared.events.orders import (
    OrderCancelled,
    OrderChanged,
    OrderPlaced,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentProgressed,
)
from shared.events.topics import TOPIC_OF
from shared.runtime.projections.fold import Placed, folded
from tests.builders.portal import Answer, Browser, PortalOfFew, portal_of_few

ANA = "C-ANA"
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
BY_NAME = {it.name: it for it in projections.PROJECTIONS}
EUROS = {"amount": "121.00", "currency": "EUR"}


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await portal.keep("customers", {"_id": ANA, "customer_id": ANA, "email": "a@example.test"})
        yield portal


def fold(name: str, *events: Event | KeyForgotten) -> dict[str, Any]:
    """The documents of a projection after these records."""
    found: dict[str, Any] = {}
    projection = BY_NAME[name]
    for offset, event in enumerate(events):
        topic = event.topic if isinstance(event, KeyForgotten) else TOPIC_OF[event.ce_type].name
        message = Message("/x", str(offset), event, time=AT)
        for key in projection.keys(message):
            placed = Placed(topic, 0, offset, message)
            found[key] = folded(found.get(key), key, [placed], projection.fold)
    return found


def order(kind: type[OrderPlaced | OrderChanged] = OrderPlaced, **other: Any) -> Any:
    said: dict[str, Any] = {
        "order_number": "PED-1",
        "customer_id": ANA,
        "placed_on": "2026-11-01",
        "lines": [
            {"line": 1, "product": "S-1", "description": "Servidor", "quantity": 2},
            {"line": 2, "product": "D-1", "description": "Disco", "quantity": 4},
        ],
        "sequence": 1,
    }
    return kind.model_validate(said | other)


def shipment(kind: Any, number: str = "ENV-1", **other: Any) -> Any:
    said: dict[str, Any] = {
        "order_number": "PED-1",
        "customer_id": ANA,
        "shipment_number": number,
    }
    return kind.model_validate(said | other)


def dispatched(number: str, *lines: tuple[int, int], **other: Any) -> Any:
    parts = [{"line": line, "quantity": quantity} for line, quantity in lines]
    said = {"carrier": "Correos", "dispatched_at": AT, "lines": parts}
    return shipment(ShipmentDispatched, number, **said, **other)


def delivered(number: str) -> Any:
    return shipment(ShipmentDelivered, number, delivered_at=AT)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], "in_progress"),
        ([dispatched("E1", (1, 2))], "on_its_way"),
        ([dispatched("E1", (1, 2)), delivered("E1")], "partly_delivered"),
        ([dispatched("E1", (1, 2), (2, 4)), delivered("E1")], "delivered"),
        (
            [
                dispatched("E1", (1, 2)),
                dispatched("E2", (2, 4)),
                delivered("E1"),
                delivered("E2"),
            ],
            "delivered",
        ),
        (
            [OrderCancelled(order_number="PED-1", customer_id=ANA, sequence=2)],
            "cancelled",
        ),
        (
            [OrderCancelled(order_number="PED-1", customer_id="C-BEA", sequence=2)],
            "in_progress",
        ),
    ],
)
def test_an_order_is_as_far_as_its_shipments(events: list[Event], status: str) -> None:
    found = fold("orders", order(), *events)

    assert order_status(found["PED-1"]) == status
    assert found["PED-1"]["standing"] == status


async def test_orders_of_one_state_are_found_however_many_newer_ones_there_are(
    portal: PortalOfFew,
) -> None:
    arrived = [dispatched("E1", (1, 2), (2, 4)), delivered("E1")]
    [old] = fold("orders", order(placed_on="2025-01-01"), *arrived).values()
    await portal.keep("orders", old)
    for number in range(60):
        [newer] = fold("orders", order()).values()
        await portal.keep("orders", newer | {"_id": f"PED-N{number}"})
    ana = await portal.signed_in(ANA)

    page = await ana.get("/es/pedidos?status=delivered")
    first = await ana.get("/es/pedidos?status=in_progress")

    assert page.body.count("/es/pedidos/PED-") == 1
    assert "?from=" not in page.body
    assert first.body.count("/es/pedidos/PED-") == 50
    assert "?from=50&amp;status=in_progress" in first.body


def test_an_older_state_of_an_order_changes_nothing() -> None:
    newer = order(OrderChanged, sequence=3, customer_reference="nuevo")

    found = fold("orders", newer, order(sequence=2, customer_reference="viejo"))

    assert found["PED-1"]["order"]["customer_reference"] == "nuevo"


def test_a_shipment_of_another_customer_is_not_in_the_order() -> None:
    theirs = dispatched("E1", (1, 2)).model_copy(update={"customer_id": "C-BEA"})

    assert "shipments" not in fold("orders", order(), theirs)["PED-1"]


def test_steps_of_a_shipment_are_in_the_order_in_which_they_happened() -> None:
    later = shipment(ShipmentProgressed, status="held", at=AT + timedelta(hours=2))
    earlier = shipment(ShipmentProgressed, status="in_transit", at=AT + timedelta(hours=1))

    [found] = fold("orders", order(), later, earlier)["PED-1"]["shipments"]

    assert [it["status"] for it in found["steps"]] == ["in_transit", "held"]


def item(version: int = 3, **other: Any) -> dict[str, Any]:
    said = {"item_id": "IT-1", "customer_id": ANA, "product": "Servidor", "status": "in_use"}
    return said | {"version": version, "serial_number": "SN-1", "site": "Madrid"} | other


def recorded(version: int, **other: Any) -> InventoryItemRecorded:
    return InventoryItemRecorded.model_validate(item(version, **other))


def test_the_highest_version_of_an_item_stands_until_it_is_forgotten() -> None:
    newer, older = recorded(4, site="Sevilla"), recorded(3)

    found = fold("items", newer, older)
    assert found["IT-1"]["site"] == "Sevilla"
    gone = fold("items", newer, KeyForgotten(topic="inventory.items", key="IT-1"))
    assert "customer_id" not in gone["IT-1"]


def invoice(**other: Any) -> AccountInvoiceIssued:
    said: dict[str, Any] = {
        "customer_id": ANA,
        "sequence": 1,
        "booked_on": "2026-11-01",
        "invoice_number": "F/2026 1",
        "issued_on": "2026-11-01",
        "due_on": "2026-11-20",
        "lines": [
            {
                "line": 1,
                "description": "Mantenimiento",
                "quantity": 1,
                "net": {"amount": "100.00", "currency": "EUR"},
                "tax_rate": "21",
            }
        ],
        "net": {"amount": "100.00", "currency": "EUR"},
        "taxes": [
            {
                "tax_rate": "21",
                "net": {"amount": "100.00", "currency": "EUR"},
                "tax": {"amount": "21.00", "currency": "EUR"},
            }
        ],
        "total": EUROS,
    }
    return AccountInvoiceIssued.model_validate(said | other)


async def book(portal: PortalOfFew, *events: Event) -> None:
    for document in fold("bookings", *events).values():
        await portal.keep("bookings", document)


async def test_an_invoice_that_billing_dates_ahead_is_open_and_not_paid(
    portal: PortalOfFew,
) -> None:
    await book(portal, invoice(booked_on="2026-12-01", issued_on="2026-12-01", due_on="2026-12-20"))
    ana = await portal.signed_in(ANA)

    for path in ("/es/facturas", "/es/facturas?show=open", "/es/facturas/F/2026%201"):
        page = (await ana.get(path)).body
        assert "F/2026 1" in page
        assert ">Pendiente<" in page
        assert ">Pagada<" not in page


async def test_an_invoice_is_listed_viewed_and_downloaded_as_a_plain_copy(
    portal: PortalOfFew,
) -> None:
    await book(portal, invoice())
    ana = await portal.signed_in(ANA)

    listed = await ana.get("/es/facturas")
    assert "/es/facturas/F/2026%201" in listed.body
    assert "Vencida" in listed.body
    shown = await ana.get("/es/facturas/F/2026%201")
    assert "121,00" in shown.body
    copy = await ana.get("/es/facturas/F/2026%201/documento")

    assert copy.header("content-disposition") == 'attachment; filename="F-2026-1.txt"'
    assert "Copia simple" in copy.body
    assert "121,00" in copy.body


async def test_a_statement_is_shown_and_downloaded_without_formulas(portal: PortalOfFew) -> None:
    await book(portal, invoice(invoice_number="=1+1"))
    ana = await portal.signed_in(ANA)

    page = await ana.get("/es/estado-de-cuenta")
    assert "121,00" in page.body
    assert "pueden" not in page.body
    before = await ana.get("/es/estado-de-cuenta?as_of=2026-10-31")
    assert "no hay nada anotado" in before.body
    table = await ana.get("/en/statement/csv")

    assert table.header("content-type").startswith("text/csv")
    assert table.body.splitlines()[1] == "2026-11-01,Invoice,'=1+1,2026-11-20,121.00,121.00,EUR"


async def test_long_lists_have_pages_and_a_long_statement_shows_all_when_asked(
    portal: PortalOfFew,
) -> None:
    days = [f"2025-{month:02}-{day:02}" for month in range(1, 11) for day in range(1, 26)]
    for number, day in enumerate(days, 1):
        said = {"invoice_number": f"N{number:03}", "issued_on": day, "booked_on": day}
        await book(portal, invoice(sequence=number, due_on=day, **said))
    ana = await portal.signed_in(ANA)

    newest = (await ana.get("/es/facturas")).body
    older = (await ana.get("/es/facturas?from=50")).body
    assert ("N250" in newest, "N201" in newest, "N200" in newest) == (True, True, False)
    assert ("N200" in older, "N201" in older, "?from=100" in older) == (True, False, True)
    brief = (await ana.get("/es/estado-de-cuenta?as_of=2026-01-01")).body
    every = (await ana.get("/es/estado-de-cuenta?as_of=2026-01-01&all=1")).body
    assert "50 apuntes anteriores" in brief
    assert brief.count('<th scope="row">N') == 200
    assert every.count('<th scope="row">N') == 250


async def test_a_statement_with_a_gap_says_so(portal: PortalOfFew) -> None:
    await book(portal, invoice(sequence=2))
    ana = await portal.signed_in(ANA)

    assert "aún no nos han llegado" in (await ana.get("/es/estado-de-cuenta")).body


async def correct(browser: Browser, page: Answer, **fields: str) -> Answer:
    said = {"ticket": page.ticket, "version": "3", "serial_number": "SN-1", "site": "Madrid"}
    return await browser.post("/es/inventario/IT-1", said | {"status": "in_use"} | fields)


async def test_a_correction_sends_what_differs_and_the_version_it_is_based_on(
    portal: PortalOfFew,
) -> None:
    await portal.keep("items", item() | {"_id": "IT-1"})
    ana = await portal.signed_in(ANA)
    page = await ana.get("/es/inventario/IT-1")

    sent = await correct(ana, page, site="Sevilla", serial_number=" ")

    assert sent.status == 303

    [event] = portal.published.events
    data = json.loads(event.value)
    assert event.type == "submission.inventory_update.v1"
    assert (data["item_id"], data["expected_version"]) == ("IT-1", 3)
    assert {name: it for name, it in data["changes"].items() if it} == {"site": "Sevilla"}
    await portal.keep("items", item(4, site="Sevilla") | {"_id": "IT-1"})
    again = await correct(ana, page, site="Sevilla", serial_number=" ")
    assert again.header("location") == sent.header("location")
    assert len(portal.published.events) == 1


async def test_an_item_that_changed_meanwhile_is_shown_beside_the_correction(
    portal: PortalOfFew,
) -> None:
    await portal.keep("items", item() | {"_id": "IT-1"})
    ana = await portal.signed_in(ANA)
    page = await ana.get("/es/inventario/IT-1")
    await portal.keep("items", item(4, site="Bilbao") | {"_id": "IT-1"})

    answer = await correct(ana, page, site="Sevilla")

    assert answer.status == 409
    assert portal.published.events == []
    assert "ahora «Bilbao», usted escribió «Sevilla»" in answer.body
    assert 'name="version" value="4"' in answer.body
    assert (await correct(ana, answer, site="Sevilla", version="4")).status == 303


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "serial_number"),
        ({"status": "sold"}, "status"),
        ({"site": "x" * 20_000}, "site"),
    ],
)
async def test_a_faulty_correction_is_not_sent(
    portal: PortalOfFew, fields: dict[str, str], fault: str
) -> None:
    await portal.keep("items", item() | {"_id": "IT-1"})
    ana = await portal.signed_in(ANA)

    answer = await correct(ana, await ana.get("/es/inventario/IT-1"), **fields)

    assert answer.status == 422
    assert f'href="#{fault}"' in answer.body
    assert portal.published.events == []


@pytest.mark.parametrize(("status", "pending"), [("open", True), ("resolved", False)])
async def test_a_correction_is_pending_until_it_is_answered(
    portal: PortalOfFew, status: str, pending: bool
) -> None:
    await portal.keep("items", item() | {"_id": "IT-1"})
    asked = {
        "_id": "i-1",
        "customer_id": ANA,
        "kind": "inventory_update",
        "opened": True,
        "status": status,
        "standing": status,
        "reference": "INQ-1",
        "details": [
            {"field": "item_id", "value": "IT-1"},
            {"field": "changes.site", "value": "Sevilla"},
        ],
    }
    answered = {"status": "resolved", "standing": "resolved"}
    for number in range(MOST_SHOWN):
        await portal.keep("inquiries", asked | answered | {"_id": f"i-earlier-{number}"})
    await portal.keep("inquiries", asked)
    ana = await portal.signed_in(ANA)

    listed = (await ana.get("/es/inventario")).body
    shown = (await ana.get("/es/inventario/IT-1")).body

    assert ("Corrección pendiente" in listed) is pending
    assert ("Ubicación: Sevilla" in shown) is pending


UNDER = "https://billing.example/documents/"


@pytest.mark.parametrize(
    ("link", "reaches"),
    [
        (f"{UNDER}1.pdf", True),
        ("https://billing.example/other/1.pdf", False),
        (f"{UNDER}../secret", False),
        (f"{UNDER}%2e%2e/secret", False),
        ("https://billing.example/documents-of-others/1.pdf", False),
        ("http://billing.example/documents/1.pdf", False),
        ("https://billing.example.evil.example/documents/1.pdf", False),
        ("https://billing.example@evil.example/documents/1.pdf", False),
        ("https://billing.example:8443/documents/1.pdf", False),
        ("file:///documents/1.pdf", False),
    ],
)
def test_billings_documents_are_fetched_from_where_billing_keeps_them_alone(
    link: str, reaches: bool
) -> None:
    for under in (UNDER, UNDER.removesuffix("/")):
        assert BillingDocuments(Settings(billing_documents_url=under)).reaches(link) is reaches
    assert not BillingDocuments(Settings()).reaches(link)


@pytest.mark.parametrize(
    ("status", "content", "there"),
    [(200, b"%PDF", True), (200, b"other", False), (404, b"%PDF", False), (302, b"%PDF", False)],
)
async def test_billings_document_is_the_one_of_the_hash_that_it_named(
    status: int, content: bytes, there: bool
) -> None:
    documents = BillingDocuments(Settings(billing_documents_url=UNDER))
    answers = httpx2.MockTransport(lambda _request: httpx2.Response(status, content=content))
    documents._client = httpx2.AsyncClient(transport=answers)
    sha256 = hashlib.sha256(b"%PDF").hexdigest()
    named = {"link": f"{UNDER}1.pdf", "sha256": sha256, "media_type": "application/pdf"}

    found = await documents.read(named)

    assert (found is not None) is there
    await documents.close()


async def test_billings_document_is_handed_out_and_one_that_cannot_be_had_is_not_replaced() -> None:
    link = f"{UNDER}1.pdf"
    named = {"document_id": "1", "link": link, "media_type": "application/pdf"}
    answers = {link: b"%PDF of billing"}
    sha256 = hashlib.sha256(answers[link]).hexdigest()
    with portal_of_few(billing_documents_url=UNDER) as portal:
        documents = portal.process.portal.billing_documents
        documents._client = httpx2.AsyncClient(
            transport=httpx2.MockTransport(
                lambda asked: httpx2.Response(200, content=answers[str(asked.url)])
            )
        )
        await book(portal, invoice(invoice_number="F-1", document=named | {"sha256": sha256}))
        ana = await portal.signed_in(ANA)

        found = await ana.get("/es/facturas/F-1/documento")
        answers[link] = b"%PDF of somebody else"
        other = await ana.get("/es/facturas/F-1/documento")

    assert (found.status, found.body) == (200, "%PDF of billing")
    assert found.header("content-disposition").startswith("attachment")
    assert other.status == 503
    assert "somebody else" not in other.body


async def test_a_document_of_billing_that_never_ends_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(billing_documents, "MOST_BYTES", 10)
    documents = BillingDocuments(Settings(billing_documents_url=UNDER))
    sent = list[int]()

    async def endless() -> AsyncIterator[bytes]:
        for number in range(1_000):
            sent.append(number)
            yield b"%PDF"

    answers = httpx2.MockTransport(lambda _request: httpx2.Response(200, content=endless()))
    documents._client = httpx2.AsyncClient(transport=answers)

    named = {"link": f"{UNDER}1.pdf", "sha256": "0" * 64, "media_type": "application/pdf"}
    assert await documents.read(named) is None
    assert len(sent) < 10
    await documents.close()


STEP = {"at": AT, "status": "held", "note": "En la aduana"}
LAST_WEEK = {"at": AT - timedelta(days=7), "status": "out_for_delivery"}


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([dispatched("E1", (1, 2))], "Enviado"),
        ([dispatched("E1", (1, 2)), shipment(ShipmentProgressed, "E1", **STEP)], "Retenido"),
        ([dispatched("E1", (1, 2)), shipment(ShipmentProgressed, "E1", **LAST_WEEK)], "En reparto"),
        ([dispatched("E1", (1, 2)), delivered("E1")], "Entregado"),
    ],
)
async def test_an_orders_page_says_how_far_each_shipment_is_and_what_is_in_it(
    portal: PortalOfFew, events: list[Event], said: str
) -> None:
    for document in fold("orders", order(), *events).values():
        await portal.keep("orders", document)

    page = await (await portal.signed_in(ANA)).get("/es/pedidos/PED-1")

    assert page.status == 200
    shipments = page.body.partition('id="shipments"')[2]
    assert f">{said}<" in shipments.partition('class="facts"')[0]
    assert "2 × Servidor" in shipments


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ("https://carrier.example/1", True),
        ("javascript:alert(1)", False),
        ("http://x.example", False),
    ],
)
async def test_a_carriers_link_is_followed_only_if_it_is_a_secure_page(
    portal: PortalOfFew, link: str, followed: bool
) -> None:
    sent = dispatched("E1", (1, 2), tracking_number="T-1", tracking_url=link)
    for document in fold("orders", order(), sent).values():
        await portal.keep("orders", document)

    page = await (await portal.signed_in(ANA)).get("/es/pedidos/PED-1")

    assert "T-1" in page.body
    assert (f'href="{link}"' in page.body) is followed


ELSEWHERE = TimerDue(owner="contract_archive", due_at=AT, id="K-1", kind="contract")
"""Of a topic that no room shows."""


@pytest.mark.parametrize("name", list(BY_NAME))
def test_what_a_room_does_not_show_leaves_its_documents_as_they_are(name: str) -> None:
    document, said = {"customer_id": ANA}, Message("/x", "1", ELSEWHERE, time=AT)

    assert list(BY_NAME[name].keys(said)) == []
    assert BY_NAME[name].fold(document, said) == document
