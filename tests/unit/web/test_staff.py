"""Who is shown a page of which role: nobody, a customer, and each role of staff."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response

from shared.events.values import Language
from shared.mongo.client import Database
from shared.runtime.stage.batch import utc_now
from shared.telemetry.metrics import Metrics
from shared.web import app as web
from shared.web.languages import translations
from shared.web.pages import Page, Site, Visit
from shared.web.passkeys import Passkeys, RelyingParty
from shared.web.sessions import BY_CODE, Holder, Operator, Role, Sessions
from shared.web.settings import WebSettings
from shared.web.staff import StaffAccount, StaffAccounts, StaffExists, roles_named
from shared.web.static_files import StaticFiles
from shared.web.tickets import Tickets
from tests.builders.few_documents import FewDocuments
from tests.builders.portal import Browser
from tests.fakes.documents_suite import IDLE, LIFE

ROLES = tuple(Role)
HOME, OF_CUSTOMERS = "home", "customers"


async def shown(visit: Visit, who: Any = None) -> Response:
    return PlainTextResponse(f"{visit.page.name} for {getattr(who, 'name', who)}")


PAGES = (
    Page(HOME, "", "", shown),
    Page(OF_CUSTOMERS, "/clientes", "/customers", shown, for_holders=True),
    *(Page(role.value, f"/{role}", f"/{role}", shown, role=role) for role in ROLES),
)
MAY = {
    Role.READER: {Role.READER},
    Role.AGENT: {Role.READER, Role.AGENT},
    Role.OPERATOR: {Role.READER, Role.OPERATOR},
    Role.AUDITOR: {Role.READER, Role.AUDITOR},
}
"""The pages that somebody with one role is shown."""


@dataclass
class Desk:
    """An application of staff; `of_customers` is one of customers on the same sessions."""

    sessions: Sessions
    accounts: StaffAccounts
    app: Starlette
    of_customers: Starlette

    async def signed_in(self, who: Operator | Holder) -> dict[str, str]:
        """The cookies of somebody's browser."""
        before = await self.sessions.read(None)
        if isinstance(who, Holder):
            return {"c": (await self.sessions.sign_in(before, who)).id}
        return {"c": (await self.sessions.sign_in_staff(before, who, BY_CODE)).id}


@pytest.fixture
def desk() -> Desk:
    database = cast(Database, FewDocuments())
    sessions = Sessions(database, idle=IDLE, life=LIFE, now=utc_now)
    passkeys = Passkeys(database, RelyingParty("Empresa", "https://desk.example"), utc_now)
    accounts = StaffAccounts(database, sessions, passkeys, utc_now)

    async def known(_holder: Holder) -> bool:
        return False

    staffs = app_of(sessions, standing=accounts.standing)
    customers = app_of(sessions, is_forgotten=known)
    return Desk(sessions, accounts, staffs, customers)


def app_of(sessions: Sessions, **told: Any) -> Starlette:
    site = Site(
        pages=PAGES,
        sign_in=HOME,
        environments=web.environments(()),
        translations=translations((web.HERE / "locale",)),
        static=StaticFiles([web.HERE / "static"]),
        sessions=sessions,
        tickets=Tickets(b"key"),
        brand={},
        cookie="c",
        secure=True,
        stopping=asyncio.Event(),
        **told,
    )
    return web.build_app(site, WebSettings(), Metrics())


async def statuses(app: Starlette, cookies: dict[str, str]) -> dict[str, int]:
    """Asks for every page and returns the status of each, by the page's name."""
    browser = Browser(cast(Any, SimpleNamespace(app=app)), cookies)
    return {page.name: (await browser.get(page.path(Language.ES))).status for page in PAGES}


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_shown_its_own_pages_and_those_to_read(desk: Desk, role: Role) -> None:
    account = await desk.accounts.add("marta", "marta@desk.example", [role])

    found = await statuses(desk.app, await desk.signed_in(account.operator))

    expected = {it.value: 200 if it in MAY[role] else 403 for it in ROLES}
    assert found == {HOME: 200, OF_CUSTOMERS: 303, **expected}


async def test_two_who_are_added_under_one_name_at_once_are_one(desk: Desk) -> None:
    await desk.accounts.prepare()

    made = await asyncio.gather(
        desk.accounts.add("luis", "luis@desk.example", [Role.READER]),
        desk.accounts.add("luis", "other@desk.example", [Role.OPERATOR]),
        return_exceptions=True,
    )

    assert [type(it) for it in made] == [StaffAccount, StaffExists]
    assert str(made[1]) == "luis"
    assert len(await desk.accounts.listed()) == 1


async def test_nobody_and_no_customer_is_shown_a_page_of_staff(desk: Desk) -> None:
    refused = {HOME: 200, OF_CUSTOMERS: 303, **{role.value: 303 for role in ROLES}}

    for cookies in ({}, {"c": "x" * 43}, await desk.signed_in(Holder("C-1"))):
        assert await statuses(desk.app, cookies) == refused


async def test_no_member_of_staff_is_a_customer(desk: Desk) -> None:
    account = await desk.accounts.add("marta", "marta@desk.example", list(Role))
    cookies = await desk.signed_in(account.operator)

    found = await statuses(desk.of_customers, cookies)

    assert found == {HOME: 200, OF_CUSTOMERS: 303, **{role.value: 303 for role in ROLES}}
    customer = await statuses(desk.of_customers, await desk.signed_in(Holder("C-1")))
    assert customer[OF_CUSTOMERS] == 200


async def test_the_roles_of_now_count_and_not_those_of_the_sign_in(desk: Desk) -> None:
    account = await desk.accounts.add("marta", "marta@desk.example", list(Role))
    await desk.accounts.change_roles("marta", [Role.READER])

    late = await statuses(desk.app, await desk.signed_in(account.operator))

    assert (late["reader"], late["operator"], late["auditor"]) == (200, 403, 403)
    await desk.accounts.remove("marta")
    assert (await statuses(desk.app, await desk.signed_in(account.operator)))["reader"] == 303


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["agent", "operator", "admin"], {Role.AGENT, Role.OPERATOR}),
        ("auditor", {Role.AUDITOR}),
        (["AGENT", "reader ", 7, None, ["agent"]], set()),
        ({"agent": True}, set()),
        (None, set()),
        ([], set()),
    ],
)
def test_a_provider_names_roles_by_their_words_alone(claim: object, roles: set[Role]) -> None:
    assert roles_named(claim) == roles
