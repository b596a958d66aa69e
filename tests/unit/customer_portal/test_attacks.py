"""Attacks that a form or an address may carry, tried on every page and every field.

Forged forms, other customers' records and addresses elsewhere are tried in `test_pages.py`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from services.customer_portal.routes import PAGES
from shared.events.values import Language
from shared.web.pages import Page
from shared.web.sessions import new_id
from tests.builders.portal import COOKIE, Answer, Browser, PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import (
    ANA,
    INVOICE,
    address,
    ana_has_something_of_everything,
    profile,
    sign_in,
)
from tests.unit.customer_portal.test_profile import ask, enter, inquiry

FIELD = re.compile(r'<(?:input|textarea|select|button)\b[^>]*\bname="([^"]+)"')
TEMPLATE, RESULT = "{{1234567*7}}${1234567*7}#{1234567*7}", "8641969"
LINES = "x\r\nSet-Cookie: planted=1\r\n\r\n<h1>planted</h1>"
ESCAPED = "x%0d%0aSet-Cookie:%20planted=1%0d%0a%0d%0a%3Ch1%3Eplanted%3C/h1%3E"
ELSEWHERE = frozenset({"code", "follow_code", "passkey", "provider_return", "sign_out"})
"""Pages that show no form by themselves: another one leads to them, or a script asks them."""
FORMS = tuple(page for page in PAGES if page.accepts_forms and page.name not in ELSEWHERE)
NAMED = ("q", "next", "unsent", "status", "from", "show", "as_of", "all", "contract", "before")
"""Parameters that pages ask for in their address."""


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        yield portal


async def filled_with(portal: PortalOfFew, page: Page, attack: str) -> Answer:
    """Every field of a page's form says the attack."""
    parts = await ana_has_something_of_everything(portal)
    browser = Browser(portal) if page.name == "sign_in" else await portal.signed_in(ANA)
    path = address(page, Language.ES, parts)
    shown = await browser.get(path)
    fields = dict.fromkeys(FIELD.findall(shown.body), attack)
    return await browser.post(path, fields | {"ticket": shown.ticket})


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.name)
async def test_no_field_is_taken_for_a_template(portal: PortalOfFew, page: Page) -> None:
    answer = await filled_with(portal, page, TEMPLATE)

    assert answer.status < 500
    assert RESULT not in answer.body + str(answer.headers)


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.name)
async def test_no_field_makes_a_header_or_an_element(portal: PortalOfFew, page: Page) -> None:
    answer = await filled_with(portal, page, LINES)

    assert answer.status < 500
    assert not_planted(answer)


@pytest.mark.parametrize("attack", [ESCAPED, "%7B%7B1234567*7%7D%7D"])
async def test_no_parameter_of_an_address_makes_a_header_an_element_or_a_result(
    portal: PortalOfFew, attack: str
) -> None:
    parts = await ana_has_something_of_everything(portal)
    portal.process.stopping.set()  # a live part ends at once
    query = "&".join(f"{name}={attack}" for name in NAMED)
    hostile = dict.fromkeys(parts, attack)
    for page in PAGES:
        for browser in (Browser(portal), await portal.signed_in(ANA)):
            for path in (address(page, Language.ES, each) for each in (parts, hostile)):
                answer = await browser.get(f"{path}?{query}")
                assert answer.status < 500, path
                assert not_planted(answer), path
                assert RESULT not in answer.body, path


def not_planted(answer: Answer) -> bool:
    whole = "".join(f"{name}{value}" for name, value in answer.headers)
    return not ("\r" in whole or "\n" in whole or "<h1>planted" in answer.body)


async def test_a_session_that_an_attacker_chose_is_worth_nothing_after_signing_in(
    portal: PortalOfFew,
) -> None:
    await portal.keep("customers", profile(ANA, "ana@example.test"))
    chosen = new_id()
    victim, attacker = Browser(portal, {COOKIE: chosen}), Browser(portal, {COOKIE: chosen})

    await sign_in(portal, victim, "ana@example.test")

    assert (await victim.get("/es/consultas")).status == 200
    assert (await attacker.get("/es/consultas")).status == 303
    assert victim.cookies[COOKIE] != chosen


async def test_a_session_that_an_attacker_chose_follows_no_inquiry_of_the_victims(
    portal: PortalOfFew,
) -> None:
    await portal.keep("inquiries", inquiry())
    chosen = new_id()
    victim, attacker = Browser(portal, {COOKIE: chosen}), Browser(portal, {COOKIE: chosen})

    await ask(victim, "INQ-1", "lucia@example.test")
    await enter(victim, portal.mailed[0][2])

    assert "INQ-1" in (await victim.get("/es/seguir/estado")).body
    assert (await attacker.get("/es/seguir/estado")).status == 303
    assert victim.cookies[COOKIE] != chosen


async def test_who_follows_an_inquiry_still_sees_what_the_browser_has_sent(
    portal: PortalOfFew,
) -> None:
    await portal.keep("inquiries", inquiry())
    browser = Browser(portal)
    page = await browser.get("/es/contacto/facturas")
    sent = await browser.post("/es/contacto/facturas", INVOICE | {"ticket": page.ticket})
    await ask(browser, "INQ-1", "lucia@example.test")
    await enter(browser, portal.mailed[0][2])

    assert (await browser.get(sent.header("location"))).status == 200
