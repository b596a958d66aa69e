"""A console without broker, database or mail server; a browser of `portal.py` walks through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch

from limits.aio.storage import MemoryStorage
from starlette.types import ASGIApp

from services.operations_console import service
from services.operations_console.overview import Seen
from services.operations_console.service import Process, wire
from services.operations_console.settings import Settings
from shared.events.values import Language
from shared.operations.case_timeline import CaseTimeline, NoSuchCase
from shared.web.sessions import BY_CODE, Holder, Operator, Role, Session, Visitor
from shared.web.sign_in_mail import Words
from tests.builders.few_documents import FewDocuments
from tests.builders.portal import Browser

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
COOKIE = "__Host-staff"


@dataclass
class CasesOfFew:
    """Finds these cases, by the ids that were asked for."""

    known: dict[str, CaseTimeline] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    complete: bool = True
    on_topics: dict[str, CaseTimeline] = field(default_factory=dict)
    """Cases that the index does not have."""

    async def find(self, named: str) -> CaseTimeline:
        self.asked.append(named)
        if named not in self.known:
            raise NoSuchCase(named, self.complete)
        return self.known[named]

    async def find_on_topics(self, named: str) -> CaseTimeline:
        if named not in self.on_topics:
            raise NoSuchCase(named, self.complete)
        return self.on_topics[named]


@dataclass
class OverviewOfFew:
    """Has seen this, however often it is asked."""

    last: Seen = field(default_factory=lambda: Seen(NOW, None, None))
    times: int = 0

    async def seen(self) -> Seen:
        self.times += 1
        return self.last


@dataclass
class ConsoleOfFew:
    """A wired console process on documents in memory."""

    process: Process
    app: ASGIApp
    own: FewDocuments
    mailed: list[tuple[Language, str, str]]
    cases: CasesOfFew
    told: list[tuple[Language, str, Words, Mapping[str, str]]]
    overview: OverviewOfFew

    @property
    def browser(self) -> Browser:
        return Browser(cast(Any, self))

    async def account(self, name: str, *roles: Role) -> Operator:
        """A member of staff of `desk staff`."""
        made = await self.process.console.staff.add(name, f"{name}@desk.example", roles)
        return made.operator

    async def signed_in(self, who: Operator | Holder) -> Browser:
        before = Session("x" * 43, Visitor(f"visitor of {who}"))
        sessions = self.process.console.sessions
        if isinstance(who, Holder):
            session = await sessions.sign_in(before, who)
        else:
            session = await sessions.sign_in_staff(before, who, BY_CODE)
        return Browser(cast(Any, self), {COOKIE: session.id})

    async def who(self, browser: Browser) -> Operator | None:
        session = await self.process.console.sessions.read(browser.cookies.get(COOKIE))
        return session.operator


@contextmanager
def console_of_few(**settings: Any) -> Iterator[ConsoleOfFew]:
    own, cases, overview = FewDocuments(), CasesOfFew(), OverviewOfFew()
    with patch.object(service, "Database", lambda *_a, **_k: own):
        process = wire(Settings(**settings), storage=MemoryStorage(), now=lambda: NOW)
    mailed: list[tuple[Language, str, str]] = []
    parts = process.console
    told: list[tuple[Language, str, Words, Mapping[str, str]]] = []
    with (
        patch.object(type(parts.code_mails), "send", lambda _self, *said, **_: mailed.append(said)),
        patch.object(type(parts.code_mails), "tell", lambda _self, *said: told.append(said)),
        patch.object(type(parts.cases), "find", lambda _self, named: cases.find(named)),
        patch.object(
            type(parts.cases), "find_on_topics", lambda _self, named: cases.find_on_topics(named)
        ),
        patch.object(type(parts.overview), "seen", lambda _self: overview.seen()),
    ):
        yield ConsoleOfFew(process, process.app, own, mailed, cases, told, overview)
    process.client.close()
