"""A desk with its portal, a browser in front of it, and who publishes from outside.

Each test has customers and contracts of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from secrets import token_hex
from uuid import UUID

from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Response,
    async_playwright,
    expect,
)

from desk.commands.mail import FolderMail, mails_in
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import SentRecord
from desk.local.supervisor import Desk, desk_up
from services.customer_portal.projections import FOLDS
from services.customer_portal.queries import ProjectionQueries
from services.customer_portal.service import VIEWS, utc_now
from services.customer_portal.settings import Settings
from shared.events.reference import reference_of
from shared.events.topics import PORTAL
from shared.kafka.record_sender import RecordSender, record_sender
from shared.mongo.client import Database, connect
from shared.runtime.projections.generations import Generations
from shared.web.passkeys import Passkeys, RelyingParty
from shared.web.sessions import Holder, Session, Sessions, Visitor, new_id
from tests.browser import tools
from tests.builders import fetch_pace
from tests.builders.clients import settings_at
from tests.builders.openid_provider import CLIENT, SECRET, Provider, provider
from tests.builders.passkeys import ORIGIN

PATIENCE_S = 120.0
"""How long anything may take on a busy machine before a test fails."""
QUICK = {
    "CONTRACT_GRACE_SECONDS": "3",
    "ACCESS_GRACE_SECONDS": "1",
    "MAX_PAUSE_SECONDS": "1",
    "CLOCK_TICK_SECONDS": "0.2",
    "UNREGISTERED_MAILS_PER_HOUR": "5000",
    "UNREGISTERED_MAILS_PER_DAY": "5000",
}
NOT_LOADED = "Failed to load resource"
"""Chromium says it of a page with an error status, too; answers are looked at one by one."""
CODE = re.compile(r"^ +([0-9]{4}) ([0-9]{4})\s*$", re.MULTILINE)


@dataclass
class PortalDesk:
    """The desk and portal under test."""

    desk: Desk
    browser: Browser
    sender: RecordSender
    generations: Generations
    queries: ProjectionQueries
    sessions: Sessions
    passkeys: Passkeys
    world: World
    provider: Provider
    errors: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _addresses: count[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        assert self.desk.endpoints.portal is not None
        return self.desk.endpoints.portal

    async def visitor(self, **options: object) -> Page:
        """A page in a browser of its own, from an address of its own."""
        number = next(self._addresses)
        context = await self.browser.new_context(
            base_url=self.url,
            extra_http_headers={"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"},
            reduced_motion="reduce",
            **{"locale": "es-ES", **options},  # type: ignore[arg-type]  # playwright's own options
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text, page.url))
        page.on("pageerror", lambda error: self._note("error", str(error), page.url))
        page.on("response", lambda answer: self._note_refused(answer, page.url))
        return page

    def _note(self, kind: str, text: str, url: str) -> None:
        if kind in ("error", "warning") and not text.startswith(NOT_LOADED):
            self.errors.append(f"{url}: {text}")

    def _note_refused(self, answer: Response, url: str) -> None:
        """A page may be refused, as a form with faults is; what it loads may not."""
        if answer.status >= 400 and answer.request.resource_type != "document":
            self.errors.append(f"{url}: {answer.status} for {answer.url}")

    async def close_pages(self) -> None:
        while self._contexts:
            await self._contexts.pop().close()

    async def publish(self, *records: SentRecord) -> None:
        """As a channel, the registry, billing or an agent does."""
        for record in records:
            await self.sender.send(
                record.topic,
                record.key.encode(),
                json.dumps(record.data).encode(),
                headers_of(record),
            )

    def holder(self, customer: DemoCustomer) -> Holder:
        return Holder(customer.id)

    def person(self, name: str) -> DemoCustomer:
        """Somebody nobody knows yet."""
        new = self.world.customer(name)
        return DemoCustomer(new.id, new.name, f"{name}-{token_hex(3)}@example.test")

    async def customer(self, name: str, *, access: bool = True) -> DemoCustomer:
        """Somebody registered, and with access to contracts."""
        person = self.person(name)
        await self.publish(self.world.registers(person))
        await self.registered(person)
        if access:
            await self.authorise(person)
        return person

    async def registered(self, customer: DemoCustomer) -> None:
        await self.until(lambda: self.queries.profile(Holder(customer.id)))

    async def authorise(self, customer: DemoCustomer) -> None:
        """An agent authorises the access, and the pages know it."""
        await self.publish(
            self.world.agent("access_authorised", customer.id, customer_id=customer.id)
        )

        await self.until(lambda: self.has_access(customer))

    async def has_access(self, customer: DemoCustomer) -> bool:
        profile = await self.queries.profile(Holder(customer.id))
        return bool(profile and profile["access"])

    async def contract(self, customer: DemoCustomer, kind: str, **more: object) -> str:
        """The registry reports a contract, and the pages know it."""
        number = self.world.contract("K")
        await self.publish(self.world.records(number, customer, kind, **more))

        async def known() -> bool:
            found = await self.queries.contracts(Holder(customer.id))
            return any(contract["_id"] == number for contract in found)

        await self.until(known)
        return number

    async def sign_in(self, page: Page, address: str) -> None:
        """By the code that the mail brings."""
        await page.goto("/es/entrar")
        before = len(self.mails(address))
        await page.get_by_label("Correo electrónico").fill(address)
        await page.get_by_role("button", name="Enviarme un código").click()
        mail = await self.mail(address, after=before)
        found = CODE.search(mail.body)
        assert found, mail.body
        await page.get_by_label("Código").fill(f"{found[1]} {found[2]}")
        await page.get_by_role("main").get_by_role("button", name="Entrar").click()
        await expect(page.get_by_role("button", name="Salir")).to_be_visible()

    async def signed_in(self, customer: DemoCustomer, **options: object) -> Page:
        page = await self.visitor(**options)
        await self.sign_in(page, customer.email)
        return page

    async def with_session(self, customer: DemoCustomer) -> Page:
        """A page of a customer who is signed in already: a client gets few codes an hour."""
        visitor = Session(new_id(), Visitor(new_id()))
        session = await self.sessions.sign_in(visitor, self.holder(customer))
        page = await self.visitor()
        secured = self.url.replace(
            "http://", "https://"
        )  # localhost counts as such, set by hand not
        await page.context.add_cookies(
            [{"name": "__Host-session", "value": session.id, "url": secured, "secure": True}]
        )
        return page

    async def asked(self, customer: DemoCustomer) -> str:
        """Publishes a question of the customer; returns its reference."""
        question = self.world.submits(
            customer,
            "inquiry",
            request_type="orders_and_deliveries",
            subject="Un pedido",
            text="¿Dónde está mi pedido?",
            contact=customer.contact,
        )
        await self.publish(question)
        return reference_of(UUID(question.inquiry_id))

    def mails(self, address: str) -> list[FolderMail]:
        """Returns the mails to one address, oldest first."""
        assert self.desk.endpoints.mailbox is not None
        return [mail for mail in mails_in(self.desk.endpoints.mailbox) if address in mail.to]

    async def mail(self, address: str, *, after: int = 0, about: str = "") -> FolderMail:
        """The first mail to an address after so many, with these words in its subject or text."""

        def came() -> FolderMail | None:
            mails = self.mails(address)[after:]
            return next((mail for mail in mails if about in mail.subject + mail.body), None)

        async def found() -> FolderMail | None:
            return came()

        await self.until(found)
        mail = came()
        assert mail is not None
        return mail

    async def open_until(self, page: Page, path: str, wanted: Locator) -> None:
        """Load a page that does not change by itself until it shows what has just happened."""

        async def shown() -> bool:
            await page.goto(path)
            return await wanted.count() > 0

        await self.until(shown)

    async def until(self, found: Callable[[], Awaitable[object]]) -> None:
        """Until an awaitable answer is a true one."""
        async with asyncio.timeout(PATIENCE_S):
            while not await found():
                await asyncio.sleep(0.1)


def headers_of(sent: SentRecord) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", sent.id.encode()),
        ("ce_source", sent.source.encode()),
        ("ce_type", sent.ce_type.encode()),
        ("content-type", b"application/json"),
    ]


@asynccontextmanager
async def portal_desk(directory: Path, kafka: str | None = None) -> AsyncIterator[PortalDesk]:
    """Everything on this machine, until left; the broker is embedded unless `kafka` is one."""
    if kafka is None:
        fetch_pace.install()
    expect.set_options(timeout=PATIENCE_S * 1000)
    async with (
        provider() as openid,
        desk_up(
            directory,
            kafka=kafka,
            portal=True,
            console=True,
            overrides=QUICK | known(openid),
            say=_quiet,
        ) as desk,
        record_sender(settings_at(desk.endpoints.kafka_bootstrap_servers)) as sender,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=tools.chromium(), args=["--disable-dev-shm-usage"]
        )
        client = connect(desk.endpoints.mongo_url)
        settings = Settings()
        views = Database(client, settings.database_of(VIEWS), journal=settings.mongo_journal)
        generations = Generations(views, FOLDS)
        await generations.begin()
        own = Database(client, settings.database_of(PORTAL), journal=settings.mongo_journal)
        sessions = Sessions(
            own, idle=settings.session_idle, life=settings.session_life, now=utc_now
        )
        passkeys = Passkeys(own, RelyingParty("Empresa", ORIGIN), utc_now)
        world, queries = World(token_hex(2), datetime.now(UTC)), ProjectionQueries(generations)
        try:
            yield PortalDesk(
                desk, browser, sender, generations, queries, sessions, passkeys, world, openid
            )
        finally:
            client.close()
            await browser.close()


def known(openid: Provider) -> dict[str, str]:
    """Returns a portal's settings for its provider."""
    return {
        "OIDC_ISSUER": openid.issuer,
        "OIDC_NAME": "Empresa",
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
    }


def _quiet(_line: str) -> None:
    """The desk's restarts are not this test run's output."""
