"""The profile and its consents; following by reference; customers whom the desk has forgotten."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.customer_portal.followed import FOR
from tests.builders.portal import NOW, Answer, Browser, PortalOfFew, portal_of_few

ANA = "C-ANA"
CONSENT = "/es/perfil/consentimientos/store_and_contact"
DETAILS = {
    "name": "Ana",
    "email": "ana@example.test",
    "phone": "+34 600 000 000",
    "company": "Empresa",
    "country": "ES",
    "language": "en",
}
GIVEN = {
    "purpose": "store_and_contact",
    "wording_version": "1",
    "given_at": "2026-01-01T10:00:00Z",
}


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        await portal.keep("customers", profile())
        yield portal


def profile(**other: Any) -> dict[str, Any]:
    said = {"_id": ANA, "customer_id": ANA, "address": DETAILS["email"], "access": True}
    return DETAILS | said | {"registered_at": "2026-01-01T10:00:00Z", "consents": [GIVEN]} | other


def inquiry(number: int = 1, **other: Any) -> dict[str, Any]:
    said = {
        "_id": f"i-{number}",
        "customer_id": ANA,
        "reference": f"INQ-{number}",
        "opened": True,
        "status": "open",
        "standing": "open",
        "kind": "inquiry",
        "subject": f"Asunto {number}",
        "opened_at": f"2026-11-{number % 28 + 1:02}T10:00:00Z",
        "listed_at": f"2026-11-{number % 28 + 1:02}T10:00:00Z",
        "answer_due_at": "2026-11-30T10:00:00Z",
        "contact": {"email": "Lucia@example.test", "name": "Lucía Gómez"},
        "entries": [
            {"by": "agent", "text": "Un secreto", "at": "2026-11-27T10:00:00Z", "note": None}
        ],
    }
    return said | other


async def change(browser: Browser, page: Answer, **fields: str) -> Answer:
    return await browser.post("/es/perfil", DETAILS | {"ticket": page.ticket} | fields)


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"phone": "+34 611 111 111"}, {"phone": "+34 611 111 111", "language": "en"}),
        ({"email": "new@example.test"}, {"email": "new@example.test", "language": "en"}),
        ({"language": "es"}, {"language": "es"}),
    ],
)
async def test_what_differs_of_the_profile_is_sent_and_nothing_else(
    portal: PortalOfFew, fields: dict[str, str], sent: dict[str, str]
) -> None:
    ana = await portal.signed_in(ANA)

    assert (await change(ana, await ana.get("/es/perfil"), **fields)).status == 303

    [event] = portal.published.events
    data = json.loads(event.value)
    assert event.type == "submission.profile_update.v1"
    assert {name: data[name] for name in DETAILS if data.get(name) is not None} == sent


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, ["name"]),
        ({"name": "", "phone": " "}, ["name", "phone"]),
        ({"email": "nobody", "phone": "x"}, ["email", "phone"]),
        ({"country": "XX"}, ["country"]),
        ({"language": "fr"}, ["language"]),
    ],
)
async def test_every_fault_of_a_changed_profile_is_shown_at_once(
    portal: PortalOfFew, fields: dict[str, str], faults: list[str]
) -> None:
    ana = await portal.signed_in(ANA)

    answer = await change(ana, await ana.get("/es/perfil"), **fields)

    assert answer.status == 422
    for fault in faults:
        assert f'href="#{fault}"' in answer.body
    assert portal.published.events == []


async def test_a_consent_is_taken_back_by_itself(portal: PortalOfFew) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get(CONSENT)
    assert "cancelaciones en curso continúan" in page.body

    assert (await ana.post(CONSENT, {"ticket": page.ticket})).status == 303

    [event] = portal.published.events
    data = json.loads(event.value)
    assert event.type == "submission.consent_withdrawal.v1"
    assert data["purpose"] == "store_and_contact"
    assert data["withdrawn_at"] == data["received_at"]


@pytest.mark.parametrize("consents", [[], [GIVEN | {"withdrawn_at": "2026-02-01T10:00:00Z"}]])
async def test_a_consent_that_is_not_in_force_cannot_be_taken_back(
    portal: PortalOfFew, consents: list[dict[str, str]]
) -> None:
    await portal.keep("customers", profile(consents=consents))
    ana = await portal.signed_in(ANA)

    assert (await ana.get(CONSENT)).status == 404
    assert CONSENT not in (await ana.get("/es/perfil")).body


async def test_who_was_forgotten_is_signed_out_of_every_browser(portal: PortalOfFew) -> None:
    browsers = [await portal.signed_in(ANA) for _ in range(2)]
    assert (await browsers[0].get("/es/perfil")).status == 200
    await portal.keep("customers", {"_id": ANA, "forgotten": True})

    assert (await browsers[0].get("/es/consultas")).status == 303

    assert not portal.own.collection("sessions").documents
    assert "/es/salir" not in (await browsers[1].get("/es")).body


async def ask(browser: Browser, reference: str, address: str) -> Answer:
    page = await browser.get("/es/seguir")
    fields = {"ticket": page.ticket, "reference": reference, "email": address}
    return await browser.post("/es/seguir", fields)


async def enter(browser: Browser, code: str) -> Answer:
    page = await browser.get("/es/seguir/codigo")
    return await browser.post("/es/seguir/codigo", {"ticket": page.ticket, "code": code})


@pytest.mark.parametrize("address", ["lucia@example.test", "ana@example.test"])
async def test_who_reads_the_contacts_mail_sees_how_far_it_is_and_nothing_personal(
    portal: PortalOfFew, address: str
) -> None:
    await portal.keep("inquiries", inquiry())
    browser = Browser(portal)

    assert (await ask(browser, " inq-1 ", address)).status == 303
    [(_, mailed, code)] = portal.mailed
    answer = await enter(browser, code)

    assert mailed == address
    assert answer.header("location") == "/es/seguir/estado"
    shown = await browser.get("/es/seguir/estado")
    assert "INQ-1" in shown.body
    assert "En curso" in shown.body
    for personal in ("Lucía", "Asunto", "secreto", "example.test", ANA):
        assert personal not in shown.body
    assert (await Browser(portal).get("/es/seguir/estado")).status == 303


@pytest.mark.parametrize(
    ("reference", "address"),
    [("INQ-2", "lucia@example.test"), ("INQ-1", "somebody@example.test")],
)
async def test_a_reference_and_an_address_that_do_not_belong_together_look_the_same(
    portal: PortalOfFew, reference: str, address: str
) -> None:
    await portal.keep("inquiries", inquiry())
    known, unknown = Browser(portal), Browser(portal)
    right = await ask(known, "INQ-1", "lucia@example.test")

    wrong = await ask(unknown, reference, address)

    assert (wrong.status, wrong.header("location")) == (right.status, right.header("location"))
    assert [it for _, it, _ in portal.mailed] == ["lucia@example.test"]
    code = portal.mailed[0][2]
    assert (await enter(unknown, code)).status == 422


@pytest.mark.parametrize("typed", ["inq-8f78j-xe4v0-q", "INQ 8F78J XE4VO Q", "8f78jxe4v0q"])
async def test_a_reference_is_found_however_a_person_types_it(
    portal: PortalOfFew, typed: str
) -> None:
    await portal.keep("inquiries", inquiry() | {"reference": "INQ-8F78J-XE4V0-Q"})

    await ask(Browser(portal), typed, "lucia@example.test")

    assert len(portal.mailed) == 1


@pytest.mark.parametrize("reference", ["", " ", "\u200b\u2060", "INQ-" + "1" * 64])
async def test_what_can_be_no_reference_is_said_with_every_other_fault_and_mails_nothing(
    portal: PortalOfFew, reference: str
) -> None:
    answer = await ask(Browser(portal), reference, "nowhere")

    assert answer.status == 422
    assert "Escriba la referencia" in answer.body
    assert "Escriba la dirección de correo" in answer.body
    assert not portal.mailed


async def test_a_code_for_following_is_asked_for_where_none_was_mailed(portal: PortalOfFew) -> None:
    answer = await Browser(portal).get("/es/seguir/codigo")

    assert answer.header("location") == "/es/seguir"


async def test_who_is_signed_in_stays_so_while_following_another_inquiry(
    portal: PortalOfFew,
) -> None:
    await portal.keep("inquiries", inquiry())
    ana = await portal.signed_in(ANA)

    await ask(ana, "INQ-1", "lucia@example.test")
    await enter(ana, portal.mailed[0][2])

    assert "INQ-1" in (await ana.get("/es/seguir/estado")).body
    assert (await ana.get("/es/consultas")).status == 200


async def test_an_inquiry_that_is_forgotten_while_it_is_followed_shows_nothing(
    portal: PortalOfFew,
) -> None:
    await portal.keep("inquiries", inquiry())
    browser = Browser(portal)
    await ask(browser, "INQ-1", "ana@example.test")
    await enter(browser, portal.mailed[0][2])
    portal.views.collection("inquiries_1").documents.clear()

    assert (await browser.get("/es/seguir/estado")).header("location") == "/es/seguir"


async def test_a_code_to_follow_signs_nobody_in(portal: PortalOfFew) -> None:
    await portal.keep("inquiries", inquiry())
    browser = Browser(portal)
    await ask(browser, "INQ-1", "ana@example.test")
    code = portal.mailed[0][2]
    page = await browser.get("/es/entrar")

    answer = await browser.post("/es/entrar/codigo", {"ticket": page.ticket, "code": code})

    assert answer.status == 422
    assert not portal.own.collection("sessions").documents


async def test_what_was_opened_by_a_code_closes_by_itself(portal: PortalOfFew) -> None:
    await portal.keep("inquiries", inquiry())
    browser = Browser(portal)
    await ask(browser, "INQ-1", "ana@example.test")
    await enter(browser, portal.mailed[0][2])
    [kept] = portal.own.collection("followed").documents.values()
    assert kept["until"] == NOW + FOR

    kept["until"] = NOW

    assert (await browser.get("/es/seguir/estado")).header("location") == "/es/seguir"


async def test_a_long_list_of_inquiries_has_pages(portal: PortalOfFew) -> None:
    for number in range(60):
        at = f"2026-11-27T10:{number:02}:00Z"
        await portal.keep("inquiries", inquiry(number, listed_at=at, opened_at=at))
    await portal.keep("inquiries", {"_id": "answer", "customer_id": ANA})
    ana = await portal.signed_in(ANA)

    first = (await ana.get("/es/consultas")).body
    second = (await ana.get("/es/consultas?from=50")).body

    assert "Asunto 59<" in first
    assert "Asunto 10<" in first
    assert "Asunto 9<" not in first
    assert "?from=50" in first
    assert "Asunto 9<" in second
    assert "Asunto 10<" not in second
    assert "?from=100" not in second
    closed = (await ana.get("/es/consultas?status=closed")).body
    assert "Asunto" not in closed
