"""The page of what was sent changes until all has come, in whatever order topics are read (F4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.customer_portal.outbox import SOURCE
from services.customer_portal.pages.sent import CONFIRMATION
from services.customer_portal.projections import FORGOTTEN, submission_key
from shared.events.inquiries import InquiryProgressed, InquiryResolved
from tests.builders.portal import Browser, PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import ANA, contract, profile

COPY, CANCEL, PROFILE = "/es/contratos/K-1/copia", "/es/cancelar", "/es/perfil"
MAILED: dict[str, Any] = {"mails": {"m-1": [CONFIRMATION, True]}}
OPEN: dict[str, Any] = {
    "customer_id": ANA,
    "reference": "INQ-1",
    "opened": True,
    "status": "open",
    "contact": {"email": "ana@example.test"},
    "answer_due_at": "2026-11-30T10:00:00Z",
}
CLOSED = OPEN | {"status": "closed"}
STATED: dict[str, Any] = {
    "customer_id": ANA,
    "reference": "INQ-1",
    "stated": {"status": "closed", "answer_due_at": "2026-11-30T10:00:00Z"},
}
DOCUMENT: dict[str, Any] = {
    "document": {"document_id": "d-1", "contract_number": "K-1"},
}


def progress(status: str, number: str | None = None) -> dict[str, Any]:
    note = {"es": f"Nota: {status}", "en": f"Note: {status}"}
    entry = {"type": InquiryProgressed.ce_type, "status": status, "note": note}
    return entry | ({"contract_number": number} if number else {})


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        for number in ("K-1", "K-2"):
            kept = contract(number)
            kept["facts"]["status"], kept["cancellation"] = "active", {"status": "none"}
            await portal.keep("contracts", kept)
        yield portal


@pytest.fixture
async def ana(portal: PortalOfFew) -> Browser:
    return await portal.signed_in(ANA)


async def sent(browser: Browser, path: str, **fields: Any) -> str:
    """Sends a form; where its answer appears."""
    ticket = (await browser.get(path)).ticket
    answer = await browser.post(path, {"ticket": ticket} | fields)
    assert answer.status == 303, answer.body
    return answer.header("location")


async def answered(portal: PortalOfFew, path: str, *parts: dict[str, Any]) -> None:
    """The projection has read so much of the answer to it."""
    found: dict[str, Any] = {"_id": submission_key(SOURCE, path.rpartition("/")[2])}
    for part in parts:
        found |= part
    await portal.keep("inquiries", found)


async def is_live(browser: Browser, path: str) -> bool:
    return "hx-sse:connect" in (await browser.get(path)).body


async def test_a_state_that_is_read_before_the_decision_ends_nothing(
    portal: PortalOfFew, ana: Browser
) -> None:
    path = await sent(ana, COPY)
    await answered(portal, path, STATED, MAILED)
    before = await is_live(ana, path)

    told = {"entries": [progress("copy_denied", "K-1")]}
    await answered(portal, path, STATED, CLOSED, MAILED, told)

    assert before
    assert not await is_live(ana, path)


@pytest.mark.parametrize("status", ["copy_ready", "accepted"])
async def test_a_document_that_the_inquiry_speaks_of_is_waited_for(
    portal: PortalOfFew, ana: Browser, status: str
) -> None:
    path = await sent(ana, COPY)
    told = CLOSED | {"entries": [progress(status, "K-1")]}
    await answered(portal, path, told, MAILED)
    before = await is_live(ana, path)

    await answered(portal, path, told, MAILED, DOCUMENT)

    assert before
    page = (await ana.get(path)).body
    assert "hx-sse:connect" not in page
    assert "/contratos/K-1/documentos/d-1" in page


async def test_each_contract_is_waited_for_however_much_is_said_of_another(
    portal: PortalOfFew, ana: Browser
) -> None:
    chosen = {"contract": ["K-1", "K-2"], "name": "Ana", "email": "ana@example.test"}
    path = await sent(ana, CANCEL, act="send", **chosen)
    of_one = [progress("evidence_awaited", "K-1"), progress("scheduled", "K-1")]
    await answered(portal, path, OPEN, MAILED, {"entries": of_one})
    before = (await ana.get(path)).body

    of_both = [*of_one, progress("referred", "K-2")]
    await answered(portal, path, OPEN, MAILED, {"entries": of_both})

    assert "Decidiéndose" in before
    assert "hx-sse:connect" in before
    assert not await is_live(ana, path)


async def test_a_note_on_a_mail_is_no_decision_on_a_profile(
    portal: PortalOfFew, ana: Browser
) -> None:
    given = profile(ANA, "ana@example.test") | {"country": "ES", "language": "es", "phone": "601"}
    fields = {it: given[it] for it in ("name", "email", "company", "country", "language")}
    path = await sent(ana, PROFILE, **fields, phone="+34 600 000 001")
    failed = progress("notification_failed")
    await answered(portal, path, OPEN, MAILED, {"entries": [failed]})
    before = await is_live(ana, path)

    decided = [failed, progress("profile_updated"), {"type": InquiryResolved.ce_type}]
    await answered(portal, path, CLOSED, MAILED, {"entries": decided})
    after = await is_live(ana, path)
    await answered(portal, path, OPEN, MAILED, {"entries": decided})

    assert before
    assert not after
    assert not await is_live(ana, path), "opened again, it was decided all the same"


async def test_a_confirmation_that_cannot_be_sent_is_not_waited_for(
    portal: PortalOfFew, ana: Browser
) -> None:
    fields = {"subject": "Algo", "text": "¿Cómo va?"}
    path = await sent(ana, "/es/contacto/contratos", **fields)
    await answered(portal, path, OPEN, {"mails": {"m-1": [CONFIRMATION, False]}})

    page = (await ana.get(path)).body

    assert "hx-sse:connect" not in page
    assert "No hemos podido enviar la confirmación a a•••@example.test" in page
    assert "Abrir esta consulta" in page


@pytest.mark.parametrize(
    ("until", "is_offered"),
    [(None, True), ("2026-11-27T10:00:00Z", True), ("2026-11-27T09:59:59Z", False)],
)
async def test_a_document_is_offered_for_as_long_as_the_archive_hands_it_out(
    portal: PortalOfFew, ana: Browser, until: str | None, is_offered: bool
) -> None:
    path = await sent(ana, COPY)
    made: dict[str, Any] = DOCUMENT["document"] | ({"available_until": until} if until else {})
    listed = {"kind": "contract_copy", "opened_at": "2026-11-20T10:00:00Z", "document": made}
    await answered(portal, path, CLOSED, MAILED, listed)
    [kept] = portal.views.collection("inquiries_1").documents

    for page in (path, f"/es/consultas/{kept}"):
        body = (await ana.get(page)).body
        assert ("/contratos/K-1/documentos/d-1" in body) is is_offered
        assert (
            "Pudo descargarse hasta el 27 de noviembre de 2026, 10:59" in body
        ) is not is_offered


async def test_what_was_erased_is_not_waited_for(portal: PortalOfFew) -> None:
    """A visitor has no session that would end with it."""
    visitor = Browser(portal)
    fields = {"subject": "Algo", "text": "¿Cómo va?", "name": "Eva", "email": "eva@example.test"}
    path = await sent(visitor, "/es/contacto/contratos", **fields)
    await answered(portal, path, {FORGOTTEN: True})

    page = (await visitor.get(path)).body

    assert "Hemos borrado los datos de esta solicitud" in page
    assert "hx-sse:connect" not in page
    assert "Esperando" not in page
    assert "Tenemos su solicitud" not in page
