"""Every page of the portal, by everybody: nobody, another customer, and the holder."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from services.customer_portal import service
from services.customer_portal.outbox import SOURCE
from services.customer_portal.projections import submission_key
from services.customer_portal.rooms import statement
from services.customer_portal.routes import PAGES
from shared.events.inquiries import InquiryClosed
from shared.events.submissions import FollowUpSubmitted
from shared.events.values import Language
from shared.outage import Outage
from shared.web import app as web
from shared.web.live import DONE
from shared.web.pages import NotFound, Page
from shared.web.sessions import Holder, Session, Visitor
from tests.builders.passkeys import SoftAuthenticator
from tests.builders.portal import COOKIE, NOW, TEXT_SHA256, Browser, PortalOfFew, portal_of_few

ANA, BEA = "C-ANA", "C-BEA"
SECRETS = (
    "Licencia de Ana",
    "INQ-ANA",
    "El secreto de Ana",
    "ana@example.test",
    "10,00",
    "Pedido de Ana",
    "123,45",
    "123.45",
    "Servidor de Ana",
    "Llave de Ana",
)
"""Words that only Ana's pages have."""
CONSENTS: Any = [
    {
        "purpose": "store_and_contact",
        "wording_version": "1",
        "given_at": "2026-01-01T10:00:00Z",
    }
]
LIVE = frozenset({"sent_live", "inquiry_live"})
REQUEST = {"customer_id": ANA, "missing": []}
INVOICE = {
    "subject": "Una factura",
    "text": "¿Dónde está?",
    "name": "Lucía",
    "email": "lucia@example.test",
}


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        yield portal


async def ana_has_something_of_everything(portal: PortalOfFew) -> dict[str, str]:
    """The parts of the addresses of Ana's pages."""
    await portal.keep("customers", profile(ANA, "ana@example.test") | {"consents": CONSENTS})
    await portal.keep("customers", profile(BEA, "bea@example.test"))
    await portal.keep("contracts", contract("K-ANA"))
    await portal.keep("inquiries", inquiry("i-ana"))
    attached = {"customer_id": ANA, "file_name": "secreto.txt", "standing": "kept", "size": 9}
    await portal.keep("attachments", attached | {"_id": "text-1"})
    await ana_has_an_account(portal)
    browser = await portal.signed_in(ANA)
    page = await browser.get("/es/contacto/contratos")
    fields = {"ticket": page.ticket, "subject": "Algo", "text": "El secreto de Ana"}
    sent = await browser.post("/es/contacto/contratos", fields)
    submission = sent.header("location").rpartition("/")[2]
    return {
        "submission": submission,
        "inquiry": "i-ana",
        "number": "K-ANA",
        "document": "text-1",
        "order": "PED-ANA",
        "invoice": "F-ANA",
        "credit": "A-ANA",
        "item": "IT-ANA",
        "passkey": await ana_has_a_passkey(portal),
    }


async def ana_has_a_passkey(portal: PortalOfFew) -> str:
    passkeys, device = portal.process.portal.passkeys, SoftAuthenticator()
    options = await passkeys.registration_options("x" * 43, ANA, "ana@example.test")
    return (await passkeys.register("x" * 43, ANA, device.create(options), "Llave de Ana")).id


async def ana_has_an_account(portal: PortalOfFew) -> None:
    euros: Any = {"amount": "123.45", "currency": "EUR"}
    line: Any = {"line": 1, "product": "P", "description": "Pedido de Ana", "quantity": 1}
    placed: Any = {"order_number": "PED-ANA", "placed_on": "2026-11-01", "lines": [line]}
    order = {"_id": "PED-ANA", "customer_id": ANA, "placed_on": "2026-11-01", "order": placed}
    await portal.keep("orders", order)
    booked: Any = {"customer_id": ANA, "booked_on": "2026-11-01", "lines": [], "taxes": []}
    booked |= {"net": euros, "total": euros, "issued_on": "2026-11-01", "due_on": "2026-11-20"}
    invoice = {"_id": "1", "type": statement.INVOICE, "sequence": 1, "invoice_number": "F-ANA"}
    note = {"_id": "2", "type": statement.CREDIT_NOTE, "sequence": 2, "credit_note_number": "A-ANA"}
    await portal.keep("bookings", booked | invoice)
    await portal.keep("bookings", booked | note)
    item = {"_id": "IT-ANA", "item_id": "IT-ANA", "customer_id": ANA, "version": 1}
    await portal.keep("items", item | {"product": "Servidor de Ana", "status": "in_use"})


def profile(customer: str, address: str) -> dict[str, Any]:
    return {
        "_id": customer,
        "customer_id": customer,
        "email": address,
        "address": address,
        "name": "Nombre",
        "phone": "600 000 000",
        "company": "Empresa",
        "registered_at": "2026-01-01T10:00:00Z",
        "access": True,
    }


def contract(number: str) -> dict[str, Any]:
    standing = {
        "inquiry_id": "i-ana",
        "customer_id": ANA,
        "policy": "monthly-notice",
        "policy_version": "1",
        "effective_on": "2026-12-27",
        "last_billable_on": "2026-12-26",
    }
    awaited = {
        "inquiry_id": "i-ana",
        "customer_id": ANA,
        "status": "evidence_awaited",
        "missing": ["destruction_confirmation"],
        "due_on": "2026-12-27",
    }
    return {
        "_id": number,
        "customer_id": ANA,
        "facts": {
            "type": "monthly_licence",
            "title": "Licencia de Ana",
            "starts_on": "2025-01-01",
            "auto_renewal": True,
            "status": "cancellation_scheduled",
            "text": {
                "document_id": "text-1",
                "version": 1,
                "sha256": TEXT_SHA256,
                "approved": True,
            },
        },
        "cancellation": {"status": "scheduled", "cancellation": standing, "requests": [awaited]},
        "decisions": [],
    }


def inquiry(inquiry_id: str) -> dict[str, Any]:
    return {
        "_id": inquiry_id,
        "customer_id": ANA,
        "opened": True,
        "status": "open",
        "reference": "INQ-ANA",
        "kind": "inquiry",
        "subject": "El secreto de Ana",
        "opened_at": "2026-11-27T10:00:00Z",
        "answer_due_at": "2026-11-30T10:00:00Z",
        "contract_numbers": [],
        "listed_at": "2026-11-27T10:00:00Z",
        "standing": "open",
        "details": [{"field": "text", "value": "El secreto de Ana"}],
        "entries": [],
    }


def address(page: Page, language: Language, parts: dict[str, str]) -> str:
    ids = {
        "sent": "submission",
        "sent_live": "submission",
        "document": "document",
        "attachment": "document",
    }
    own = {
        "{purpose}": "store_and_contact",
        "{topic}": "contratos",
        "{number:path}": parts["number"],
        "{order:path}": parts["order"],
        "{invoice:path}": parts["invoice"],
        "{credit:path}": parts["credit"],
        "{item:path}": parts["item"],
        "{passkey}": parts["passkey"],
        "{id}": parts[ids.get(page.name, "inquiry")],
    }
    path = page.path(language)
    for name, value in own.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("language", list(Language))
async def test_every_page_is_shown_to_whom_it_belongs_and_to_nobody_else(
    portal: PortalOfFew, language: Language
) -> None:
    parts = await ana_has_something_of_everything(portal)
    portal.process.stopping.set()  # a live part ends at once
    nobody, bea = Browser(portal), await portal.signed_in(BEA)
    ana = await portal.signed_in(ANA)

    for page in PAGES:
        path = address(page, language, parts)
        seen = {
            "nobody": await nobody.get(path),
            "bea": await bea.get(path),
            "ana": await ana.get(path),
        }
        for who in ("nobody", "bea"):
            assert not any(it in seen[who].body for it in SECRETS), (path, who)
        if page.for_holders and page.is_live:
            assert seen["nobody"].body == DONE, path
        elif page.for_holders:
            assert seen["nobody"].status == 303, path
            assert seen["nobody"].header("location").startswith(f"/{language}/"), path
            assert ("sign-in" in seen["nobody"].header("location")) or (
                "entrar" in seen["nobody"].header("location")
            ), path
        if "{" in page.path(language) and "{topic}" not in page.path(language):
            assert seen["bea"].status == 404, path
            assert seen["ana"].status in (200, 303), path
        assert seen["ana"].status < 400, path


async def test_nobody_can_send_a_form_of_somebody_elses(portal: PortalOfFew) -> None:
    parts = await ana_has_something_of_everything(portal)
    before = len(portal.published.events)
    bea = await portal.signed_in(BEA)
    ticket = (await bea.get("/es/contacto/contratos")).ticket

    for page in PAGES:
        if page.accepts_forms and page.for_holders and "{" in page.es:
            path = address(page, Language.ES, parts)
            sent = await bea.post(path, {"ticket": ticket, "text": "x", "act": "write"})
            assert sent.status == 404, path

    assert len(portal.published.events) == before


async def test_every_form_refuses_a_ticket_that_is_not_this_browsers(portal: PortalOfFew) -> None:
    parts = await ana_has_something_of_everything(portal)
    before = len(portal.published.events)
    theirs = (await Browser(portal).get("/es/contacto/contratos")).ticket

    for page in PAGES:
        if page.accepts_forms:
            path = address(page, Language.ES, parts)
            for browser in (Browser(portal), await portal.signed_in(ANA)):
                if (
                    page.name in ("sign_in", "code", "passkey", "provider_return")
                    and browser.cookies
                ):
                    continue  # who is signed in is sent on before a form is looked at
                for ticket in ({}, {"ticket": theirs}, {"ticket": "x"}):
                    sent = await browser.post(path, {**ticket, "text": "x"})
                    assert sent.status in (403, 303), path
                    assert sent.status == 403 or not browser.cookies, path

    assert len(portal.published.events) == before


async def test_a_submission_that_is_sent_twice_is_published_once(portal: PortalOfFew) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/contacto/facturas")
    fields = INVOICE | {"ticket": page.ticket}

    first = await browser.post("/es/contacto/facturas", fields)
    second = await browser.post("/es/contacto/facturas", fields)
    changed = await browser.post("/es/contacto/facturas", fields | {"text": "Otra cosa"})

    assert first.status == second.status == 303
    assert first.header("location") == second.header("location")
    assert changed.header("location") == first.header("location") + "?before=1"
    [event] = portal.published.events
    assert event.type == "submission.inquiry.v1"
    assert dict(event.headers)["ce_id"].decode() == page.ticket.partition(".")[0]
    assert json.loads(event.value)["text"] == "¿Dónde está?"


async def test_a_submission_waits_for_the_broker_and_is_published_under_the_same_id(
    portal: PortalOfFew,
) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/contacto/facturas")
    portal.published.down = True
    fields = INVOICE | {"ticket": page.ticket}

    sent = await browser.post("/es/contacto/facturas", fields)
    shown = await browser.get(sent.header("location"))

    assert sent.status == 303
    assert "Guardada y en camino" in shown.body
    portal.published.down = False
    kept = portal.own.collection("submissions").documents
    for document in kept.values():  # it has waited for some seconds
        document["at"] = document["at"].replace(year=2025)
    await portal.process.portal.outbox.publish_waiting()
    await portal.process.portal.outbox.publish_waiting()
    [event] = portal.published.events
    assert dict(event.headers)["ce_id"].decode() == page.ticket.partition(".")[0]
    assert "Guardada y en camino" not in (await browser.get(sent.header("location"))).body


async def test_what_a_visitor_sent_is_seen_in_that_browser_alone(portal: PortalOfFew) -> None:
    browser = Browser(portal)
    page = await browser.get("/en/contact/invoices")
    fields = INVOICE | {"ticket": page.ticket}
    sent = await browser.post("/en/contact/invoices", fields)

    assert (await browser.get(sent.header("location"))).status == 200
    assert (await Browser(portal).get(sent.header("location"))).status == 404


async def test_all_faults_of_a_registration_are_shown_at_once(portal: PortalOfFew) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/registro")

    answer = await browser.post("/es/registro", {"ticket": page.ticket, "email": "nadie"})

    assert answer.status == 422
    for field in ("name", "email", "phone", "company", "country"):
        assert f'href="#{field}"' in answer.body, field
    assert answer.body.count("Sin este consentimiento") == 4, "in the summary and beside the box"
    assert portal.published.events == []


async def test_a_sound_registration_is_sent_with_both_consents(portal: PortalOfFew) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/registro")
    fields = {
        "ticket": page.ticket,
        "name": "Lucía Gómez",
        "email": "lucia@example.test",
        "phone": "+34 600 000 000",
        "company": "Ejemplo",
        "country": "ES",
        "store_and_contact": "yes",
        "transfer_abroad": "yes",
    }

    assert (await browser.post("/es/registro", fields)).status == 303

    [event] = portal.published.events
    data = json.loads(event.value)
    assert event.type == "submission.registration.v1"
    assert event.key == data["customer_id"]
    assert [it["purpose"] for it in data["consents"]] == ["store_and_contact", "transfer_abroad"]


async def sign_in(portal: PortalOfFew, browser: Browser, address: str, after: str = "") -> Any:
    page = await browser.get(f"/es/entrar?next={after}")
    await browser.post("/es/entrar", {"ticket": page.ticket, "email": address, "next": after})
    page = await browser.get("/es/entrar/codigo")
    _, _, code = portal.mailed[-1] if portal.mailed else ("", "", "00000000")
    fields = {"ticket": page.ticket, "code": code, "next": after}
    return await browser.post("/es/entrar/codigo", fields)


async def test_signing_in_changes_the_cookie_and_signing_out_ends_the_session(
    portal: PortalOfFew,
) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    browser = Browser(portal)

    answer = await sign_in(portal, browser, "Ana@Example.test")

    assert (answer.status, answer.header("location")) == (303, "/es/consultas")
    cookie = answer.header("set-cookie")
    assert cookie.startswith(f"{COOKIE}=")
    for attribute in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert portal.mailed[0][1] == "ana@example.test", "the address as it was registered"
    page = await browser.get("/es/consultas")
    assert page.status == 200
    await browser.post("/es/salir", {"ticket": page.ticket})
    assert (await browser.get("/es/consultas")).status == 303


async def test_an_unknown_address_gets_no_mail_and_the_same_pages(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    known, unknown = Browser(portal), Browser(portal)
    shown = []
    for browser, name in ((known, "ana"), (unknown, "alguien")):
        page = await browser.get("/es/entrar")
        fields = {"ticket": page.ticket, "email": f"{name}@example.test"}
        sent = await browser.post("/es/entrar", fields)
        shown.append((sent.status, sent.header("location")))

    assert shown[0] == shown[1]
    assert [address for _, address, _ in portal.mailed] == ["ana@example.test"]


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example/",
        "//evil.example/es/consultas",
        "/\\evil.example",
        "/es/../evil",
        "javascript:alert(1)",
        "/es/salir",
    ],
)
async def test_after_signing_in_nobody_is_sent_elsewhere(portal: PortalOfFew, after: str) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))

    answer = await sign_in(portal, Browser(portal), "ana@example.test", after)

    assert answer.header("location") == "/es/consultas"


async def test_after_signing_in_the_page_that_was_asked_for_is_shown(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))

    answer = await sign_in(portal, Browser(portal), "ana@example.test", "/es/contratos/K-ANA")

    assert answer.header("location") == "/es/contratos/K-ANA"


async def test_after_signing_in_again_the_form_is_shown_that_was_sent_too_late(
    portal: PortalOfFew,
) -> None:
    await ana_has_something_of_everything(portal)
    browser = await portal.signed_in(ANA)
    ticket = (await browser.get(INQUIRY)).ticket
    await portal.process.portal.sessions.revoke_all(Holder(ANA))

    late = await browser.post(INQUIRY, {"ticket": ticket, "text": "Una cosa más"})

    assert (late.status, late.header("location")) == (
        303,
        "/es/entrar?next=%2Fes%2Fconsultas%2Fi-ana&unsent=1",
    )
    assert "no se ha enviado nada" in (await browser.get(late.header("location"))).body
    assert "no se ha enviado nada" not in (await browser.get("/es/entrar")).body


async def test_a_fourth_code_for_one_address_is_one_too_many(portal: PortalOfFew) -> None:
    statuses = []
    for _ in range(4):
        browser = Browser(portal)
        page = await browser.get("/es/entrar")
        fields = {"ticket": page.ticket, "email": "ana@example.test"}
        statuses.append((await browser.post("/es/entrar", fields)).status)

    assert statuses == [303, 303, 303, 429]


async def test_what_people_write_is_shown_as_they_wrote_it(portal: PortalOfFew) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/contacto/contratos")
    hostile = "<script>alert(1)</script> {{ 7*7 }} \"'>"

    answer = await browser.post(
        "/es/contacto/contratos", {"ticket": page.ticket, "subject": hostile}
    )

    assert answer.status == 422
    assert "<script>alert" not in answer.body
    assert "{{ 7*7 }}" in answer.body


async def test_contracts_are_shown_only_to_who_has_access(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test") | {"access": False})
    await portal.keep("contracts", contract("K-ANA"))
    browser = await portal.signed_in(ANA)

    listed = await browser.get("/es/contratos")

    assert "Su acceso aún no está autorizado" in listed.body
    assert "Licencia de Ana" not in listed.body
    assert (await browser.get("/es/contratos/K-ANA")).status == 404


async def test_a_cancellation_is_checked_before_it_is_sent(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    free = contract("K-FREE")
    free |= {"facts": free["facts"] | {"status": "active"}, "cancellation": {"status": "none"}}
    await portal.keep("contracts", free)
    browser = await portal.signed_in(ANA)
    page = await browser.get("/es/cancelar?contract=K-FREE")
    fields = {
        "ticket": page.ticket,
        "contract": ["K-FREE"],
        "name": "Ana",
        "email": "ana@example.test",
        "act": "check",
    }

    checked = await browser.post("/es/cancelar", fields)

    assert checked.status == 200
    assert "Todavía no se ha enviado nada" in checked.body
    assert "la confirmación de que se han destruido todas las copias" in checked.body
    assert portal.published.events == []
    sent = await browser.post("/es/cancelar", fields | {"act": "send"})
    assert sent.status == 303
    [event] = portal.published.events
    data = json.loads(event.value)
    assert data["contract_numbers"] == ["K-FREE"]
    assert data["customer_id"] == ANA
    assert data["destruction_confirmed"] is False
    decided = free | {"cancellation": {"status": "requested", "requests": [REQUEST]}}
    await portal.keep("contracts", decided)
    again = await browser.post("/es/cancelar", fields | {"act": "send"})
    assert (again.status, again.header("location")) == (303, sent.header("location"))
    assert len(portal.published.events) == 1


async def test_nobody_cancels_another_ones_contract(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(BEA, "bea@example.test"))
    await portal.keep("contracts", contract("K-ANA"))
    bea = await portal.signed_in(BEA)
    page = await bea.get("/es/contacto/contratos")
    fields = {
        "ticket": page.ticket,
        "contract": ["K-ANA"],
        "name": "Bea",
        "email": "bea@example.test",
        "act": "send",
    }

    assert (await bea.post("/es/cancelar", fields)).status == 422
    assert portal.published.events == []


async def test_a_cookie_from_before_signing_in_shows_nothing_that_was_sent_after_it(
    portal: PortalOfFew,
) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    browser = Browser(portal)
    page = await browser.get("/es/contacto/facturas")
    earlier = await browser.post("/es/contacto/facturas", INVOICE | {"ticket": page.ticket})
    known = Browser(portal, dict(browser.cookies))
    await sign_in(portal, browser, "ana@example.test")

    page = await browser.get("/es/contacto/facturas")
    later = await browser.post("/es/contacto/facturas", INVOICE | {"ticket": page.ticket})

    assert (await browser.get(later.header("location"))).status == 200
    assert (await known.get(later.header("location"))).status == 404
    assert (await browser.get(earlier.header("location"))).status == 200


async def test_what_is_not_published_yet_is_kept_for_as_long_as_that_takes(
    portal: PortalOfFew,
) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/contacto/facturas")
    portal.published.down = True
    await browser.post("/es/contacto/facturas", INVOICE | {"ticket": page.ticket})
    [kept] = portal.own.collection("submissions").documents.values()
    assert "until" not in kept, "the database would delete it then"

    portal.published.down = False
    kept["at"] = kept["at"].replace(year=2025)
    await portal.process.portal.outbox.publish_waiting()

    assert kept["until"] == NOW + portal.process.settings.submissions_kept


async def test_a_withdrawal_that_is_too_long_is_a_fault_of_the_form(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    await portal.keep("contracts", contract("K-ANA"))
    browser = await portal.signed_in(ANA)
    page = await browser.get("/es/contratos/K-ANA/retirar")

    for comment in ("x" * 10_001, "a\x00b"):
        fields = {"ticket": page.ticket, "comment": comment}
        answer = await browser.post("/es/contratos/K-ANA/retirar", fields)
        assert answer.status == 422
        assert 'href="#comment"' in answer.body

    assert portal.published.events == []


async def test_all_previews_are_asked_for_at_once(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    numbers = [f"K-{number}" for number in range(3)]
    for number in numbers:
        free = contract(number)
        free |= {"facts": free["facts"] | {"status": "active"}, "cancellation": {"status": "none"}}
        await portal.keep("contracts", free)
    all_asked = asyncio.Barrier(len(numbers))

    async def preview(*_: object) -> None:
        await asyncio.wait_for(all_asked.wait(), 30)

    browser = await portal.signed_in(ANA)
    page = await browser.get("/es/cancelar")
    fields = {"ticket": page.ticket, "contract": numbers, "name": "Ana", "phone": "600 000 000"}
    with patch.object(type(portal.process.portal.previews), "preview", preview):
        checked = await browser.post("/es/cancelar", fields | {"act": "check"})

    assert checked.status == 200


@pytest.mark.parametrize("path", ["/es/consultas/i-ana/en-vivo", "/en/inquiries/i-ana/live"])
async def test_nobody_is_led_to_a_part_of_a_page(portal: PortalOfFew, path: str) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))

    answer = await sign_in(portal, Browser(portal), "ana@example.test", path)

    assert answer.header("location") == "/es/consultas"


async def test_a_live_part_keeps_nobody_signed_in(portal: PortalOfFew) -> None:
    await ana_has_something_of_everything(portal)
    portal.process.stopping.set()
    browser = await portal.signed_in(ANA)
    sessions = portal.own.collection("sessions").documents
    seen = NOW - timedelta(minutes=5)
    for session in sessions.values():
        session["seen_at"] = seen

    await browser.get("/es/consultas/i-ana/en-vivo")
    assert {it["seen_at"] for it in sessions.values()} == {seen}

    await browser.get("/es/consultas/i-ana")
    assert NOW in {it["seen_at"] for it in sessions.values()}


def test_without_kafka_pages_know_which_generation_serves(portal: PortalOfFew) -> None:
    steps = list(service._starting_steps(portal.process))

    assert steps[0] == portal.process.generations.begin
    assert steps[-1] == portal.process.publisher.start
    assert len(steps) == 11


def test_live_scripts_are_there_before_htmx_begins() -> None:
    """Deferred, htmx begins at once, and finds no extension where that comes a moment later."""
    source = (web.HERE / "templates" / "components.html").read_text()
    scripts = re.findall(r"<script[^>]*>", source)

    assert [it.partition("vendor/")[2].partition("'")[0] for it in scripts] == [
        "htmx.min.js",
        "hx-sse.min.js",
    ]
    assert not any(word in it for it in scripts for word in ("defer", "async", "module"))


@pytest.mark.parametrize(
    ("path", "fields", "most"),
    [
        ("/es/entrar", {"email": "somebody{number}@example.test"}, 30),
        ("/es/entrar/codigo", {"code": "00000000"}, 60),
        ("/es/contacto/facturas", INVOICE, 60),
    ],
)
async def test_one_client_does_so_much_in_an_hour_from_however_many_browsers(
    portal: PortalOfFew, path: str, fields: dict[str, str], most: int
) -> None:
    statuses = []
    for number in range(most + 1):
        browser = Browser(portal)
        ticket = (await browser.get("/es/entrar")).ticket
        said = {name: value.format(number=number) for name, value in fields.items()}
        statuses.append((await browser.post(path, said | {"ticket": ticket})).status)

    assert 429 not in statuses[:-1]
    assert statuses[-1] == 429


async def test_one_address_of_two_customers_lets_choose_between_these_alone(
    portal: PortalOfFew,
) -> None:
    cid = "C-CID"
    for customer in (ANA, BEA):
        await portal.keep("customers", profile(customer, "both@example.test"))
    await portal.keep("customers", profile(cid, "cid@example.test"))
    browser = Browser(portal)
    asked = await sign_in(portal, browser, "both@example.test")
    assert asked.status == 200
    assert (await browser.get("/es/consultas")).status == 303, "nobody is signed in yet"

    async def choose(customer: str, page: str) -> Any:
        code = re.findall(r'name="code" value="([0-9]{8})"', page)[0]
        ticket = re.findall(r'name="ticket" value="([^"]+)"', page)[-1]
        fields = {"ticket": ticket, "code": code, "customer_id": customer}
        return await browser.post("/es/entrar/codigo", fields)

    stranger = await choose(cid, asked.body)
    assert stranger.status == 200
    assert (await choose(BEA, stranger.body)).status == 303
    [session] = portal.own.collection("sessions").documents.values()
    assert session["customer_id"] == BEA


async def test_what_has_ended_sees_no_more_of_a_live_part(portal: PortalOfFew) -> None:
    await ana_has_something_of_everything(portal)
    browser = await portal.signed_in(ANA)
    sessions, changes = portal.process.portal.sessions, portal.process.portal.changes
    shown = portal.process.portal.queries.inquiry

    looks = 0

    async def and_then_the_session_ends(_self: object, *about: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks > 3:  # it should have ended by itself
            portal.process.stopping.set()
        await sessions.revoke_all(Holder(ANA))
        changes.wake_all()
        return await shown(*about)

    with patch.object(type(portal.process.portal.queries), "inquiry", and_then_the_session_ends):
        answer = await asyncio.wait_for(browser.get("/es/consultas/i-ana/en-vivo"), 30)

    assert answer.body == DONE


async def test_a_contract_is_found_whatever_its_number_is_written_with(
    portal: PortalOfFew,
) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    await portal.keep("contracts", contract("K/1 ?a#b%"))
    browser = await portal.signed_in(ANA)

    links = re.findall(r'href="(/es/contratos/[^"]+)"', (await browser.get("/es/contratos")).body)

    assert set(links) == {"/es/contratos/K/1%20%3Fa%23b%25"}
    assert "Licencia de Ana" in (await browser.get(links[0])).body


def follow_up(at: datetime = NOW) -> FollowUpSubmitted:
    return FollowUpSubmitted.model_validate(
        {
            "channel": "web",
            "received_at": at.isoformat(),
            "language": "es",
            "customer_id": ANA,
            "inquiry_id": "i-ana",
            "text": "Hola",
        }
    )


@pytest.mark.parametrize("holder", [None, Holder(BEA)])
async def test_an_id_that_somebody_else_has_sent_is_nobodys_to_send(
    portal: PortalOfFew, holder: Holder | None
) -> None:
    outbox, browser = portal.process.portal.outbox, Visitor("browser")
    await outbox.submit(Session("a", browser, Holder(ANA)), "s-1", follow_up())

    with pytest.raises(NotFound):
        await outbox.submit(Session("a", browser, holder), "s-1", follow_up())

    assert len(portal.published.events) == 1


async def test_the_same_form_a_minute_later_is_the_same_request(portal: PortalOfFew) -> None:
    outbox, session = portal.process.portal.outbox, Session("a", Visitor("browser"), Holder(ANA))

    await outbox.submit(session, "s-1", follow_up())
    await outbox.submit(session, "s-1", follow_up(NOW + timedelta(minutes=1)))

    assert len(portal.published.events) == 1


async def test_what_was_published_but_not_marked_is_published_again_as_the_same_event(
    portal: PortalOfFew,
) -> None:
    outbox, kept = portal.process.portal.outbox, portal.own.collection("submissions")
    with patch.object(kept, "update_many", side_effect=Outage("mongodb", "died")):
        await outbox.submit(Session("a", Visitor("browser"), Holder(ANA)), "s-1", follow_up())
    await outbox.publish_waiting()
    assert len(portal.published.events) == 1, "the instance that kept it may be publishing it still"

    kept.documents["s-1"]["at"] = NOW - timedelta(minutes=1)
    await outbox.publish_waiting()
    await outbox.publish_waiting()

    first, second = portal.published.events
    assert first == second


async def test_a_page_says_what_is_known_whatever_topic_was_read_first(
    portal: PortalOfFew,
) -> None:
    browser = Browser(portal)
    page = await browser.get("/es/contacto/facturas")
    sent = await browser.post("/es/contacto/facturas", INVOICE | {"ticket": page.ticket})
    key = submission_key(SOURCE, page.ticket.partition(".")[0])
    stated = {"reference": "INQ-ANA", "status": "open", "answer_due_at": "2026-11-30T10:30:00Z"}
    await portal.keep("inquiries", {"_id": key, "reference": "INQ-ANA", "stated": stated})

    shown = await browser.get(sent.header("location"))

    assert shown.status == 200
    assert "lunes, 30 de noviembre de 2026 a las 11:30" in shown.body


INQUIRY = "/es/consultas/i-ana"
NOT_SETTLED: dict[str, Any] = {"message": {"es": "Hay contratos en curso.", "en": "In progress."}}


async def test_a_live_conversation_is_all_of_it_at_once(portal: PortalOfFew) -> None:
    await ana_has_something_of_everything(portal)
    browser, queries = await portal.signed_in(ANA), portal.process.portal.queries
    shown, looks = queries.inquiry, 0

    async def and_then_the_process_stops(_self: object, *about: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:  # the first look is whether it is hers
            portal.process.stopping.set()
        return await shown(*about)

    with patch.object(type(queries), "inquiry", and_then_the_process_stops):
        answer = await asyncio.wait_for(browser.get(f"{INQUIRY}/en-vivo"), 30)

    assert answer.header("content-type").startswith("text/event-stream")
    assert answer.body.startswith("data: ")
    assert "El secreto de Ana" in answer.body
    assert looks == 2


async def test_a_message_without_words_is_not_sent(portal: PortalOfFew) -> None:
    await ana_has_something_of_everything(portal)
    before, browser = len(portal.published.events), await portal.signed_in(ANA)
    ticket = (await browser.get(INQUIRY)).ticket

    refused = await browser.post(INQUIRY, {"ticket": ticket, "text": " "})
    closed = await browser.post(INQUIRY, {"ticket": ticket, "text": " ", "act": "close"})

    assert refused.status == 422
    assert 'href="#text"' in refused.body
    assert closed.status == 303
    [event] = portal.published.events[before:]
    assert json.loads(event.value)["close"] is True


async def test_a_message_is_on_its_way_until_it_is_in_the_conversation(portal: PortalOfFew) -> None:
    await ana_has_something_of_everything(portal)
    browser = await portal.signed_in(ANA)
    ticket = (await browser.get(INQUIRY)).ticket
    await browser.post(INQUIRY, {"ticket": ticket, "text": "Una cosa más"})
    [sent] = [
        it
        for it in portal.own.collection("submissions").documents.values()
        if it["about"] == "i-ana"
    ]
    waiting = await browser.get(INQUIRY)
    entry = {"by": "customer", "text": "Una cosa más", "at": NOW, "submission_id": sent["_id"]}
    await portal.keep("inquiries", inquiry("i-ana") | {"entries": [entry]})

    told = await browser.get(INQUIRY)

    assert "En camino" in waiting.body
    assert "En camino" not in told.body
    assert [it.body.count("Una cosa más") for it in (waiting, told)] == [1, 1]


async def test_a_message_that_is_sent_again_otherwise_leads_to_the_conversation(
    portal: PortalOfFew,
) -> None:
    """It opens no inquiry of its own, so a page of its own would wait for a receipt for ever."""
    await ana_has_something_of_everything(portal)
    before, browser = len(portal.published.events), await portal.signed_in(ANA)
    ticket = (await browser.get(INQUIRY)).ticket
    await browser.post(INQUIRY, {"ticket": ticket, "text": "Una cosa más"})

    again = await browser.post(INQUIRY, {"ticket": ticket, "text": "Otra cosa"})

    assert again.header("location") == f"{INQUIRY}?before=1"
    page = (await browser.get(again.header("location"))).body
    assert "Una cosa más" in page
    assert "con otro contenido" in page
    assert len(portal.published.events) == before + 1


async def test_a_close_of_what_is_closed_already_is_not_on_its_way_for_ever(
    portal: PortalOfFew,
) -> None:
    """Two tabs: the desk says once that it is closed, and names the first."""
    await ana_has_something_of_everything(portal)
    browser = await portal.signed_in(ANA)
    tickets = [(await browser.get(INQUIRY)).ticket for _ in range(2)]
    for ticket in tickets:
        await browser.post(INQUIRY, {"ticket": ticket, "text": "", "act": "close"})
    waiting = (await browser.get(INQUIRY)).body
    first = tickets[0].partition(".")[0]
    entry = {"type": InquiryClosed.ce_type, "at": NOW, "submission_id": first}
    closed = inquiry("i-ana") | {"status": "closed", "entries": [entry]}

    await portal.keep("inquiries", closed)
    told = (await browser.get(INQUIRY)).body
    await portal.keep("inquiries", closed | {"status": "open"})
    reopened = (await browser.get(INQUIRY)).body
    key = submission_key(SOURCE, tickets[1].partition(".")[0])
    await portal.keep("inquiries", {"_id": key, "rejected": [NOT_SETTLED]})
    refused = (await browser.get(INQUIRY)).body

    assert waiting.count("En camino") == 2
    assert "En camino" not in told
    assert "En camino" not in reopened
    assert "Hay contratos en curso." in refused
