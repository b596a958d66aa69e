"""A member of staff adds a passkey, signs in with it, and loses it with the account."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.operations_console.passkey_mail import ADDED, REMOVED
from shared.events.values import Language
from shared.web.sessions import Operator, Role, SignIn
from shared.web.sign_in_mail import sign_in_mail
from tests.builders.console import COOKIE, ConsoleOfFew, console_of_few
from tests.builders.passkeys import SoftAuthenticator
from tests.builders.portal import Answer, Browser

OWN, SIGN_IN, PASSKEY = "/es/llaves", "/es/entrar", "/es/entrar/llave"


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        yield console


async def added(browser: Browser) -> SoftAuthenticator:
    device = SoftAuthenticator()
    ticket = (await browser.get(OWN)).ticket
    options = await browser.post(OWN, {"ticket": ticket, "act": "options"})
    made = {"ticket": ticket, "response": device.create(options.body), "name": "Portátil"}
    assert (await browser.post(OWN, made)).header("location") == OWN
    return device


async def signed_in_with(device: SoftAuthenticator, browser: Browser, after: str = "") -> Answer:
    ticket = (await browser.get(SIGN_IN)).ticket
    options = await browser.post(PASSKEY, {"ticket": ticket, "act": "options"})
    fields = {"ticket": ticket, "response": device.get(options.body), "next": after}
    return await browser.post(PASSKEY, fields)


async def test_a_passkey_signs_in_under_another_id_with_the_roles_of_now(
    console: ConsoleOfFew,
) -> None:
    marta = await console.account("marta", Role.OPERATOR)
    device = await added(await console.signed_in(marta))
    await console.process.console.staff.change_roles("marta", [Role.READER])
    browser = console.browser
    await browser.get(SIGN_IN)
    before = browser.cookies[COOKIE]

    answer = await signed_in_with(device, browser, "/es/llaves")

    assert (answer.status, answer.header("location")) == (303, "/es/llaves")
    assert browser.cookies[COOKIE] != before
    session = await console.process.console.sessions.read(browser.cookies[COOKIE])
    assert session.by == SignIn("passkey", "low"), "it was added after a code by mail"
    assert session.operator == Operator("marta", frozenset({Role.READER}), marta.account)


async def test_what_happens_to_a_passkey_is_told_by_mail(console: ConsoleOfFew) -> None:
    browser = await console.signed_in(await console.account("marta", Role.AGENT))
    await added(browser)
    [kept] = await console.process.console.passkeys.of(await account_id(console, "marta"))
    path = f"{OWN}/{kept.id}"

    removed = await browser.post(path, {"ticket": (await browser.get(path)).ticket})

    assert removed.header("location") == OWN
    assert [(said[1], said[2]) for said in console.told] == [
        ("marta@desk.example", ADDED),
        ("marta@desk.example", REMOVED),
    ]
    for language in Language:
        mail = sign_in_mail(console.process.settings, language, *console.told[0][1:]).get_content()
        assert "Portátil" in mail


async def account_id(console: ConsoleOfFew, name: str) -> str:
    found = await console.process.console.staff.of_address(f"{name}@desk.example")
    assert found is not None
    return found.id


async def test_a_passkey_of_an_account_that_was_removed_and_made_again_signs_nobody_in(
    console: ConsoleOfFew,
) -> None:
    first = await console.account("marta", Role.AGENT)
    device = await added(await console.signed_in(first))
    await console.process.console.staff.remove("marta")
    await console.account("marta", Role.AGENT)
    browser = console.browser

    answer = await signed_in_with(device, browser)

    assert answer.status == 422
    assert "No conocemos esta llave de acceso" in answer.body
    assert await console.who(browser) is None
    assert await console.process.console.passkeys.of(str(first.account)) == []


async def test_nobody_sees_or_removes_a_colleagues_passkey(console: ConsoleOfFew) -> None:
    await added(await console.signed_in(await console.account("marta", Role.AGENT)))
    [kept] = await console.process.console.passkeys.of(await account_id(console, "marta"))
    luis = await console.signed_in(await console.account("luis", *Role))
    page = await luis.get(OWN)
    assert "Portátil" not in page.body

    for answer in (
        await luis.get(f"{OWN}/{kept.id}"),
        await luis.post(f"{OWN}/{kept.id}", {"ticket": page.ticket}),
    ):
        assert answer.status == 404
    assert len(await console.process.console.passkeys.of(await account_id(console, "marta"))) == 1


async def test_whom_a_provider_vouches_for_has_no_passkeys_here(console: ConsoleOfFew) -> None:
    eva = await console.signed_in(Operator("eva@desk.example", frozenset({Role.AGENT})))

    assert (await eva.get(OWN)).status == 404
    assert OWN not in (await eva.get("/es/casos")).body


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/es/entrar"])
async def test_a_passkey_leads_to_no_other_site(console: ConsoleOfFew, after: str) -> None:
    device = await added(await console.signed_in(await console.account("marta", Role.AGENT)))

    assert (await signed_in_with(device, console.browser, after)).header(
        "location"
    ) == "/es/panorama"
