"""A contract's text is accepted exactly as it was shown; documents are for their holder alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from services.customer_portal.documents import DownloadedDocument
from tests.builders.portal import (
    NOW,
    TEXT,
    TEXT_SHA256,
    Answer,
    Browser,
    PortalOfFew,
    portal_of_few,
)

ANA = "C-ANA"
SHA256 = TEXT_SHA256
PAGE = "/es/contratos/K-1/texto"


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await portal.keep("customers", profile())
        await portal.keep("contracts", contract())
        yield portal


def profile(**other: Any) -> dict[str, Any]:
    said = {"_id": ANA, "customer_id": ANA, "name": "Ana", "email": "ana@example.test"}
    return said | {"registered_at": "2026-01-01T10:00:00Z", "access": True} | other


def contract(**facts: Any) -> dict[str, Any]:
    said = {
        "type": "software_maintenance",
        "title": "Mantenimiento",
        "starts_on": "2025-01-01",
        "auto_renewal": True,
        "status": "active",
        "text": {"document_id": "text-1", "version": 1, "sha256": SHA256, "approved": True},
    }
    return {"_id": "K-1", "customer_id": ANA, "facts": said | facts}


async def accept(browser: Browser, page: Answer, **other: str) -> Answer:
    fields = {"ticket": page.ticket, "text_sha256": SHA256, "read": "yes", "signed_by": "Ana"}
    return await browser.post(PAGE, fields | other)


async def test_the_text_that_was_shown_is_the_text_that_is_accepted(portal: PortalOfFew) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get(PAGE)
    assert TEXT.decode() in page.body
    assert SHA256 in page.body

    assert (await accept(ana, page)).status == 303

    [event] = portal.published.events
    data = json.loads(event.value)
    assert event.type == "submission.contract_acceptance.v1"
    assert data["text_sha256"] == SHA256
    assert data["signed_by"] == "Ana"
    assert data["authentication"]["method"] == "one_time_code_by_mail"
    assert data["authentication"]["level"] == "low"
    assert datetime.fromisoformat(data["authentication"]["at"]) == NOW
    newer = {"document_id": "text-2", "version": 2, "sha256": "0" * 64, "approved": True}
    await portal.keep("contracts", contract(text=newer))
    assert (await accept(ana, page)).header("location").startswith("/es/envios/")
    assert len([it for it in portal.published.events if it.type == event.type]) == 1


async def test_a_text_that_changed_meanwhile_is_shown_again_and_not_accepted(
    portal: PortalOfFew,
) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get(PAGE)
    newer = b"Otro texto\n"
    portal.archive.kept["text-2"] = DownloadedDocument(
        newer, "text/plain", hashlib.sha256(newer).hexdigest()
    )
    text = {"document_id": "text-2", "version": 2, "approved": True}
    text |= {"sha256": hashlib.sha256(newer).hexdigest()}
    await portal.keep("contracts", contract(text=text))

    answer = await accept(ana, page)

    assert answer.status == 422
    assert "El texto ha cambiado desde que lo abrió" in answer.body
    assert "Otro texto" in answer.body
    assert portal.published.events == []


async def test_bytes_of_another_hash_are_neither_shown_nor_accepted(portal: PortalOfFew) -> None:
    other = b"Otra cosa\n"
    portal.archive.kept["text-1"] = DownloadedDocument(
        other, "text/plain", hashlib.sha256(other).hexdigest()
    )
    ana = await portal.signed_in(ANA)

    page = await ana.get(PAGE)

    assert "Otra cosa" not in page.body
    assert "El texto no se puede mostrar" in page.body
    assert 'name="text_sha256"' not in page.body


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"read": ""}, ["read"]),
        ({"signed_by": " "}, ["signed_by"]),
        ({"read": "", "signed_by": ""}, ["read", "signed_by"]),
    ],
)
async def test_an_acceptance_needs_a_tick_and_a_name(
    portal: PortalOfFew, fields: dict[str, str], faults: list[str]
) -> None:
    ana = await portal.signed_in(ANA)

    answer = await accept(ana, await ana.get(PAGE), **fields)

    assert answer.status == 422
    for fault in faults:
        assert f'href="#{fault}"' in answer.body
    assert portal.published.events == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"text": contract()["facts"]["text"] | {"approved": False}},
            "Podrá aceptarlo cuando lo hayamos aprobado",
        ),
        ({"status": "ended"}, "ya no se puede aceptar"),
        (
            {"accepted": {"document_id": "certificate", "text_sha256": SHA256}},
            "Usted ha aceptado este texto",
        ),
    ],
    ids=["not approved", "over", "accepted"],
)
async def test_what_cannot_be_accepted_says_why(
    portal: PortalOfFew, facts: dict[str, Any], said: str
) -> None:
    await portal.keep("contracts", contract(**facts))
    ana = await portal.signed_in(ANA)

    page = await ana.get(PAGE)

    assert said in page.body
    assert TEXT.decode() in page.body
    assert 'name="text_sha256"' not in page.body


async def test_reading_a_text_is_reported_once_a_session(portal: PortalOfFew) -> None:
    ana = await portal.signed_in(ANA)
    for path in (PAGE, PAGE, "/en/contracts/K-1/text"):
        assert (await ana.get(path)).status == 200

    [view] = portal.own.collection("submissions").documents.values()

    assert view["type"] == "submission.contract_viewed.v1"
    assert view["data"]["document_id"] == "text-1"
    assert view["state"] == "sending", "the relay publishes it: reading waits for no broker"


async def test_a_text_that_the_archive_does_not_give_is_not_reported_as_read(
    portal: PortalOfFew,
) -> None:
    portal.archive.silent = True
    ana = await portal.signed_in(ANA)

    page = await ana.get(PAGE)

    assert page.status == 200
    assert "El texto no se puede mostrar" in page.body
    assert not portal.own.collection("submissions").documents


async def test_a_download_is_an_attachment_that_no_browser_runs(portal: PortalOfFew) -> None:
    portal.archive.kept["copy"] = DownloadedDocument(b"%PDF", "application/pdf", "")
    ana = await portal.signed_in(ANA)

    answer = await ana.get("/es/contratos/K-1/documentos/copy")

    assert answer.status == 200
    assert answer.header("content-disposition") == 'attachment; filename="K-1.pdf"'
    assert answer.header("content-security-policy").startswith("sandbox")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("cache-control") == "private, no-store"
    assert portal.archive.asked == [(ANA, "K-1", "copy")]
    assert (await ana.get("/es/contratos/K-1/documentos/nothing")).status == 404
    portal.archive.silent = True
    assert (await ana.get("/es/contratos/K-1/documentos/copy")).status == 503


async def test_without_access_no_document_is_asked_for(portal: PortalOfFew) -> None:
    await portal.keep("customers", profile(access=False))
    ana = await portal.signed_in(ANA)

    for path in (PAGE, "/es/contratos/K-1/documentos/text-1", "/es/contratos/K-1/copia"):
        assert (await ana.get(path)).status == 404
    assert portal.archive.asked == []


async def test_a_copy_is_asked_for_and_shown_until_it_expires(portal: PortalOfFew) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get("/es/contratos/K-1/copia")

    sent = await ana.post("/es/contratos/K-1/copia", {"ticket": page.ticket})

    assert sent.status == 303
    [event] = portal.published.events
    assert event.type == "submission.contract_copy.v1"
    assert json.loads(event.value)["contract_number"] == "K-1"
    copies = [copy("old", ANA, "2026-11-27T09:59:59Z"), copy("theirs", "C-BEA"), copy("new", ANA)]
    await portal.keep("contracts", contract() | {"copies": copies})
    shown = (await ana.get("/es/contratos/K-1")).body
    assert "/es/contratos/K-1/documentos/new" in shown
    assert "documentos/old" not in shown
    assert "documentos/theirs" not in shown


def copy(document_id: str, customer_id: str, until: str = "2026-12-27T10:00:00Z") -> dict[str, str]:
    return {"document_id": document_id, "customer_id": customer_id, "available_until": until}


async def test_an_activation_names_every_fault_and_keeps_no_code(portal: PortalOfFew) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get("/es/activar?contract=SP-1")
    assert 'value="SP-1"' in page.body

    faulty = await ana.post("/es/activar", {"ticket": page.ticket})
    assert faulty.status == 422
    for name in ("contract_number", "activation_code"):
        assert f'href="#{name}"' in faulty.body
    fields = {"contract_number": "SP-1", "activation_code": "KEY-7QX2"}
    sent = await ana.post("/es/activar", fields | {"ticket": faulty.ticket})

    assert sent.status == 303
    [event] = portal.published.events
    assert json.loads(event.value)["activation_code"] == "KEY-7QX2"
    [kept] = portal.own.collection("submissions").documents.values()
    assert "KEY-7QX2" not in repr(kept)
    assert "KEY-7QX2" not in (await ana.get(sent.header("location"))).body
