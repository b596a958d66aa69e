"""The store's port without a database: documents in this process, as they would be stored.

It archives nothing and lets nothing leave a history. All else is as in MongoDB: versions decide
between two writers, states and events are kept as JSON, and what BSON cannot hold is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.events.envelope import Event, Ref
from shared.events.topics import EVENT_TYPES
from shared.mongo.client import Document
from shared.mongo.encoding import encode
from shared.mongo.errors import UNSTORABLE
from shared.runtime.aggregates.aggregate import LONG_AGO, Aggregate
from shared.runtime.aggregates.document_mapper import OF_THE_STATE, Unstorable
from shared.runtime.aggregates.parking import Parking
from shared.runtime.aggregates.queries import Due, newest_traceparent
from shared.runtime.aggregates.store import Conflict, Taken
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.decider import Decider


@dataclass(frozen=True)
class Kept:
    """One document. `lease` is the token of the worker that took it."""

    version: int
    state: Document | None
    history: tuple[Document, ...]
    parked: Document | None = None
    due_at: datetime | None = None
    work_at: datetime | None = None
    work_since: datetime | None = None
    lease: str | None = None
    format: int = 0


@dataclass
class MemoryStore:
    """The aggregates of one service. `written` are the history entries, in the order of writing."""

    deciders: Iterable[Decider[Any]]
    documents: dict[Ref, Kept] = field(default_factory=dict)
    written: list[tuple[Ref, Document]] = field(default_factory=list)
    upgrades: dict[str, Document] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._holders: dict[tuple[str, str, str], Ref] = {}
        self._deciders = {decider.kind: decider for decider in self.deciders}
        own = [event for it in self._deciders.values() for event in it.private_events]
        self._events = EVENT_TYPES | {event.ce_type: event for event in own}

    def decider(self, kind: str) -> Decider[Any]:
        return self._deciders[kind]

    def knows(self, entry: Document) -> bool:
        return all(event["type"] in self._events for event in entry["events"])

    def event(self, stored: Mapping[str, Any]) -> Event:
        return self._events[stored["type"]].model_validate(stored["data"])

    def states(self) -> dict[Ref, Any]:
        """Every aggregate's state as the next message finds it."""
        return {ref: self.state(ref) for ref in self.documents}

    def state(self, ref: Ref) -> Any:
        """The same, of one; None where there is none."""
        kept = self.documents.get(ref)
        return kept and self._state(ref.kind, kept)[0]

    def put(self, ref: Ref, state: Any) -> None:
        """A document with this state, whatever its history says."""
        before = self.documents.get(ref) or Kept(0, None, ())
        dumped = state.model_dump(mode="json")
        due_at = self._due_at(ref.kind, state, None)
        self.documents[ref] = replace(
            before, version=before.version + 1, state=dumped, due_at=due_at
        )

    async def read(
        self, refs: Iterable[Ref], _message_ids: Sequence[str] = ()
    ) -> dict[Ref, Aggregate]:
        return {ref: self._loaded(ref) for ref in refs}

    def _loaded(self, ref: Ref) -> Aggregate:
        kept = self.documents.get(ref)
        if kept is None:
            return Aggregate(ref)
        state, newer = self._state(ref.kind, kept)
        parked = Parking.read(kept.parked) if kept.parked else None
        aggregate = Aggregate(
            ref,
            version=kept.version,
            state=state,
            work_at=self._work_at(ref.kind, state, parked),
            parked=parked,
            kept=len(kept.history),
            newer=newer,
        )
        for entry in kept.history:
            aggregate.remember({**entry})
        return aggregate

    def _state(self, kind: str, kept: Kept) -> tuple[Any, bool]:
        if kept.format > self._deciders[kind].format:
            return None, True
        if not all(map(self.knows, kept.history)):
            return None, True
        try:
            return kept.state and self._deciders[kind].state.model_validate(kept.state), False
        except ValidationError:
            return None, True

    def _work_at(self, kind: str, state: Any, parked: Parking | None) -> datetime | None:
        if state is None or (parked is not None and parked.outcome is not None):
            return None
        return self._deciders[kind].work_at(state)

    def _due_at(self, kind: str, state: Any, parked: Parking | None) -> datetime | None:
        if state is None or (parked is not None and parked.timer is not None):
            return None
        return self._deciders[kind].due_at(state)

    async def look_up(self, aliases: Iterable[Ref]) -> dict[Ref, Ref]:
        wanted = set(aliases)
        named = ((self._alias(ref, kept), ref) for ref, kept in self.documents.items())
        return {alias: ref for alias, ref in named if alias in wanted}

    def _alias(self, ref: Ref, kept: Kept) -> Ref | None:
        name = self._deciders[ref.kind].alias
        found = (kept.state or {}).get(name) if name else None
        return Ref(ref.kind, found) if isinstance(found, str) else None

    async def write(
        self, aggregates: Iterable[Aggregate], _publications: UnpublishedEntries
    ) -> None:
        touched = [aggregate for aggregate in aggregates if aggregate.touched]
        fresh = [self._document(aggregate) for aggregate in touched]
        failed: Exception | None = None
        for aggregate, document in zip(touched, fresh, strict=True):
            try:
                self._write(aggregate, document)
            except (Conflict, Taken) as fault:
                failed = failed or fault
        if failed is not None:
            raise failed

    def _write(self, aggregate: Aggregate, document: Kept) -> None:
        ref = aggregate.ref
        before = self.documents.get(ref)
        if aggregate.version != (before.version if before else 0):
            raise Conflict
        if any(self._is_taken(ref, document, name) for name in self._deciders[ref.kind].unique):
            raise Taken(ref)
        self.documents[ref] = document
        self.written += [(ref, entry) for entry in aggregate.added]

    def _is_taken(self, ref: Ref, document: Kept, name: str) -> bool:
        wanted = (document.state or {}).get(name)
        if not isinstance(wanted, str):
            return False
        return self._holders.setdefault((ref.kind, name, wanted), ref) != ref

    def _document(self, aggregate: Aggregate) -> Kept:
        """Returns the document as written. Raises `Unstorable` for values that BSON cannot hold."""
        kind, state, parked = aggregate.ref.kind, aggregate.state, aggregate.parked
        dumped = None if state is None else state.model_dump(mode="json")
        try:
            size = len(encode({"state": dumped}).raw)
        except UNSTORABLE as error:
            raise Unstorable(aggregate.ref, type(error).__name__) from None
        aggregate.bytes = size + aggregate.added_bytes
        before = self.documents.get(aggregate.ref)
        fields: dict[str, Any] = {
            "state": dumped,
            "due_at": self._due_at(kind, state, parked),
            "work_at": self._work_at(kind, state, parked),
            "work_since": None if state is None else self._deciders[kind].work_since(state),
        }
        its_holders = aggregate.keeps_lease(fields["work_at"])
        if its_holders or fields["work_at"] is None:
            aggregate.lease = None
        fields["lease"] = None
        if aggregate.lease is not None:
            fields |= {"work_at": aggregate.lease.until, "lease": aggregate.lease.token}
        if before and its_holders:
            fields |= {"work_at": before.work_at, "lease": before.lease}
        if aggregate.newer and before:
            unread = {"state"} | OF_THE_STATE - {"large"}
            fields = {name: getattr(before, name) for name in unread}
        return Kept(
            version=aggregate.version + 1,
            history=tuple({**entry} for entry in aggregate.known.values()),
            parked=parked.document() if parked else None,
            format=self._deciders[kind].format
            if aggregate.added
            else before.format
            if before
            else 0,
            **fields,
        )

    async def begun_by(self, _ref: Ref, _inquiry_ids: Collection[str]) -> dict[str, str]:
        return {}

    async def due(self, kind: str, now: datetime, limit: int, skipped: int = 0) -> list[Due]:
        found = [
            Due(ref, kept.due_at, kept.version, newest_traceparent(kept.history))
            for ref, kept in self.documents.items()
            if ref.kind == kind and kept.due_at is not None and kept.due_at <= now
        ]
        return sorted(found, key=lambda it: it.due_at)[skipped : skipped + limit]

    def next_due(self) -> Due | None:
        """Returns the aggregate of any kind that is due next, also in the future."""
        found = ((it.due_at, ref, it.version) for ref, it in self.documents.items() if it.due_at)
        due_at, ref, version = min(found, default=(None, None, 0))
        return None if due_at is None or ref is None else Due(ref, due_at, version)

    async def lease(
        self,
        kind: str,
        now: datetime,
        until: datetime,
        token: str,
        limit: int,
        *,
        run_out: bool = True,
    ) -> list[Aggregate]:
        due = [
            (kept.work_at, ref)
            for ref, kept in self.documents.items()
            if ref.kind == kind and kept.work_at is not None and kept.work_at <= now
            if run_out or kept.lease is None
        ]
        mine = [ref for _, ref in sorted(due)[:limit]]
        leased = [
            replace(self._loaded(ref), taken_over=self.documents[ref].lease is not None)
            for ref in mine
        ]
        for ref in mine:
            self.documents[ref] = replace(self.documents[ref], work_at=until, lease=token)
        return leased

    async def release(self, aggregates: Iterable[Aggregate]) -> None:
        for aggregate in aggregates:
            kept = self.documents[aggregate.ref]
            if kept.version == aggregate.version:
                self.documents[aggregate.ref] = replace(kept, work_at=None, lease=None)

    async def give_back(self, aggregates: Iterable[Aggregate]) -> None:
        for aggregate in aggregates:
            kept = self.documents.get(aggregate.ref)
            if kept and aggregate.lease and kept.lease == aggregate.lease.token:
                self.documents[aggregate.ref] = replace(kept, work_at=LONG_AGO, lease=None)

    async def waiting(self, kind: str) -> tuple[int, datetime | None]:
        kept = (it for ref, it in self.documents.items() if ref.kind == kind)
        since = [it.work_since for it in kept if it.work_since is not None]
        return len(since), min(since, default=None)

    async def newest(self, kind: str, ids: Iterable[str]) -> list[Aggregate]:
        wanted = sorted(Ref(kind, record_id) for record_id in ids)
        return [self._loaded(ref) for ref in wanted if ref in self.documents]

    async def page(self, kind: str, after: str | None, limit: int) -> list[Aggregate]:
        later = sorted(it.id for it in self.documents if it.kind == kind and it.id > (after or ""))
        return await self.newest(kind, later[:limit])

    async def upgrade(self, name: str) -> Document:
        return self.upgrades.get(name, {})

    async def note_upgrade(self, name: str, progress: Document) -> None:
        self.upgrades[name] = self.upgrades.get(name, {}) | progress

    async def history(self, kind: str, aggregate_id: str) -> list[Document]:
        kept = self.documents.get(Ref(kind, aggregate_id))
        return [] if kept is None else [{**entry} for entry in kept.history]
