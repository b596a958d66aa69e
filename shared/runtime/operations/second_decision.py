"""Decides again what was decided before: on the records as they stood then, at that time.

What differs from what the history holds is due to this release or these settings. A record that
was not decided yet is decided as a dry run does it: now, on the records as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.envelope import Ref
from shared.kafka.records import EPOCH
from shared.mongo.client import Database, Document
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.store import Store
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.codec import Record
from shared.runtime.decider import Service
from shared.runtime.operations.answers import DecidedThen, Foreseen, ForeseenEvent
from shared.runtime.operations.dry_run import DryRun, SilentPublisher, foreseen_in
from shared.runtime.record_faults import NO_OVERRIDES, Sources
from shared.runtime.stage.batch import Breath, IncomingMessage, utc_now
from shared.runtime.stage.read import Reader
from shared.runtime.stage.stage import Stage
from shared.telemetry.logging import silence
from shared.telemetry.metrics import Metrics

HISTORIES_KEPT = 16
"""Histories in memory at a time: records of one range are often about the same few."""
TOMBSTONE = "/topics/"
"""The source of a message that emptied a history: what was decided before it is not known."""


@dataclass(slots=True)
class _Folded:
    """One record's history; `state` is what its first `count` entries add up to."""

    entries: Sequence[Document]
    whole: bool
    count: int = 0
    state: Any = None


@dataclass(frozen=True, slots=True)
class _Then:
    """When a message was decided, and whether what else was decided at that instant came first.

    `entries` are the message's own, by message and digest.
    """

    entries: frozenset[tuple[str, str]]
    at: datetime
    inclusive: bool = True

    def before(self, history: Sequence[Document]) -> int:
        """How many entries of a history came before the message."""
        for number, entry in enumerate(history):
            if (entry["message_id"], entry["digest"]) in self.entries:
                return number
        came = [entry["at"] < self.at or self._as_early(entry) for entry in history]
        return came.index(False) if False in came else len(came)

    def _as_early(self, entry: Document) -> bool:
        return bool(self.inclusive and entry["at"] == self.at)


class EarlierStore(Store):
    """Reads each record as it stood at `then`, folded from its history, and never writes."""

    def __init__(self, service: Service, database: Database) -> None:
        super().__init__(database, service.deciders)
        self._histories: dict[Ref, _Folded] = {}
        self.then = _Then(frozenset(), EPOCH)
        self.events: list[ForeseenEvent] = []

    async def read(
        self,
        refs: Iterable[Ref],
        message_ids: Sequence[str] = (),  # noqa: ARG002
    ) -> dict[Ref, Aggregate]:
        return {ref: await self._earlier(ref) for ref in dict.fromkeys(refs)}

    async def write(
        self, aggregates: Iterable[Aggregate], _publications: UnpublishedEntries
    ) -> None:
        for aggregate in aggregates:
            self.events += foreseen_in(aggregate.ref, aggregate.added)

    async def known(self, ref: Ref) -> _Folded:
        """The record's whole history, as far as it is kept. Raises `Outage`."""
        if ref in self._histories:
            return self._histories[ref]
        documents = await self._documents(ref.kind, [ref.id])
        found = _Folded((), whole=True)
        for document in documents:
            entries = await self.whole_history(ref.kind, document)
            kept = len(entries) - len(document["history"])
            found = _Folded(entries, whole=kept == document.get("archived", 0))
        while len(self._histories) >= HISTORIES_KEPT:
            del self._histories[next(iter(self._histories))]
        self._histories[ref] = found
        return found

    async def can_be_read(self, ref: Ref) -> bool:
        """Whether the record's state at `then` follows from what is kept of its history."""
        found = await self.known(ref)
        count = self.then.before(found.entries)
        emptied = any(it["message_id"].startswith(TOMBSTONE) for it in found.entries[count:])
        return found.whole and not emptied and all(map(self.knows, found.entries[: count + 1]))

    async def _earlier(self, ref: Ref) -> Aggregate:
        found = await self.known(ref)
        count = self.then.before(found.entries)
        if found.count > count:
            found.count, found.state = 0, None
        breath = Breath()
        for entry in found.entries[found.count : count]:
            await breath.taken()
            found.state = self._evolved(ref.kind, found.state, entry)
        found.count = count
        aggregate = Aggregate(ref, version=count, state=found.state, kept=count)
        for entry in found.entries[:count]:
            aggregate.remember(entry)
        return aggregate

    def _evolved(self, kind: str, state: Any, entry: Document) -> Any:
        if entry["message_id"].startswith(TOMBSTONE):
            return None
        for stored in entry["events"]:
            state = self.decider(kind).evolve(state, self.event(stored))
        return state


class SecondDecision:
    """Decides records for one service, each as if it came again to where it came first."""

    def __init__(
        self,
        service: Service,
        database: Database,
        *,
        clock: Callable[[], datetime] = utc_now,
        sources: Sources = NO_OVERRIDES,
    ) -> None:
        self._first = DryRun(service, database, clock=clock, sources=sources)
        self._store = EarlierStore(service, database)
        self._reader = Reader(service, self._store, sources)
        self._publisher = SilentPublisher()
        self._stage = Stage(
            service,
            self._store,
            self._publisher,
            self._publisher,
            Metrics(),
            clock=lambda: self._store.then.at,
            sources=sources,
        )

    async def decide(self, record: Record) -> Foreseen:
        """Decides the record again as of then, or now if it is new. Raises `Outage`."""
        received = await self._received(record)
        entries = {} if received is None else await self._entries(received)
        if received is None or not entries:
            return await self._first.decide(record)
        first = next(iter(entries.values()))
        then = DecidedThen(
            at=first["at"],
            topic=first["topic"],
            partition=first["partition"],
            offset=first["offset"],
            events=tuple(
                event for ref, entry in entries.items() for event in foreseen_in(ref, [entry])
            ),
            again=True,
        )
        own = frozenset((entry["message_id"], entry["digest"]) for entry in entries.values())
        return await self._again(record, received, own, then)

    async def _again(
        self,
        record: Record,
        received: IncomingMessage,
        own: frozenset[tuple[str, str]],
        then: DecidedThen,
    ) -> Foreseen:
        """Of what was decided at the same instant, nothing says whether it came first."""
        foreseen = Foreseen(then=then)
        for inclusive in (True, False):
            self._store.then = _Then(own, then.at, inclusive)
            if not await self._can_be_read(received):
                return Foreseen(then=then.model_copy(update={"again": False}))
            self._store.events.clear()
            self._publisher.dead.clear()
            with silence():
                await self._stage.process([record])
            fault = next((f"{it.reason}: {it.error}" for it in self._publisher.dead), None)
            events = tuple(self._store.events)
            if inclusive or events == then.events:
                foreseen = Foreseen(events=events, fault=fault, then=then)
            if events == then.events:
                break
        return foreseen

    async def _received(self, record: Record) -> IncomingMessage | None:
        """The record as a message with its route; None where it has none."""
        with silence():
            incoming, _ = await self._reader.messages([record], EPOCH)
        found = await self._reader.looked_up(incoming)
        return next(iter(found), None)

    async def _entries(self, received: IncomingMessage) -> Mapping[Ref, Document]:
        """The entry of the message in each history that has one."""
        found: dict[Ref, Document] = {}
        for ref in received.decides:
            history = (await self._store.known(ref)).entries
            answered = self._store.decider(ref.kind).answers_reused_ids
            exactly = isinstance(received.read.message.data, answered)
            own = (it for it in history if _is_of(it, received, exactly=exactly))
            if (entry := next(own, None)) is not None:
                found[ref] = entry
        return found

    async def _can_be_read(self, received: IncomingMessage) -> bool:
        refs = dict.fromkeys((*received.decides, *received.reads))
        return all([await self._store.can_be_read(ref) for ref in refs])


def _is_of(entry: Document, received: IncomingMessage, *, exactly: bool) -> bool:
    """Whether the entry is the message's; `exactly`: other words under its id are another's."""
    if entry["message_id"] != received.message_id:
        return False
    same = (received.read.digest, received.read.meaning)
    return not exactly or entry["digest"] == same[0] or entry.get("meaning") == same[1]
