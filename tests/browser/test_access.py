"""Every route by nobody, by another customer and by the owner, on the wire and a real database."""

from __future__ import annotations

import httpx2
import pytest

from services.customer_portal.routes import PAGES
from shared.events.values import Language
from shared.web.live import DONE
from shared.web.middleware import CONTENT_SECURITY_POLICY
from shared.web.pages import Page
from shared.web.sessions import Session, Visitor
from tests.browser.portal_desk import PortalDesk
from tests.browser.walk import PARAMETER, Somebody, address
from tests.builders.portal import TICKET

pytestmark = pytest.mark.asyncio(loop_scope="session")
SAID = (
    "Contrato de prueba",
    "Una pregunta",
    "Las piezas y el trabajo.",
    "F-2026-0101",
    "SN-7F3A02",
)
"""Words that the owner's pages have."""
OF_FILES = "sandbox; default-src 'none'"
PARAMETERS = {name for page in PAGES for name in PARAMETER.findall(page.es)}
COOKIE = "__Host-session"
LINE_BREAK = "K%0d%0aSet-Cookie:%20injected=1%0d%0a%0d%0a"


async def test_every_route_is_the_owners_alone_and_tells_nobody_else_that_it_is_there(
    site: PortalDesk, somebody: Somebody
) -> None:
    other = await site.customer("otra")
    parts = {
        **somebody.parts,
        "sent.id": somebody.parts["id"],
        "sent_live.id": somebody.parts["id"],
    }
    session = await site.sessions.sign_in(new_visitor("one"), site.holder(somebody.customer))
    theirs = await site.sessions.sign_in(new_visitor("other"), site.holder(other))
    secrets = (*SAID, somebody.customer.email)
    shown: set[str] = set()
    async with (
        client(site) as nobody,
        client(site, session.id) as owner,
        client(site, theirs.id) as stranger,
    ):
        for page in PAGES:
            for language in Language:
                path = address(page, language, parts)
                if page.is_live:
                    await is_closed_to_strangers(path, page, nobody, stranger)
                    continue
                seen = await nobody.get(path)
                assert_safe(seen, secrets)
                if page.for_holders:
                    assert (seen.status_code, "location" in seen.headers) == (303, True), path
                about = PARAMETER.findall(page.es) not in ([], ["topic"], ["purpose"])
                seen = await stranger.get(path)
                assert_safe(seen, secrets)
                assert not about or seen.status_code == 404, path
                seen = await owner.get(path)
                mine = not page.name.startswith("sent")  # that submission came by another channel
                assert seen.status_code in ((200, 303) if mine else (404,)), path
                shown.update(said for said in SAID if said in seen.text)
    assert shown == set(SAID), "the owner sees what the others do not"


async def test_an_unknown_record_and_somebody_elses_are_answered_alike(
    site: PortalDesk, somebody: Somebody
) -> None:
    other = await site.customer("otra")
    theirs = await site.sessions.sign_in(new_visitor("alike"), site.holder(other))
    async with client(site, theirs.id) as stranger:
        for there, nowhere in (
            (f"/es/contratos/{somebody.parts['number']}", "/es/contratos/K-no-hay"),
            (f"/es/consultas/{somebody.parts['id']}", "/es/consultas/no-hay"),
        ):
            found, missing = await stranger.get(there), await stranger.get(nowhere)
            assert found.status_code == missing.status_code == 404
            assert compared(found.text, there) == compared(missing.text, nowhere)


async def test_no_address_brings_a_line_into_a_header(site: PortalDesk, somebody: Somebody) -> None:
    holder = site.holder(somebody.customer)
    session = await site.sessions.sign_in(new_visitor("lines"), holder)
    async with client(site) as nobody, client(site, session.id) as owner:
        for page in PAGES:
            if "{" not in page.es or page.is_live:
                continue
            path = address(page, Language.ES, dict.fromkeys(PARAMETERS, LINE_BREAK))
            for browser in (nobody, owner):
                for asked in (path, f"{path}?next={LINE_BREAK}"):
                    answer = await browser.get(asked)
                    assert "injected" not in answer.cookies, asked
                    assert "injected" not in str(answer.headers.get_list("set-cookie")), asked
                    assert answer.status_code in (303, 404), asked


def client(site: PortalDesk, session_id: str | None = None) -> httpx2.AsyncClient:
    cookies = {} if session_id is None else {COOKIE: session_id}
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return httpx2.AsyncClient(
        base_url=site.url, headers=headers if cookies else {}, timeout=60, follow_redirects=False
    )


def new_visitor(name: str) -> Session:
    return Session("x" * 43, Visitor(f"visitor {name}"))


async def is_closed_to_strangers(path: str, page: Page, *strangers: httpx2.AsyncClient) -> None:
    """A stream that is nobody's ends at once, and one of somebody else's does not begin."""
    for stranger in strangers:
        answer = await stranger.get(path)
        assert answer.status_code == 404 or answer.text == DONE, path


def assert_safe(answer: httpx2.Response, secrets: tuple[str, ...]) -> None:
    where = str(answer.url)
    assert answer.headers["content-security-policy"] in (CONTENT_SECURITY_POLICY, OF_FILES), where
    assert answer.headers["x-content-type-options"] == "nosniff", where
    assert "no-store" in answer.headers["cache-control"], where
    assert answer.status_code < 500, where
    told = answer.text
    for secret in secrets:
        assert secret not in told, (where, secret)


def compared(page: str, path: str) -> str:
    """Without its ticket, and without what the link to the other language repeats."""
    return TICKET.sub("", page.replace(path.rpartition("/")[2], "…"))
