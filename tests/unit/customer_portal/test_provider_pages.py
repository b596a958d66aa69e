"""A customer signs in with the company's provider, and nobody else does by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from services.customer_portal.pages.provider import JOURNEYS_OF_ONE_CLIENT
from shared.web.sessions import SignIn
from tests.builders.openid_provider import CLIENT, SECRET, Provider, provider
from tests.builders.portal import COOKIE, NOW, Answer, Browser, PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import ANA, BEA, profile
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of

BEGIN, BACK = "/es/entrar/proveedor", "/es/entrar/proveedor/vuelta"
VERIFIED = {"email": "ana@example.test", "email_verified": True}


@pytest.fixture
async def at() -> AsyncIterator[Provider]:
    async with provider() as made:
        made.now = NOW.timestamp
        made.claims = dict(VERIFIED)
        yield made


def settings(at: Provider, **more: Any) -> dict[str, Any]:
    secret = SecretStr(SECRET)
    said = {"oidc_issuer": at.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": secret}
    return said | {"oidc_name": "Empresa"} | more


@pytest.fixture
async def portal(at: Provider) -> AsyncIterator[PortalOfFew]:
    with portal_of_few(**settings(at)) as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        await portal.keep("customers", profile(BEA, "bea@example.test"))
        yield portal


async def brought_back(at: Provider, browser: Browser, after: str = "", **changed: str) -> Answer:
    begun = await browser.get(f"{BEGIN}?{urlencode({'next': after})}")
    assert begun.status == 303
    said = at.authorize(begun.header("location")) | changed
    return await browser.get(f"{BACK}?{urlencode(said)}")


async def who(portal: PortalOfFew, browser: Browser) -> tuple[str | None, SignIn]:
    session = await portal.process.portal.sessions.read(browser.cookies.get(COOKIE))
    return (session.holder.customer_id if session.holder else None), session.by


async def test_a_verified_address_signs_in_under_another_id(
    portal: PortalOfFew, at: Provider
) -> None:
    at.claims |= {"acr": "2", "amr": ["pwd", "otp"]}
    browser = Browser(portal)
    assert "Entrar con Empresa" in (await browser.get("/es/entrar")).body
    before = browser.cookies[COOKIE]

    answer = await brought_back(at, browser, "/es/contratos")

    assert (answer.status, answer.header("location")) == (303, "/es/contratos")
    assert browser.cookies[COOKIE] != before
    assert await who(portal, browser) == (ANA, SignIn("openid_connect+pwd+otp", "2"))


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email": "nobody@example.test"},
        {"email": None},
    ],
)
async def test_an_address_that_is_not_verified_or_not_registered_signs_nobody_in(
    portal: PortalOfFew, at: Provider, claims: dict[str, Any]
) -> None:
    at.claims |= claims
    browser = Browser(portal)

    answer = await brought_back(at, browser)

    assert answer.status == 403
    assert "no encontramos ningún registro suyo" in answer.body
    assert (await who(portal, browser))[0] is None


@pytest.mark.parametrize(
    ("named", "signed_in"), [(BEA, BEA), ("C-NOBODY", None), ("", None), (7, None), (None, None)]
)
async def test_the_claim_that_is_set_decides_alone(
    at: Provider, named: object, signed_in: str | None
) -> None:
    at.claims |= {"desk": {"customer": named}}
    with portal_of_few(**settings(at, oidc_customer_claim="desk.customer")) as portal:
        await portal.keep("customers", profile(ANA, "ana@example.test"))
        await portal.keep("customers", profile(BEA, "bea@example.test"))
        browser = Browser(portal)

        await brought_back(at, browser)

        assert (await who(portal, browser))[0] == signed_in


@pytest.mark.parametrize(
    "after", ["//evil.example", "https://evil.example/es/contratos", "/es\\evil", "/es/entrar"]
)
async def test_a_sign_in_leads_to_no_other_site(
    portal: PortalOfFew, at: Provider, after: str
) -> None:
    assert (await brought_back(at, Browser(portal), after)).header("location") == "/es/consultas"


async def test_a_sign_in_that_began_in_another_browser_is_refused(
    portal: PortalOfFew, at: Provider
) -> None:
    victim, attacker = Browser(portal), Browser(portal)
    await victim.get("/es/entrar")
    begun = await attacker.get(BEGIN)
    said = at.authorize(begun.header("location"))

    answer = await victim.get(f"{BACK}?{urlencode(said)}")

    assert answer.status == 400
    assert "no se inició en este navegador" in answer.body
    assert (await who(portal, victim))[0] is None


async def test_another_site_makes_no_browser_begin(portal: PortalOfFew) -> None:
    answer = await Browser(portal).get(BEGIN, sec_fetch_site="cross-site")

    assert answer.header("location") == "/es/entrar"
    assert portal.own.collection("openid_requests").documents == {}


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"error": "access_denied"}, 403), ({"code": "x"}, 502), ({"state": "x"}, 400)],
)
async def test_what_goes_wrong_at_the_provider_is_a_page(
    portal: PortalOfFew, at: Provider, changed: dict[str, str], status: int
) -> None:
    answer = await brought_back(at, Browser(portal), **changed)

    assert answer.status == status
    assert "No ha entrado" in answer.body
    assert 44_000 < weight_of(answer.body) <= MOST_BYTES


async def test_a_provider_that_is_down_is_a_page_with_the_code_beside_it(
    portal: PortalOfFew, at: Provider
) -> None:
    at.answers = False

    answer = await Browser(portal).get(BEGIN)

    assert answer.status == 503
    assert 'href="/es/entrar"' in answer.body


async def test_of_several_registrations_one_is_chosen_and_no_other_can_be(
    portal: PortalOfFew, at: Provider
) -> None:
    await portal.keep("customers", profile("C-ANA-2", "ana@example.test"))
    chosen = {}
    for wanted in (BEA, "C-ANA-2"):
        browser = Browser(portal)
        page = await brought_back(at, browser)
        assert page.status == 200
        token = page.body.partition('name="code" value="')[2].partition('"')[0]
        fields = {"ticket": page.ticket, "code": token, "customer_id": wanted}
        other = Browser(portal)
        theirs = (await other.get("/es/entrar")).ticket
        assert (await other.post(BACK, fields | {"ticket": theirs})).status == 400
        chosen[wanted] = (await browser.post(BACK, fields)).status, await who(portal, browser)

    assert chosen[BEA][0] == 400
    assert chosen[BEA][1][0] is None
    assert chosen["C-ANA-2"][0] == 303
    assert chosen["C-ANA-2"][1][0] == "C-ANA-2"
    assert chosen["C-ANA-2"][1][1].method == "openid_connect"


async def test_signing_out_leads_on_to_the_providers(portal: PortalOfFew, at: Provider) -> None:
    browser = Browser(portal)
    await brought_back(at, browser)
    ticket = (await browser.get("/es/contacto/contratos")).ticket

    answer = await browser.post("/es/salir", {"ticket": ticket})

    assert f"{at.issuer}/end?client_id={CLIENT}" in answer.body
    assert (await who(portal, browser))[0] is None
    assert "Salir</button>" not in answer.body
    assert 44_000 < weight_of(answer.body) <= MOST_BYTES


async def test_who_is_signed_in_stays_who_she_is(portal: PortalOfFew, at: Provider) -> None:
    """An answer that somebody else began, or began as a visitor, changes nothing."""
    before = Browser(portal)
    said = at.authorize((await before.get(BEGIN)).header("location"))
    bea = await portal.signed_in(BEA)

    for path in (BEGIN, f"{BACK}?{urlencode(said)}"):
        answer = await bea.get(path)
        assert (answer.status, answer.header("location")) == (303, "/es/consultas")

    assert (await who(portal, bea))[0] == BEA


async def test_a_choice_without_this_browsers_ticket_is_refused(portal: PortalOfFew) -> None:
    theirs = (await Browser(portal).get("/es/entrar")).ticket

    for ticket in ({}, {"ticket": theirs}, {"ticket": "x"}):
        sent = await Browser(portal).post(BACK, ticket | {"code": "x", "customer_id": ANA})
        assert sent.status == 403


async def test_nothing_that_comes_back_or_is_sent_is_shown(portal: PortalOfFew) -> None:
    planted = "<b>{{7*7}}</b>\r\nplanted: 1"
    browser = Browser(portal)
    ticket = (await browser.get("/es/entrar")).ticket
    said = dict.fromkeys(("code", "state", "error", "error_description", "next"), planted)

    for answer in (
        await browser.get(f"{BACK}?{urlencode(said)}"),
        await browser.post(BACK, said | {"ticket": ticket, "customer_id": planted}),
    ):
        assert answer.status == 400
        assert "planted" not in repr(answer)
        assert ">49<" not in answer.body


async def test_one_client_begins_no_more_than_so_often(portal: PortalOfFew) -> None:
    statuses = {
        (await Browser(portal).get(f"{BACK}?state=x&code=x")).status
        for _ in range(JOURNEYS_OF_ONE_CLIENT.amount + 1)
    }

    assert statuses == {400, 429}


async def test_without_a_provider_there_is_no_way_to_one() -> None:
    with portal_of_few() as portal:
        browser = Browser(portal)

        assert BEGIN not in (await browser.get("/es/entrar")).body
        for path in (BEGIN, f"{BACK}?code=x&state=x"):
            assert (await browser.get(path)).header("location") == "/es/entrar"
