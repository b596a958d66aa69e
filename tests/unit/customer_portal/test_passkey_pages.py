"""A customer adds a passkey, signs in with it and removes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.customer_portal.projections import FORGOTTEN
from shared.events.values import Language
from shared.web.passkey_pages import SIGNED_IN_WITHIN
from shared.web.passkeys import Passkey
from shared.web.sign_in_mail import PASSKEY_ADDED, PASSKEY_REMOVED, sign_in_mail
from tests.builders.passkeys import SoftAuthenticator
from tests.builders.portal import COOKIE, NOW, TEXT_SHA256, Answer, Browser, PortalOfFew
from tests.builders.portal import portal_of_few as few
from tests.unit.customer_portal.test_pages import ANA, BEA, contract, profile

OWN, SIGN_IN = "/es/perfil/llaves", "/es/entrar/llave"


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with few() as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        await portal.keep("customers", profile(BEA, "bea@example.test"))
        yield portal


async def added(portal: PortalOfFew, ana: Browser) -> SoftAuthenticator:
    device = SoftAuthenticator()
    ticket = (await ana.get(OWN)).ticket
    options = await ana.post(OWN, {"ticket": ticket, "act": "options"})
    assert options.header("content-type") == "application/json"
    made = {"ticket": ticket, "response": device.create(options.body), "name": "Portátil"}
    assert (await ana.post(OWN, made)).header("location") == OWN
    return device


async def signed_in_with(device: SoftAuthenticator, browser: Browser, after: str = "") -> Answer:
    ticket = (await browser.get("/es/entrar")).ticket
    options = await browser.post(SIGN_IN, {"ticket": ticket, "act": "options"})
    fields = {"ticket": ticket, "response": device.get(options.body), "next": after}
    return await browser.post(SIGN_IN, fields)


async def keys_of(portal: PortalOfFew, customer: str = ANA) -> list[Passkey]:
    return await portal.process.portal.passkeys.of(customer)


async def test_a_passkey_signs_in_under_another_id_and_is_told_by_mail(portal: PortalOfFew) -> None:
    device = await added(portal, await portal.signed_in(ANA))
    [(language, address, words, said)] = portal.told
    assert (language, address, words) == (Language.ES, "ana@example.test", PASSKEY_ADDED)
    settings = portal.process.settings
    mail = sign_in_mail(settings, language, address, words, said).get_content()
    assert "Portátil" in mail
    assert "27 de noviembre de 2026" in mail

    browser = Browser(portal)
    await browser.get("/es/entrar")
    before = browser.cookies[COOKIE]
    answer = await signed_in_with(device, browser, "/es/contratos")

    assert (answer.status, answer.header("location")) == (303, "/es/contratos")
    assert browser.cookies[COOKIE] != before
    assert "usada por última vez" in (await browser.get(OWN)).body
    assert (await browser.get(SIGN_IN)).header("location") == "/es/consultas"


async def test_an_acceptance_says_that_a_passkey_signed_in(portal: PortalOfFew) -> None:
    await portal.keep("contracts", contract("K-ANA") | {"cancellation": {}})
    device = await added(portal, await portal.signed_in(ANA))
    browser = Browser(portal)
    await signed_in_with(device, browser)
    page = await browser.get("/es/contratos/K-ANA/texto")
    fields = {"ticket": page.ticket, "text_sha256": TEXT_SHA256, "read": "yes", "signed_by": "Ana"}

    assert (await browser.post("/es/contratos/K-ANA/texto", fields)).status == 303

    said = json.loads(portal.published.events[-1].value)["authentication"]
    assert (said["method"], said["level"]) == ("passkey", "low"), "added after a code by mail"


async def test_a_browser_that_signed_in_long_ago_adds_no_passkey_until_it_signs_in_again(
    portal: PortalOfFew,
) -> None:
    ana, device = await portal.signed_in(ANA), SoftAuthenticator()
    ticket = (await ana.get(OWN)).ticket
    options = await ana.post(OWN, {"ticket": ticket, "act": "options"})
    [session] = portal.own.collection("sessions").documents.values()
    session["signed_in_at"] -= SIGNED_IN_WITHIN + timedelta(seconds=1)

    page = await ana.get(OWN)
    made = {"ticket": page.ticket, "response": device.create(options.body)}
    assert "data-passkey" not in page.body
    assert (await ana.post(OWN, {"ticket": page.ticket, "act": "options"})).status == 422
    assert (await ana.post(OWN, made)).status == 422
    assert await keys_of(portal) == []

    again = await ana.post(OWN, {"ticket": page.ticket, "act": "again"})

    assert again.header("location") == "/es/entrar?next=%2Fes%2Fperfil%2Fllaves"
    assert (await ana.get(OWN)).status == 303


async def test_a_removed_passkey_leaves_nobody_signed_in_elsewhere(portal: PortalOfFew) -> None:
    ana, thief = await portal.signed_in(ANA), Browser(portal)
    bea = await portal.signed_in(BEA)
    await signed_in_with(await added(portal, ana), thief)
    assert (await thief.get("/es/consultas")).status == 200
    [kept] = await keys_of(portal)
    page = f"{OWN}/{kept.id}"

    await ana.post(page, {"ticket": (await ana.get(page)).ticket})

    assert (await thief.get("/es/consultas")).status == 303
    assert (await ana.get("/es/consultas")).status == 200
    assert (await bea.get("/es/consultas")).status == 200


async def test_a_customer_ends_all_sessions_at_once(portal: PortalOfFew) -> None:
    here, there, bea = [await portal.signed_in(who) for who in (ANA, ANA, BEA)]
    page = await here.get("/es/perfil")
    assert 'name="everywhere"' in page.body

    await here.post("/es/salir", {"ticket": page.ticket, "everywhere": "yes"})

    assert [(await it.get("/es/consultas")).status for it in (here, there, bea)] == [303, 303, 200]


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example/es/contratos", "/es"])
async def test_a_passkey_leads_to_no_other_site(portal: PortalOfFew, after: str) -> None:
    device = await added(portal, await portal.signed_in(ANA))

    answer = await signed_in_with(device, Browser(portal), after)

    assert answer.header("location") == "/es/consultas"


async def test_an_answer_to_another_browsers_challenge_signs_nobody_in(portal: PortalOfFew) -> None:
    device = await added(portal, await portal.signed_in(ANA))
    victim, attacker = Browser(portal), Browser(portal)
    theirs = (await attacker.get("/es/entrar")).ticket
    options = await attacker.post(SIGN_IN, {"ticket": theirs, "act": "options"})
    ticket = (await victim.get("/es/entrar")).ticket

    answer = await victim.post(SIGN_IN, {"ticket": ticket, "response": device.get(options.body)})

    assert answer.status == 422
    assert "No conocemos esta llave de acceso" in answer.body
    assert (await victim.get("/es/consultas")).status == 303


async def test_the_customer_removes_it_and_is_told(portal: PortalOfFew) -> None:
    ana, bea = await portal.signed_in(ANA), await portal.signed_in(BEA)
    device = await added(portal, ana)
    [kept] = await keys_of(portal)
    page = f"{OWN}/{kept.id}"
    theirs = (await bea.get(OWN)).ticket
    assert (await bea.post(page, {"ticket": theirs})).status == 404

    ticket = (await ana.get(page)).ticket
    assert (await ana.post(page, {"ticket": ticket})).header("location") == OWN

    assert await keys_of(portal) == []
    assert portal.told[-1][1:3] == ("ana@example.test", PASSKEY_REMOVED)
    assert (await ana.post(page, {"ticket": ticket})).status == 404
    assert (await signed_in_with(device, Browser(portal))).status == 422


async def test_whom_the_desk_forgot_has_no_passkey_any_more(portal: PortalOfFew) -> None:
    device = await added(portal, await portal.signed_in(ANA))
    await portal.keep("customers", {"_id": ANA, FORGOTTEN: True})

    assert (await signed_in_with(device, Browser(portal))).status == 422
    assert await keys_of(portal) == []


async def test_without_an_address_that_browsers_know_passkeys_of_there_are_none() -> None:
    with few(public_url="http://192.0.2.1:8080") as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        ana, nobody = await portal.signed_in(ANA), Browser(portal)

        assert "data-passkey" not in (await nobody.get("/es/entrar")).body
        assert OWN not in (await ana.get("/es/perfil")).body
        assert (await ana.get(OWN)).status == 404
        ticket = (await nobody.get("/es/entrar")).ticket
        assert (await nobody.post(SIGN_IN, {"ticket": ticket})).header("location") == "/es/entrar"


async def test_sessions_of_the_release_before_began_with_a_code(portal: PortalOfFew) -> None:
    ana = await portal.signed_in(ANA)
    [kept] = portal.own.collection("sessions").documents.values()
    del kept["by"]

    session = await portal.process.portal.sessions.read(ana.cookies[COOKIE])

    assert (session.by.method, session.by.level) == ("one_time_code_by_mail", "low")
    assert session.signed_in_at == NOW


async def test_who_is_registered_no_more_has_no_page_of_passkeys_and_signs_in_with_none(
    portal: PortalOfFew,
) -> None:
    ana = await portal.signed_in(ANA)
    device = await added(portal, ana)
    await portal.keep("customers", {"_id": ANA, "customer_id": ANA})

    assert (await ana.get(OWN)).status == 404
    assert (await signed_in_with(device, Browser(portal))).status == 422
    assert len(await keys_of(portal)) == 1, "it counts again if he registers again"
