"""Every page of the console, by everybody: nobody, a customer, and each role of staff."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from services.operations_console.cases import MOST_ON_A_PAGE
from services.operations_console.pages.cases import LOOKS_OF_ONE
from services.operations_console.routes import PAGES
from shared.events.values import Language
from shared.kafka.records import RecordPosition
from shared.operations.case_timeline import CaseTimeline, NextDue
from shared.operations.dead_letters.letter import LetterId
from shared.operations.decoded_record import DeadBecause
from shared.operations.service_client import ServiceError
from shared.operations.timeline import Step, told
from shared.web.sessions import Holder, Operator, Role
from tests.builders.console import COOKIE, NOW, ConsoleOfFew, console_of_few
from tests.builders.dead_letters import dead_letter
from tests.builders.openid_provider import CLIENT, SECRET, Provider, provider
from tests.builders.passkeys import SoftAuthenticator
from tests.builders.portal import Browser
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of

INQUIRY = "0b1f9c1e-7a53-5a3e-8f0b-3f1f6c1d2e3f"
SIGN_IN, CASES = "/es/entrar", "/es/casos"
ROLES = {
    "overview": Role.READER,
    "overview_live": Role.READER,
    "cases": Role.READER,
    "passkeys": Role.READER,
    "passkey_removal": Role.READER,
    "dead_letters": Role.OPERATOR,
    "dead_letter_group": Role.OPERATOR,
    "dead_letter": Role.OPERATOR,
    "dead_letter_edit": Role.OPERATOR,
    "repair": Role.OPERATOR,
    "repair_live": Role.OPERATOR,
    "policies": Role.READER,
    "due": Role.READER,
    "mails": Role.READER,
    "inquiries": Role.AGENT,
    "inquiry": Role.AGENT,
    "referrals": Role.AGENT,
    "referral": Role.AGENT,
    "authorisations": Role.AGENT,
    "act": Role.AGENT,
    "act_live": Role.AGENT,
    "topics": Role.READER,
    "messages": Role.READER,
    "messages_live": Role.READER,
    "record": Role.READER,
    "audit": Role.AUDITOR,
}
"""Every page of staff, and who may see it."""
OF_STAFF = tuple(ROLES)
OF_NOTHING = frozenset(
    {
        "passkey_removal",
        "dead_letter",
        "dead_letter_edit",
        "repair",
        "repair_live",
        "inquiry",
        "referral",
        "act",
        "act_live",
        "messages",
        "messages_live",
        "record",
    }
)
"""They are about one thing, and there is none."""
LIVE = {page.name for page in PAGES if page.is_live}
BEGIN, BACK = "/es/entrar/proveedor", "/es/entrar/proveedor/vuelta"
SECRETS = ("Ana Pérez", "ana@example.test", "El secreto de Ana", "600 000 000")
OPENED = {
    "inquiry_id": "i-1",
    "reference": "CD-2026-000001-X",
    "kind": "inquiry",
    "subject": "El secreto de Ana",
    "text": "El secreto de Ana",
    "contact": {"name": "Ana Pérez", "email": "ana@example.test", "phone": "600 000 000"},
}


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        console.cases.known["CD-1"] = case()
        yield console


def step(number: int, ce_type: str = "inquiry.opened.v1", **more: Any) -> Step:
    at = NOW + timedelta(seconds=number)
    place = RecordPosition("desk.inquiries", 0, number)
    return Step(at, f"e-{number}", "", ce_type, OPENED, place, **more)


def case(steps: int = 1, **more: Any) -> CaseTimeline:
    return CaseTimeline(
        told([step(number) for number in range(steps)]),
        **{"records": [], "due": [], "silent": [], "complete": True, **more},
    )


def may(role: Role, name: str) -> bool:
    return ROLES[name] in (Role.READER, role)


async def statuses(console: ConsoleOfFew, browser: Browser, language: Language) -> dict[str, int]:
    found = {}
    console.process.stopping.set()  # a live part ends at once
    for page in PAGES:
        path = re.sub(r"\{\w+\}", "none", page.path(language).rstrip("/"))
        query = "?q=CD-1" if page.name == "cases" else ""
        found[page.name] = (await browser.get(path + query)).status
    return found


@pytest.mark.parametrize("language", list(Language))
async def test_every_page_is_shown_to_the_roles_that_it_names_and_to_nobody_else(
    console: ConsoleOfFew, language: Language
) -> None:
    of_anybody = {
        "home": 303,
        "sign_in": 200,
        "code": 303,
        "passkey": 303,
        "provider": 303,
        "provider_return": 303,
        "sign_out": 303,
    }
    customer = await console.signed_in(Holder("C-1"))
    vouched = Operator("eva@desk.example", frozenset())
    for browser in (console.browser, customer, Browser(console, {COOKIE: "x" * 43})):  # type: ignore[arg-type]  # a browser looks into its `app`
        refused = {name: 200 if name in LIVE else 303 for name in OF_STAFF}
        assert await statuses(console, browser, language) == of_anybody | refused
    without = await statuses(console, await console.signed_in(vouched), language)
    assert {without[name] for name in OF_STAFF} == {403}
    for role in Role:
        browser = await console.signed_in(await console.account(role.value, role))
        own = {
            name: 403 if not may(role, name) else 404 if name in OF_NOTHING else 200
            for name in OF_STAFF
        }
        own |= {"dead_letter_group": 303} if may(role, "dead_letter_group") else {}
        expected = of_anybody | {"sign_in": 303} | own
        assert await statuses(console, browser, language) == expected, role
    assert {page.name for page in PAGES} == expected.keys()


async def test_every_form_refuses_a_ticket_that_is_not_this_browsers(
    console: ConsoleOfFew,
) -> None:
    account = await console.account("marta", *Role)
    marta = await console.signed_in(account)
    kept = await a_passkey(console, account)
    console.letters.letters = [dead_letter(LetterId(0, 1))]
    console.records.happens("inquiry", INQUIRY)
    console.records.happens("file", "K-1")
    theirs = (await console.browser.get(SIGN_IN)).ticket

    for page in PAGES:
        if page.accepts_forms:
            browser = marta if page.role or page.name == "sign_out" else console.browser
            for ticket in ({}, {"ticket": theirs}, {"ticket": "x"}):
                path = page.path(Language.ES).replace("{passkey}", kept).replace("{letter}", "0-1")
                path = path.replace("{inquiry}", INQUIRY).replace("{contract}", "K-1")
                path = path.replace("{topic}", "desk.inquiries").replace("{place}", "0-1")
                sent = await browser.post(path, {**ticket, "q": "CD-1"})
                assert sent.status == 403, page.name
    assert await console.who(marta) is not None


async def a_passkey(console: ConsoleOfFew, operator: Operator) -> str:
    passkeys, device, session = console.process.console.passkeys, SoftAuthenticator(), "x" * 43
    assert operator.account is not None
    options = await passkeys.registration_options(session, operator.account, "m@desk.example")
    return (await passkeys.register(session, operator.account, device.create(options), "")).id


# Signing in


async def asked_for_a_code(console: ConsoleOfFew, browser: Browser, address: str) -> str:
    """The ticket of the page that asks for the code."""
    page = await browser.get(f"{SIGN_IN}?next=/es/casos")
    sent = await browser.post(
        SIGN_IN, {"ticket": page.ticket, "email": address, "next": "/es/casos"}
    )
    assert (sent.status, sent.header("location")) == (303, "/es/entrar/codigo?next=%2Fes%2Fcasos")
    return (await browser.get("/es/entrar/codigo")).ticket


async def test_the_code_of_the_accounts_mail_signs_in_under_another_id(
    console: ConsoleOfFew,
) -> None:
    marta = await console.account("marta", Role.AGENT)
    browser = console.browser
    ticket = await asked_for_a_code(console, browser, " MARTA@desk.example ")
    before = browser.cookies[COOKIE]
    [(language, address, code)] = console.mailed

    wrong = await browser.post(
        "/es/entrar/codigo", {"ticket": ticket, "code": "0" * 8 if code != "0" * 8 else "1" * 8}
    )
    right = await browser.post(
        "/es/entrar/codigo", {"ticket": ticket, "code": code, "next": "/es/casos"}
    )

    assert (language, address) == (Language.ES, "marta@desk.example")
    assert (wrong.status, right.status) == (422, 303)
    assert right.header("location") == "/es/casos"
    assert browser.cookies[COOKIE] != before
    assert await console.who(browser) == marta


async def test_an_address_without_an_account_gets_no_mail_and_the_same_pages(
    console: ConsoleOfFew,
) -> None:
    ticket = await asked_for_a_code(console, console.browser, "nobody@desk.example")

    assert ticket
    assert console.mailed == []


async def test_a_code_of_an_account_that_was_removed_signs_nobody_in(
    console: ConsoleOfFew,
) -> None:
    await console.account("marta", Role.AGENT)
    browser = console.browser
    ticket = await asked_for_a_code(console, browser, "marta@desk.example")
    await console.process.console.staff.remove("marta")

    sent = await browser.post(
        "/es/entrar/codigo", {"ticket": ticket, "code": console.mailed[0][2], "next": "/es/casos"}
    )

    assert sent.status == 422
    assert await console.who(browser) is None


async def test_whose_account_is_removed_is_asked_to_sign_in_at_the_next_page(
    console: ConsoleOfFew,
) -> None:
    browser = await console.signed_in(await console.account("marta", Role.AGENT))
    assert (await browser.get(CASES)).status == 200

    await console.process.console.staff.remove("marta")

    answer = await browser.get(CASES)
    assert (answer.status, answer.header("location")) == (303, "/es/entrar?next=%2Fes%2Fcasos")


async def test_a_session_that_began_while_its_account_was_removed_is_shown_nothing(
    console: ConsoleOfFew,
) -> None:
    marta = await console.account("marta", Role.AGENT)
    await console.process.console.staff.remove("marta")

    late = await (await console.signed_in(marta)).get(CASES)

    assert late.status == 303


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/es/entrar", "x"])
async def test_after_signing_in_nobody_is_sent_elsewhere(console: ConsoleOfFew, after: str) -> None:
    await console.account("marta", Role.AGENT)
    browser = console.browser
    ticket = await asked_for_a_code(console, browser, "marta@desk.example")

    sent = await browser.post(
        "/es/entrar/codigo", {"ticket": ticket, "code": console.mailed[0][2], "next": after}
    )

    assert sent.header("location") == "/es/panorama"


async def test_signing_out_ends_the_session(console: ConsoleOfFew) -> None:
    browser = await console.signed_in(await console.account("marta", Role.AGENT))
    ticket = (await browser.get(CASES)).ticket

    answer = await browser.post("/es/salir", {"ticket": ticket})

    assert answer.header("location") == SIGN_IN
    assert await console.who(browser) is None


# By a provider


@pytest.fixture
async def at() -> AsyncIterator[Provider]:
    async with provider() as made:
        made.now = NOW.timestamp
        yield made


@pytest.mark.parametrize(
    ("claims", "operator"),
    [
        (
            {"email": "eva@desk.example", "email_verified": True, "desk": {"roles": ["agent"]}},
            Operator("eva@desk.example", frozenset({Role.AGENT})),
        ),
        (
            {"email": "marta@desk.example", "desk": {"roles": ["reader", "auditor", "admin"]}},
            Operator("provider:s-1", frozenset({Role.READER, Role.AUDITOR})),
        ),
        (
            {"sub": "s-\n\x1b\u202e1", "desk": {"roles": ["reader"]}},
            Operator("provider:s-1", frozenset({Role.READER})),
        ),
        ({"email": "eva@desk.example", "email_verified": True}, None),
        ({"desk": {"roles": ["admin"]}}, None),
        ({"desk": {"roles": []}}, None),
    ],
)
async def test_the_providers_claim_names_the_roles_and_without_one_nobody_is_let_in(
    at: Provider, claims: dict[str, Any], operator: Operator | None
) -> None:
    at.claims = claims
    told_it = {"oidc_issuer": at.issuer, "oidc_client_id": CLIENT, "oidc_roles_claim": "desk.roles"}
    with console_of_few(**told_it, oidc_client_secret=SecretStr(SECRET)) as console:
        await console.account("marta", *Role)
        browser = console.browser
        said = at.authorize((await browser.get(f"{BEGIN}?next=/es/casos")).header("location"))

        answer = await browser.get(f"{BACK}?{urlencode(said)}")

        assert await console.who(browser) == operator
        assert answer.status == (403 if operator is None else 303)
        if operator is not None:
            assert answer.header("location") == "/es/casos"
            assert (await browser.get(CASES)).status == 200
        else:
            assert 44_000 < weight_of(answer.body) <= MOST_BYTES
        await console.process.console.openid.close()


async def test_a_browser_is_led_to_the_providers_sign_out_by_a_link_and_by_no_form(
    at: Provider,
) -> None:
    """`form-action` forbids a form of ours to lead there: the browser would stay where it was."""
    at.claims = {"roles": ["agent"]}
    told_it = {"oidc_issuer": at.issuer, "oidc_client_id": CLIENT}
    with console_of_few(**told_it, oidc_client_secret=SecretStr(SECRET)) as console:
        browser = console.browser
        said = at.authorize((await browser.get(BEGIN)).header("location"))
        await browser.get(f"{BACK}?{urlencode(said)}")
        ticket = (await browser.get(CASES)).ticket

        answer = await browser.post("/es/salir", {"ticket": ticket})

        assert answer.status == 200
        assert f'href="{at.issuer}/end?client_id={CLIENT}' in answer.body
        assert "Salir</button>" not in answer.body
        assert await console.who(browser) is None
        await console.process.console.openid.close()


async def test_an_answer_that_another_browser_began_signs_nobody_in(at: Provider) -> None:
    at.claims = {"roles": ["operator"]}
    told_it = {"oidc_issuer": at.issuer, "oidc_client_id": CLIENT}
    with console_of_few(**told_it, oidc_client_secret=SecretStr(SECRET)) as console:
        attacker, victim = console.browser, console.browser
        await victim.get(SIGN_IN)
        said = at.authorize((await attacker.get(BEGIN)).header("location"))

        answer = await victim.get(f"{BACK}?{urlencode(said)}")

        assert answer.status == 400
        assert await console.who(victim) is None
        crossed = await victim.get(BEGIN, sec_fetch_site="cross-site")
        assert crossed.header("location") == SIGN_IN
        await console.process.console.openid.close()


# Cases


@pytest.fixture
async def reader(console: ConsoleOfFew) -> Browser:
    return await console.signed_in(await console.account("luis", Role.READER))


async def test_a_form_leads_to_the_case_under_an_address_that_can_be_handed_on(
    console: ConsoleOfFew, reader: Browser
) -> None:
    ticket = (await reader.get(CASES)).ticket

    sent = await reader.post(CASES, {"ticket": ticket, "q": " CD-1 "})
    shown = await reader.get(sent.header("location"))

    assert (sent.status, sent.header("location")) == (303, "/es/casos?q=CD-1")
    assert shown.status == 200
    assert "desk.inquiries 0-0" in shown.body
    assert 44_000 < weight_of(shown.body) <= MOST_BYTES


async def test_a_case_shows_nobodys_data(console: ConsoleOfFew, reader: Browser) -> None:
    dead = step(2, dead=DeadBecause("0-1", "cancellation", "defect", "KeyError"))
    unknown = step(3, "of.nobody.v1")
    console.cases.known["CD-2"] = case()
    console.cases.known["CD-3"] = CaseTimeline(told([step(1), dead, unknown]), [], [], [], True)

    for language in ("es/casos", "en/cases"):
        for named in ("CD-2", "CD-3"):
            answer = await reader.get(f"/{language}?q={named}")
            assert answer.status == 200
            assert [secret for secret in SECRETS if secret in answer.body] == []
    assert "cancellation: defect: KeyError (0-1)" in answer.body


async def test_a_case_says_what_it_did_not_see_and_what_is_due_next(
    console: ConsoleOfFew, reader: Browser
) -> None:
    silent = [ServiceError("cancellation", "no answer")]
    due = [NextDue("contract_archive", "contract", "K-1", NOW)]
    console.cases.known["CD-2"] = case(silent=silent, due=due, complete=False)

    answer = await reader.get(f"{CASES}?q=CD-2")

    assert "cancellation no contesta" in answer.body
    assert "no hubo tiempo o sitio" in answer.body
    assert "contract K-1" in answer.body


async def test_a_long_case_begins_with_its_newest_part_and_leads_to_what_was_earlier(
    console: ConsoleOfFew, reader: Browser
) -> None:
    console.cases.known["CD-9"] = case(2 * MOST_ON_A_PAGE + 1)

    newest = await reader.get(f"{CASES}?q=CD-9")
    [earlier] = re.findall(r'href="([^"]*from=[^"]*)"', newest.body)
    before = await reader.get(html.unescape(earlier))

    assert newest.body.count("<time ") == MOST_ON_A_PAGE
    assert f"desk.inquiries 0-{2 * MOST_ON_A_PAGE}<" in newest.body
    assert "202 a 401 de 401" in newest.body
    assert "desk.inquiries 0-1<" in before.body
    assert "2 a 201 de 401" in before.body


async def test_a_short_case_is_shown_whole(console: ConsoleOfFew, reader: Browser) -> None:
    console.cases.known["CD-9"] = case(MOST_ON_A_PAGE)

    answer = await reader.get(f"{CASES}?q=CD-9")

    assert answer.body.count("<time ") == MOST_ON_A_PAGE
    assert f" de {MOST_ON_A_PAGE}" not in answer.body


async def test_a_long_case_has_pages(console: ConsoleOfFew, reader: Browser) -> None:
    console.cases.known["CD-9"] = case(2 * MOST_ON_A_PAGE + 1)
    shown: list[int] = []
    for first in (0, MOST_ON_A_PAGE, 2 * MOST_ON_A_PAGE):
        answer = await reader.get(f"{CASES}?q=CD-9&from={first}")
        shown.append(answer.body.count("<time "))
        assert (f"from={first + MOST_ON_A_PAGE}" in answer.body) == (first < 2 * MOST_ON_A_PAGE)

    assert shown == [MOST_ON_A_PAGE, MOST_ON_A_PAGE, 1]
    for nonsense in ("-1", "x", "²", "9" * 30, str(3 * MOST_ON_A_PAGE)):
        answer = await reader.get(f"{CASES}?{urlencode({'q': 'CD-9', 'from': nonsense})}")
        assert "desk.inquiries 0-0<" in answer.body, nonsense


@pytest.mark.parametrize(
    ("complete", "words"), [(True, "tiene este identificador"), (False, "no hubo tiempo o sitio")]
)
async def test_an_unknown_id_is_said_to_be_unknown(
    console: ConsoleOfFew, reader: Browser, *, complete: bool, words: str
) -> None:
    console.cases.complete = complete

    answer = await reader.get(f"{CASES}?q=nothing")

    assert answer.status == 404
    assert words in answer.body


async def test_what_the_index_does_not_have_is_read_from_the_topics_if_asked(
    console: ConsoleOfFew, reader: Browser
) -> None:
    console.cases.on_topics["CD-8"] = case(MOST_ON_A_PAGE + 1)

    missing = await reader.get(f"{CASES}?q=CD-8")
    [there] = re.findall(r'href="([^"]*on=topics[^"]*)"', missing.body)
    found = await reader.get(html.unescape(there))

    assert (missing.status, found.status) == (404, 200)
    assert f"desk.inquiries 0-{MOST_ON_A_PAGE}<" in found.body
    assert "on=topics&amp;from=0" in found.body


@pytest.mark.parametrize("written", ["ana@example.test", "x" * 201, "", "  "])
async def test_what_is_no_id_is_not_looked_for_and_stands_in_no_address(
    console: ConsoleOfFew, reader: Browser, written: str
) -> None:
    ticket = (await reader.get(CASES)).ticket

    sent = await reader.post(CASES, {"ticket": ticket, "q": written})
    await reader.get(f"{CASES}?{urlencode({'q': written})}")

    assert sent.status == 422
    assert sent.header("location") == ""
    assert console.cases.asked == []


async def test_nothing_that_is_asked_for_becomes_an_element_or_a_header(
    console: ConsoleOfFew, reader: Browser
) -> None:
    planted = '"><b>{{7*7}}</b>\r\nplanted: 1'
    ticket = (await reader.get(CASES)).ticket

    for answer in (
        await reader.get(f"{CASES}?{urlencode({'q': planted})}"),
        await reader.post(CASES, {"ticket": ticket, "q": planted}),
    ):
        assert "<b>{{" not in answer.body
        assert ">49<" not in answer.body
        assert [name for name, _ in answer.headers if name == "planted"] == []


async def test_one_member_of_staff_looks_for_no_more_than_so_many_cases(
    console: ConsoleOfFew, reader: Browser
) -> None:
    found = {(await reader.get(f"{CASES}?q=CD-1")).status for _ in range(LOOKS_OF_ONE.amount + 1)}

    assert found == {200, 429}
