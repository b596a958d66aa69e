"""A console without broker, database or mail server; a browser of `portal.py` walks through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch

from limits.aio.storage import MemoryStorage
from starlette.types import ASGIApp

from services.operations_console import service
from services.operations_console.dead_letters import Drafted, ListedLetters, Opened, opened_of
from services.operations_console.overview import Seen
from services.operations_console.owners import Owners
from services.operations_console.pages import agents
from services.operations_console.records import Browsed, Tail
from services.operations_console.service import Process, wire
from services.operations_console.settings import Settings
from shared.events.operations import LetterHandled
from shared.events.topics import SERVICES
from shared.events.values import Language
from shared.kafka.records import Envelope, Record, RecordPosition
from shared.kafka.topic_records import Window
from shared.mongo.client import Collection as Entries
from shared.operations.audit_trail import AuditTrail, Author
from shared.operations.case_timeline import CaseTimeline, NoSuchCase
from shared.operations.dead_letters.correct import Correction, corrected
from shared.operations.dead_letters.edit import Draft
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.listing import FoundLetters
from shared.operations.dead_letters.run import Foretold
from shared.operations.dead_letters.selection import Plan, chosen
from shared.operations.decoded_record import DecodedRecord
from shared.operations.errors import OperationError
from shared.operations.parked import Parked
from shared.operations.service_client import ServiceError
from shared.operations.tail import Wanted
from shared.outage import Outage
from shared.runtime.operations.answers import (
    DueRecord,
    Foreseen,
    History,
    HistoryEntry,
    ListPage,
    PreviewAnswer,
    PreviewedEvent,
    RecordedEvent,
)
from shared.runtime.projections.record_index import IndexKeeper, RecordIndex
from shared.web.sessions import BY_CODE, Holder, Operator, Role, Session, Visitor
from shared.web.sign_in_mail import Words
from tests.builders.few_documents import Collection, FewDocuments
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
class LettersOfFew:
    """These dead letters, and what was done with them."""

    letters: list[Letter] = field(default_factory=list)
    acts: list[LetterHandled] = field(default_factory=list)
    waiting: list[Parked] = field(default_factory=list)
    faults: list[str] | None = field(default_factory=list)
    silent: list[ServiceError] = field(default_factory=list)
    told: list[Foretold] = field(default_factory=list)
    refused: OperationError | None = None
    drafts: list[Correction] = field(default_factory=list)
    brings: Foreseen = field(default_factory=Foreseen)
    older: Mapping[int, int] = field(default_factory=dict)
    asked: list[tuple[Mapping[int, int], str]] = field(default_factory=list)

    async def listed(self, before: Mapping[int, int], like: str = "") -> ListedLetters:
        self.asked.append((before, like))
        return ListedLetters(self._stand(self.letters), self.older)

    async def as_they_stand(self, ids: Sequence[LetterId]) -> FoundLetters:
        return self._stand(chosen(ids, self.letters))

    async def opened(self, asked: LetterId) -> Opened:
        [letter] = chosen([asked], self.letters)
        return opened_of(letter, self._stand(self.letters), self.faults)

    def _stand(self, letters: Sequence[Letter]) -> FoundLetters:
        return FoundLetters(
            [it.brief for it in letters], AuditTrail(self.acts), self.waiting, self.silent
        )

    async def foretold(self, ids: Sequence[LetterId]) -> tuple[Plan, list[Foretold]]:
        if self.refused is not None:
            raise self.refused
        chosen(ids, self.letters)
        return Plan(), self.told

    async def drafted(self, asked: LetterId, correction: Correction, _author: Author) -> Drafted:
        if self.refused is not None:
            raise self.refused
        [letter] = chosen([asked], self.letters)
        self.drafts.append(correction)
        return Drafted(Draft(letter, corrected(letter, correction), ()), self.brings)


@dataclass
class RecordsOfFew:
    """The services' records, each by its kind and id; an inquiry also by its reference.

    It stands for every service, unless it is `silent`.
    """

    known: dict[tuple[str, str], History] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    brings: Foreseen = field(default_factory=Foreseen)
    tried: list[Any] = field(default_factory=list)
    silent: bool = False
    falls_due: list[DueRecord] = field(default_factory=list)
    previewed: list[PreviewedEvent] = field(default_factory=list)

    async def history(
        self,
        kind: str,
        record_id: str | None = None,
        *,
        alias: str | None = None,
        first: int = 0,
    ) -> History | None:
        if self.silent:
            raise ServiceError("cancellation", "does not answer")
        found = self.known.get((kind, record_id or self.references.get(str(alias), "")))
        return found and found.model_copy(update={"entries": found.entries[first:]})

    async def dry_run(self, records: Sequence[Any]) -> list[Foreseen]:
        if self.silent:
            raise ServiceError("cancellation", "does not answer")
        self.tried += records
        return [self.brings]

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Mapping[str, RecordsOfFew]]:
        yield dict.fromkeys(SERVICES, self)

    async def due(self, _limit: int, _after: str | None = None) -> ListPage[DueRecord]:
        if self.silent:
            raise ServiceError("cancellation", "does not answer")
        return ListPage[DueRecord](service="s", items=tuple(self.falls_due))

    async def preview(self, question: Mapping[str, Any]) -> PreviewAnswer:
        if self.silent:
            raise ServiceError("cancellation", "does not answer")
        self.tried.append(question)
        return PreviewAnswer(service="s", at=NOW, known=True, events=tuple(self.previewed))

    def happens(
        self,
        kind: str,
        record_id: str,
        *events: RecordedEvent,
        by: str = "",
        topic: str = "desk.submissions",
    ) -> None:
        """Something that the record's service decided, on the message `by`."""
        before = self.known.get((kind, record_id))
        entries = before.entries if before else ()
        entry = HistoryEntry(
            number=len(entries),
            message_id=by,
            topic=topic,
            partition=0,
            offset=len(entries),
            at=NOW,
            events=events,
        )
        self.known[kind, record_id] = History(
            service="s",
            kind=kind,
            id=record_id,
            version=len(entries) + 1,
            state=before.state if before else {"status": "open", "language": "es"},
            entries_in_all=len(entries) + 1,
            entries=(*entries, entry),
        )


@dataclass
class TopicsOfFew:
    """The topics hold these records, in this order of time."""

    records: list[DecodedRecord] = field(default_factory=list)
    asked: list[tuple[str, Wanted, Window | None]] = field(default_factory=list)
    complete: bool = True

    async def at(self, place: RecordPosition) -> DecodedRecord | None:
        return next((it for it in self.records if it.place == place), None)

    async def newest(self, topic: str, wanted: Wanted) -> Browsed:
        self.asked.append((topic, wanted, None))
        return Browsed(self._chosen(topic, wanted)[::-1], self.complete)

    async def since(self, topic: str, wanted: Wanted, window: Window) -> Browsed:
        self.asked.append((topic, wanted, window))
        return Browsed(self._chosen(topic, wanted), self.complete, more=True)

    def _chosen(self, topic: str, wanted: Wanted) -> list[DecodedRecord]:
        return [it for it in self.records if it.place.topic == topic and wanted.matches(it)]

    def tail(self, topic: str, wanted: Wanted) -> Tail:
        return Tail(cast(Any, self), topic, wanted)

    @contextmanager
    def following(self, tail: Tail) -> Iterator[AsyncIterator[DecodedRecord]]:
        async def coming() -> AsyncIterator[DecodedRecord]:
            for it in self._chosen(*tail.about):
                yield it
            await asyncio.Event().wait()

        yield coming()


@dataclass
class PublisherOfFew:
    """Takes what is published, unless the broker is away."""

    published: list[Envelope] = field(default_factory=list)
    away: bool = False

    async def publish(self, outgoing: list[Envelope]) -> None:
        if self.away:
            raise Outage("kafka", "away")
        self.published += outgoing


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
    letters: LettersOfFew
    publisher: PublisherOfFew
    records: RecordsOfFew
    topics: TopicsOfFew

    @property
    def browser(self) -> Browser:
        return Browser(cast(Any, self))

    async def account(self, name: str, *roles: Role) -> Operator:
        """A member of staff of `desk staff`."""
        made = await self.process.console.staff.add(name, f"{name}@desk.example", roles)
        return made.operator

    async def keeps(self, index: RecordIndex, *records: Record) -> None:
        """The projector keeps the records in the index, and again, as after a rebalance."""
        generation = self.process.generations.state.serving
        entries = self.own.collection(generation.collection(index.name))
        keeper = IndexKeeper(index, cast(Entries, entries), cast(Entries, Collection()))
        await keeper.keep(records)
        await keeper.keep(records)

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
    letters, publisher, records = LettersOfFew(), PublisherOfFew(), RecordsOfFew()
    topics = TopicsOfFew()
    with (
        patch.object(service, "Database", lambda *_a, **_k: own),
        patch.object(service, "DeadLetters", lambda *_given: letters),
        patch.object(service, "Records", lambda _settings: topics),
    ):
        process = wire(
            Settings(**settings),
            publisher=publisher,
            storage=MemoryStorage(),
            now=lambda: NOW,
        )
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
        patch.object(Owners, "asked", lambda _self: records.services()),
        patch.object(agents, "ANSWERED_WITHIN_S", 0.0),
    ):
        yield ConsoleOfFew(
            process,
            process.app,
            own,
            mailed,
            cases,
            told,
            overview,
            letters,
            publisher,
            records,
            topics,
        )
    process.client.close()
