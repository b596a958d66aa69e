"""Aggregates in MongoDB: state, version and history in one document.

`{_id, version, state, due_at?, work_at?, work_since?, parked?, archived?, large?, history_bytes,
history}`. The history is audit trail, inbox and outbox at once. Beyond a bound of entries or of
bytes its oldest *published* entries move to `<kind>_history`. Entries that may be unpublished stay
in the document, so that any process can publish them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, Literal, NamedTuple

import bson
import structlog
from bson.raw_bson import RawBSONDocument
from pydantic import ValidationError
from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, UpdateOne

from shared.events.envelope import Event, Ref
from shared.events.topics import EVENT_TYPES
from shared.mongo.abilities import create_missing_indexes, honours_slice
from shared.mongo.client import BulkWriteError, Database, Document
from shared.mongo.errors import UNSTORABLE, mongodb_errors_as_outage
from shared.mongo.unique import make_unique
from shared.outage import Outage
from shared.runtime.aggregates.archive import expiry_of, prepare_archive
from shared.runtime.aggregates.parking import Parking
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.decider import Decider

log: structlog.stdlib.BoundLogger = structlog.get_logger()

DUPLICATE_KEY = 11000
TOO_LARGE_OR_INVALID = frozenset({2, 121, 10334, 17419, 17420})
OUTCOMES = "desk.outcomes"
UPGRADES = "upgrades"
"""The collection that says how far each upgrade of the stored data is."""
MOST_COUNTED = 100_000

MB = 1024 * 1024
LARGE_BYTES = MB
"""No document should be as large as this; those that are have a field that says so."""
ALARM_BYTES = 4 * MB
LARGE_COUNTED = 1_000

OF_THE_STATE = frozenset({"due_at", "work_at", "work_since", "large"})
"""Fields that follow from the state: they stay as they are where it cannot be read."""

OwnMessage = Literal["timer", "outcome"]


def encode(document: Document) -> RawBSONDocument:
    """As the database keeps it. Raises one of `UNSTORABLE` for what it cannot keep."""
    return RawBSONDocument(bson.encode(document))


@dataclass(slots=True)
class Aggregate:
    """A working copy: what was stored, and what this batch has added so far.

    `known` finds a message in the history by identity and digest, `meanings` by identity and what
    it says. Of the entries in the document,
    `kept` were there before this batch, in `history_bytes` (None: not counted yet), and the oldest
    `leaving` go to the archive. `parked` is the line behind a message that our defect stumbled
    over. Only its head may be decided, so a replay lets the messages through as they came.
    `bytes` is the size of the document once it is written. `forgotten`: the history, its archived
    part too, is to lose what its events say. `newer`: a newer release wrote it, so that this one
    cannot know its state; it may wait, but neither be decided nor change but for its line.
    """

    ref: Ref
    version: int = 0
    state: Any = None
    work_at: datetime | None = None
    parked: Parking | None = None
    archived: int = 0
    kept: int = 0
    leaving: int = 0
    history_bytes: int | None = None
    bytes: int = 0
    known: dict[tuple[str, str], Document] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    meanings: dict[tuple[str, str], Document] = field(default_factory=dict)
    added: list[Document] = field(default_factory=list)
    encoded: list[RawBSONDocument] = field(default_factory=list)
    added_bytes: int = 0
    touched: bool = False
    forgotten: bool = False
    newer: bool = False

    def remember(self, entry: Document) -> None:
        self.known[entry["message_id"], entry["digest"]] = entry
        self.digests.setdefault(entry["message_id"], entry["digest"])
        meaning: str = entry.get("meaning") or entry["digest"]
        self.meanings.setdefault((entry["message_id"], meaning), entry)

    def record(self, entry: Document, state: Any, encoded: RawBSONDocument | None = None) -> None:
        """Add what has been decided. Raises what BSON raises for an entry it cannot hold."""
        encoded = encoded or encode(entry)
        self.encoded.append(encoded)
        self.added_bytes += len(encoded.raw)
        self.remember(entry)
        self.added.append(entry)
        self.state = state
        self.touched = True
        self.let_through(entry["message_id"])

    def forget(self, entry: Document) -> None:
        """Empty it by what `entry` has decided.

        The history goes on saying which messages were decided, so that none is decided again, but
        nothing of what they said.
        """
        for decided in self.known.values():
            decided["events"] = []
        self.encoded = [encode(one) for one in self.added]
        self.added_bytes = sum(len(one.raw) for one in self.encoded)
        self.history_bytes = None
        self.forgotten, self.newer, self.parked = True, False, None
        self.record(entry, None)

    def encode_again(self, number: int) -> None:
        """Take over a change of the entry that this batch added as its `number`-th, from 0."""
        self.encoded[number] = encode(self.added[number])

    def newest_entry(self) -> Document:
        """The last message decided. Raises IndexError where none is known."""
        return self.added[-1] if self.added else [*_in_document(self)][-1]

    @property
    def work_reported(self) -> bool:
        """Whether this batch brought the outcome of leased work, so that the lease is over."""
        return any(entry["topic"] == OUTCOMES for entry in self.added)

    def park(self, message_id: str, error: str, at: datetime) -> None:
        """Our defect stumbled over this message: it and all later ones wait, in order."""
        if self.parked is None:
            self.parked = Parking(at, error)
            self.parked.add(message_id)
            self.touched = True
        elif self.parked.error != error:
            self.parked.error = error
            self.touched = True

    def may_decide(self, message_id: str) -> bool:
        """Not parked, or this is the message at the head of those that wait."""
        return self.parked is None or self.parked.is_head(message_id)

    def wait(self, message_id: str) -> None:
        """A later message joins those that wait."""
        assert self.parked is not None
        self.touched = self.parked.add(message_id) or self.touched

    def wait_as_own(self, message_id: str, kind: OwnMessage) -> None:
        """This message of the line is the aggregate's own, which is not to be sent again."""
        assert self.parked is not None
        if message_id in self.parked and getattr(self.parked, kind) != message_id:
            setattr(self.parked, kind, message_id)
            self.touched = True

    def waits_for(self, message_id: str) -> bool:
        """Whether this message is among those that wait."""
        return self.parked is not None and message_id in self.parked

    def forgo(self, message_id: str) -> None:
        """This message will not be decided: what waits behind it waits for it no longer."""
        if self.waits_for(message_id):
            self.let_through(message_id)
            self.touched = True

    def let_through(self, message_id: str) -> None:
        """It has been decided after all, or given up. Clears the parking once the line is empty."""
        if self.parked is not None:
            self.parked.remove(message_id)
            self.parked = self.parked or None


class Due(NamedTuple):
    """An aggregate whose time has come; `version` tells this waking from any other."""

    ref: Ref
    due_at: datetime
    version: int


class Large(NamedTuple):
    """How many documents of a kind are over `LARGE_BYTES`, and the largest of them."""

    documents: int
    largest: str = ""
    bytes: int = 0


class Conflict(Exception):
    """Another writer came first; read again and decide again."""


class Taken(Exception):
    """Another aggregate has the value that what was decided for this one wants for itself."""

    def __init__(self, ref: Ref) -> None:
        super().__init__()
        self.ref = ref


class Unstorable(Exception):
    """MongoDB cannot hold what was decided for this aggregate."""

    def __init__(self, ref: Ref, error: str) -> None:
        super().__init__(error)
        self.ref = ref
        self.error = error


class Store:
    """The aggregates of one service."""

    def __init__(
        self,
        database: Database,
        deciders: Iterable[Decider[Any]],
        *,
        history_bound: int = 25,
        history_bytes: int = 256 * 1024,
        document_limit: int = 8 * MB,
        read_chunk: int = 500,
    ) -> None:
        self._database = database
        self._deciders = {decider.kind: decider for decider in deciders}
        self._events = EVENT_TYPES | {
            event.ce_type: event for d in self._deciders.values() for event in d.private_events
        }
        self._bound = history_bound
        self._bytes_bound = history_bytes
        self._limit = document_limit
        self._read_chunk = read_chunk
        self._slices = True

    async def prepare(self, *, kept: timedelta | None = None) -> None:
        """Create the indexes that are missing. Raises `Outage`, and `Lacking` for what cannot be.

        `kept` is how long archived history entries are kept, None for ever (ADR 0006).
        """
        with mongodb_errors_as_outage():
            self._slices = await honours_slice(self._database)
        if not self._slices:
            log.warning("this database ignores $slice: histories are written whole")
        for decider in self._deciders.values():
            indexes = [
                IndexModel([(name, ASCENDING)], sparse=True)
                for name in ("due_at", "work_at", "parked.at", "large")
            ]
            if decider.tells_waiting:
                indexes.append(IndexModel([("work_since", ASCENDING)], sparse=True))
            indexes += [IndexModel([(f"state.{name}", ASCENDING)]) for name in decider.indexes]
            with mongodb_errors_as_outage():
                await create_missing_indexes(self._database.collection(decider.kind), indexes)
                await prepare_archive(self._database.collection(_archive(decider.kind)), kept)
                for name in decider.unique:
                    await make_unique(self._database.collection(decider.kind), f"state.{name}")
            if decider.has_timers:
                await self._give_back_timers(decider)

    async def has_indexes(self) -> bool:
        """Whether the collections still have what `prepare` made. Raises `Outage`."""
        with mongodb_errors_as_outage():
            there = [
                await self._database.collection(kind).index_information() for kind in self._deciders
            ]
        return all("due_at_1" in indexes for indexes in there)

    async def _give_back_timers(self, decider: Decider[Any]) -> None:
        """An earlier release took the timers of what it parked."""
        collection = self._database.collection(decider.kind)
        with mongodb_errors_as_outage():
            for document in await collection.find({"parked.at": {"$exists": True}}).to_list(None):
                aggregate = self._loaded(decider.kind, document)
                due_at = self._due_at(decider.kind, aggregate.state, aggregate.parked)
                if due_at is not None and "due_at" not in document:
                    unchanged = {"_id": document["_id"], "version": document["version"]}
                    await collection.update_one(unchanged, {"$set": {"due_at": due_at}})

    async def expiry(self, kind: str) -> timedelta | None:
        """How long the database keeps archived entries, None for ever. Raises `Outage`."""
        with mongodb_errors_as_outage():
            return await expiry_of(self._database.collection(_archive(kind)))

    def decider(self, kind: str) -> Decider[Any]:
        return self._deciders[kind]

    async def read(
        self, refs: Iterable[Ref], message_ids: Sequence[str] = ()
    ) -> dict[Ref, Aggregate]:
        """The aggregates named, one query per kind; what is not there yet is new and empty.

        The queries go out together, so there is one wait.
        `message_ids` are also sought in the archived part of long histories. Raises `Outage`.
        """
        by_kind: dict[str, list[str]] = defaultdict(list)
        found: dict[Ref, Aggregate] = {}
        for ref in refs:
            if ref not in found:
                found[ref] = Aggregate(ref)
                by_kind[ref.kind].append(ref.id)
        kinds = [self._read_kind(kind, ids, message_ids) for kind, ids in by_kind.items()]
        for aggregates in await asyncio.gather(*kinds):
            found |= {aggregate.ref: aggregate for aggregate in aggregates}
        return found

    async def _read_kind(
        self, kind: str, ids: Sequence[str], message_ids: Sequence[str]
    ) -> list[Aggregate]:
        aggregates = [self._loaded(kind, found) for found in await self._documents(kind, ids)]
        long = [aggregate for aggregate in aggregates if aggregate.archived]
        if long and message_ids:
            await self._recall(kind, long, message_ids)
        return aggregates

    async def _documents(self, kind: str, ids: Sequence[str]) -> list[Document]:
        collection, step = self._database.collection(kind), self._read_chunk
        chunks = [ids[start : start + step] for start in range(0, len(ids), step)]
        with mongodb_errors_as_outage():
            found = await asyncio.gather(
                *(collection.find({"_id": {"$in": chunk}}).to_list(None) for chunk in chunks)
            )
        return [document for some in found for document in some]

    def _loaded(self, kind: str, document: Document) -> Aggregate:
        state, newer = self._read_state(kind, document)
        parked = Parking.read(document["parked"]) if "parked" in document else None
        aggregate = Aggregate(
            Ref(kind, document["_id"]),
            version=document["version"],
            state=state,
            work_at=self._work_at(kind, state, parked),
            parked=parked,
            archived=document.get("archived", 0),
            kept=len(document["history"]),
            history_bytes=document.get("history_bytes"),
            newer=newer,
        )
        for entry in document["history"]:
            aggregate.remember(entry)
        return aggregate

    def _work_at(self, kind: str, state: Any, parked: Parking | None) -> datetime | None:
        """When a side effect is due; never while the outcome of the last one waits in the line."""
        if state is None or (parked is not None and parked.outcome is not None):
            return None
        return self._deciders[kind].work_at(state)

    def _due_at(self, kind: str, state: Any, parked: Parking | None) -> datetime | None:
        """When a timer is due; never while the last one waits in the line."""
        if state is None or (parked is not None and parked.timer is not None):
            return None
        return self._deciders[kind].due_at(state)

    def _read_state(self, kind: str, document: Document) -> tuple[Any, bool]:
        """The state, and whether a newer release wrote the document; then there is no state here.

        It did if the state does not fit this release's model, or an event is of an unknown type:
        then the state may have fields that this release would drop.
        """
        if not all(map(self.knows, document["history"])):
            return None, True
        stored = document.get("state")
        try:
            return stored and self._deciders[kind].state.model_validate(stored), False
        except ValidationError:
            return None, True

    def knows(self, entry: Document) -> bool:
        """Whether this release knows every event of a history entry."""
        return all(event["type"] in self._events for event in entry["events"])

    async def _recall(
        self, kind: str, aggregates: Sequence[Aggregate], message_ids: Sequence[str]
    ) -> None:
        by_id = {aggregate.ref.id: aggregate for aggregate in aggregates}
        query = {"aggregate": {"$in": list(by_id)}, "message_id": {"$in": list(message_ids)}}
        with mongodb_errors_as_outage():
            async for entry in self._database.collection(_archive(kind)).find(query):
                by_id[entry["aggregate"]].remember(entry)

    async def write(
        self, aggregates: Iterable[Aggregate], publications: UnpublishedEntries
    ) -> None:
        """One bulk write per kind, all at once.

        Raises `Conflict`, `Taken`, `Unstorable` or `Outage`.

        Not atomic over several aggregates, nor need it be: after a crash, those that were written
        find their messages in the history.
        """
        by_kind: dict[str, list[Aggregate]] = defaultdict(list)
        for aggregate in aggregates:
            if aggregate.touched:
                by_kind[aggregate.ref.kind].append(aggregate)
        await self._let_go(chain.from_iterable(by_kind.values()), publications)
        kinds = [self._write_kind(kind, touched) for kind, touched in by_kind.items()]
        for failed in await asyncio.gather(*kinds, return_exceptions=True):
            if failed is not None:
                raise failed

    async def _write_kind(self, kind: str, touched: Sequence[Aggregate]) -> None:
        writes = [self._write(aggregate) for aggregate in touched]
        await self._archive_oldest(kind, touched)
        await self._forget_archived(kind, touched)
        updates = sum(1 for aggregate in touched if aggregate.version)
        try:
            with mongodb_errors_as_outage():
                result = await self._database.collection(kind).bulk_write(writes, ordered=False)
        except Outage as outage:
            raise _refused(touched, outage) or outage from outage.__cause__
        if result.matched_count != updates:
            raise Conflict

    def _write(self, aggregate: Aggregate) -> InsertOne[Document] | UpdateOne:
        fields = self._checked_fields(aggregate)
        if not aggregate.version:
            present = {name: value for name, value in fields.items() if value is not None}
            present.setdefault("state", None)
            return InsertOne({"_id": aggregate.ref.id, "history": aggregate.encoded, **present})
        if fields["work_at"] == aggregate.work_at and not aggregate.work_reported:
            del fields["work_at"]  # whoever holds the lease goes on holding it
        if not aggregate.added:
            del fields["state"]  # unchanged
        if aggregate.newer:
            fields = {name: value for name, value in fields.items() if name not in OF_THE_STATE}
        gone = {name: "" for name, value in fields.items() if value is None and name != "state"}
        update: Document = {
            "$set": {name: value for name, value in fields.items() if name not in gone}
        }
        if self._slices and not aggregate.forgotten:
            shorter = {"$each": aggregate.encoded, "$slice": -_staying(aggregate)}
            update["$push"] = {"history": shorter}
        else:
            update["$set"]["history"] = [*islice(_in_document(aggregate), aggregate.leaving, None)]
        if gone:
            update["$unset"] = gone
        return UpdateOne({"_id": aggregate.ref.id, "version": aggregate.version}, update)

    def _checked_fields(self, aggregate: Aggregate) -> Document:
        """The document's fields but for its history, their size noted. Raises `Unstorable`.

        Nothing that was decided may make a document larger than the limit. A parked aggregate that
        decides nothing is written whatever its size, for only so can its line grow.
        """
        try:
            fields = self._fields(aggregate)
        except UNSTORABLE as error:
            raise Unstorable(aggregate.ref, type(error).__name__) from None
        if aggregate.added and aggregate.bytes > self._limit:
            raise Unstorable(aggregate.ref, f"document over {self._limit // MB} MB")
        return fields

    def _fields(self, aggregate: Aggregate) -> Document:
        kind, state, parked = aggregate.ref.kind, aggregate.state, aggregate.parked
        kept: Document = {
            "state": None if state is None else encode(state.model_dump(mode="json")),
            "parked": None if parked is None else encode(parked.document()),
        }
        history_bytes = (aggregate.history_bytes or 0) + aggregate.added_bytes
        size = history_bytes + sum(len(part.raw) for part in kept.values() if part)
        aggregate.bytes = size
        return kept | {
            "version": aggregate.version + 1,
            "due_at": self._due_at(kind, state, parked),
            "work_at": self._work_at(kind, state, parked),
            "work_since": None if state is None else self._deciders[kind].work_since(state),
            "archived": (aggregate.archived + aggregate.leaving) or None,
            "history_bytes": history_bytes,
            "large": size if size >= LARGE_BYTES else None,
        }

    async def _let_go(
        self, aggregates: Iterable[Aggregate], publications: UnpublishedEntries
    ) -> None:
        """Settle how many entries leave each document: those beyond a bound, if published."""
        beyond = [(one, entries) for one in aggregates if (entries := self._beyond(one))]
        lacking = await publications.lacking(
            (aggregate.ref, entry) for aggregate, entries in beyond for entry, _ in entries
        )
        for aggregate, entries in beyond:
            for entry, size in entries:
                if (aggregate.ref, (entry["message_id"], entry["digest"])) in lacking:
                    break
                aggregate.leaving += 1
                aggregate.history_bytes = (aggregate.history_bytes or 0) - size

    def _beyond(self, aggregate: Aggregate) -> list[tuple[Document, int]]:
        """Of the oldest entries in the document, for which the coming ones leave no room.

        Each with its size in bytes.
        """
        if aggregate.history_bytes is None:  # written by an earlier release, or new
            there = islice(_in_document(aggregate), aggregate.kept)
            aggregate.history_bytes = sum(map(_size_of, there))
        excess = aggregate.kept + len(aggregate.added) - self._bound
        excess_bytes = aggregate.history_bytes + aggregate.added_bytes - self._bytes_bound
        beyond: list[tuple[Document, int]] = []
        may_leave = aggregate.kept if aggregate.added else aggregate.kept - 1
        for entry in islice(_in_document(aggregate), max(0, may_leave)):
            if excess <= 0 and excess_bytes <= 0:
                break
            size = _size_of(entry)
            beyond.append((entry, size))
            excess, excess_bytes = excess - 1, excess_bytes - size
        return beyond

    async def _archive_oldest(self, kind: str, touched: Sequence[Aggregate]) -> None:
        """Copy what the coming write will push out. Doing it twice changes nothing."""
        entries = [
            _archived(aggregate.ref.id, aggregate.archived + number, entry)
            for aggregate in touched
            for number, entry in enumerate(islice(_in_document(aggregate), aggregate.leaving))
        ]
        if not entries:
            return
        try:
            with mongodb_errors_as_outage():
                await self._database.collection(_archive(kind)).insert_many(entries, ordered=False)
        except Outage as outage:
            if not isinstance(_refused(touched, outage), Conflict):
                raise

    async def _forget_archived(self, kind: str, touched: Sequence[Aggregate]) -> None:
        ids = [one.ref.id for one in touched if one.forgotten and one.archived]
        if ids:
            with mongodb_errors_as_outage():
                await self._database.collection(_archive(kind)).update_many(
                    {"aggregate": {"$in": ids}}, {"$set": {"events": []}}
                )

    async def due(self, kind: str, now: datetime, limit: int, skipped: int = 0) -> list[Due]:
        """The aggregates whose `due_at` has come, oldest first; also those that are parked.

        The oldest `skipped` are left out. Raises `Outage`.
        """
        with mongodb_errors_as_outage():
            cursor = (
                self._database.collection(kind)
                .find({"due_at": {"$lte": now}}, {"due_at": 1, "version": 1})
                .sort("due_at", ASCENDING)
                .skip(skipped)
                .limit(limit)
            )
            return [
                Due(Ref(kind, found["_id"]), found["due_at"], found["version"])
                async for found in cursor
            ]

    async def look_up(self, aliases: Iterable[Ref]) -> dict[Ref, Ref]:
        """The aggregates that have these values in their Decider's `alias`. Raises `Outage`."""
        found: dict[Ref, Ref] = {}
        by_kind: dict[str, list[str]] = defaultdict(list)
        for alias in aliases:
            by_kind[alias.kind].append(alias.id)
        for kind, values in by_kind.items():
            name = f"state.{self._deciders[kind].alias}"
            with mongodb_errors_as_outage():
                cursor = self._database.collection(kind).find({name: {"$in": values}}, {name: 1})
                async for document in cursor:
                    value = document["state"][self._deciders[kind].alias]
                    found[Ref(kind, value)] = Ref(kind, document["_id"])
        return found

    async def large(self, kind: str) -> Large:
        """What has grown beyond `LARGE_BYTES`. Raises `Outage`."""
        collection = self._database.collection(kind)
        there = {"large": {"$exists": True}}
        with mongodb_errors_as_outage():
            cursor = collection.find(there, {"large": 1}).sort("large", DESCENDING)
            found = await cursor.limit(LARGE_COUNTED).to_list(None)
        return Large(len(found), found[0]["_id"], found[0]["large"]) if found else Large(0)

    async def lease(
        self, kind: str, now: datetime, until: datetime, token: str, limit: int
    ) -> list[Aggregate]:
        """Take due work for oneself: for all others it is not due before `until` (aware).

        `token` marks it and must be new each time. Raises `Outage`.
        """
        collection = self._database.collection(kind)
        due = {"work_at": {"$lte": now}}
        with mongodb_errors_as_outage():
            cursor = collection.find(due).sort("work_at", ASCENDING).limit(limit)
            found = await cursor.to_list(None)
            if not found:
                return []
            ids = [document["_id"] for document in found]
            mine = {"_id": {"$in": ids}}
            taken = {"$set": {"work_at": until, "lease": token}}
            result = await collection.update_many({**mine, **due}, taken)
        if result.matched_count < len(found):  # somebody else was quicker with the others
            again = await self._documents(kind, ids)
            found = [document for document in again if document.get("lease") == token]
        return [self._loaded(kind, document) for document in found]

    async def release(self, aggregates: Iterable[Aggregate]) -> None:
        """Their work is done and reported: it is not due again unless they change.

        Raises `Outage`.
        """
        by_kind: dict[str, list[UpdateOne]] = defaultdict(list)
        for one in aggregates:
            unchanged = {"_id": one.ref.id, "version": one.version}
            by_kind[one.ref.kind].append(UpdateOne(unchanged, {"$unset": {"work_at": ""}}))
        with mongodb_errors_as_outage():
            for kind, updates in by_kind.items():
                await self._database.collection(kind).bulk_write(updates, ordered=False)

    async def waiting(self, kind: str) -> tuple[int, datetime | None]:
        """How many aggregates wait for a side effect (`MOST_COUNTED` at most), and since when.

        Raises `Outage`.
        """
        collection, waiting = (self._database.collection(kind), {"work_since": {"$exists": True}})
        with mongodb_errors_as_outage():
            count = await collection.count_documents(
                waiting, limit=MOST_COUNTED, hint="work_since_1"
            )
            oldest = await collection.find_one(
                waiting, {"work_since": 1}, sort=[("work_since", ASCENDING)], hint="work_since_1"
            )
        return count, oldest["work_since"] if oldest else None

    async def newest(self, kind: str, ids: Iterable[str]) -> list[Aggregate]:
        """These aggregates as they are now, each with only its newest message. Raises `Outage`."""
        return await self._newest(kind, {"_id": {"$in": list(ids)}}, 0)

    async def page(self, kind: str, after: str | None, limit: int) -> list[Aggregate]:
        """The next `limit` aggregates by id, each with only its newest message. Raises `Outage`."""
        return await self._newest(kind, {} if after is None else {"_id": {"$gt": after}}, limit)

    async def _newest(self, kind: str, query: Document, limit: int) -> list[Aggregate]:
        collection = self._database.collection(kind)
        with mongodb_errors_as_outage():
            cursor = collection.find(query, {"history": {"$slice": -1}})
            found = await cursor.sort("_id", ASCENDING).limit(limit).to_list(None)
        return [self._loaded(kind, document) for document in found]

    async def recorded(self, events: Mapping[str, str]) -> set[str]:
        """Those of these events, each with the id of its aggregate, that a history holds.

        Raises `Outage`.
        """
        found: set[str] = set()
        about = {"$in": sorted(set(events.values()))}
        for kind in (kind for kind, decider in self._deciders.items() if decider.publishes):
            archived = {"aggregate": about, "events.id": {"$in": list(events)}}
            with mongodb_errors_as_outage():
                collection = self._database.collection(kind)
                async for document in collection.find({"_id": about}, {"history": 1}):
                    found |= {one["id"] for entry in document["history"] for one in entry["events"]}
                async for entry in self._database.collection(_archive(kind)).find(archived):
                    found |= {one["id"] for one in entry["events"]}
        return found & events.keys()

    async def upgrade(self, name: str) -> Document:
        """How far an upgrade of the stored data is; empty before it begins. Raises `Outage`."""
        with mongodb_errors_as_outage():
            return await self._database.collection(UPGRADES).find_one({"_id": name}) or {}

    async def note_upgrade(self, name: str, progress: Document) -> None:
        """Keep how far an upgrade is. Raises `Outage`."""
        with mongodb_errors_as_outage():
            await self._database.collection(UPGRADES).update_one(
                {"_id": name}, {"$set": progress}, upsert=True
            )

    async def begun_by(self, ref: Ref, inquiry_ids: Collection[str]) -> dict[str, str]:
        """By inquiry: the correlation id of the oldest archived message that was about it.

        Raises `Outage`.
        """
        about = {
            "aggregate": ref.id,
            "events.data.inquiry_id": {"$in": list(inquiry_ids)},
            "correlation_id": {"$ne": None},
        }
        origins: dict[str, str] = {}
        archive = self._database.collection(_archive(ref.kind))
        with mongodb_errors_as_outage():
            async for entry in archive.find(about).sort("number", ASCENDING):
                for event in entry["events"]:
                    origins.setdefault(event["data"].get("inquiry_id"), entry["correlation_id"])
        return origins

    async def history(self, kind: str, aggregate_id: str) -> list[Document]:
        """The whole history of one aggregate, archived part first. Raises `Outage`."""
        with mongodb_errors_as_outage():
            document = await self._database.collection(kind).find_one({"_id": aggregate_id})
        return [] if document is None else await self.whole_history(kind, document)

    async def whole_history(self, kind: str, document: Document) -> list[Document]:
        """The archived part as this very document counts it, then the document's own.

        Read in this order, a service that archives meanwhile cannot make an entry count twice.
        Raises `Outage`.
        """
        if not document.get("archived"):
            return list(document["history"])
        query = {"aggregate": document["_id"], "number": {"$lt": document["archived"]}}
        archive = self._database.collection(_archive(kind))
        with mongodb_errors_as_outage():
            archived = [entry async for entry in archive.find(query).sort("number", ASCENDING)]
        return [*archived, *document["history"]]

    def fold(self, kind: str, history: Sequence[Mapping[str, Any]]) -> Any:
        """The state that the history's events add up to; what `desk verify` compares."""
        state: Any = None
        for entry in history:
            for stored in entry["events"]:
                state = self._deciders[kind].evolve(state, self.event(stored))
        return state

    def event(self, stored: Mapping[str, Any]) -> Event:
        """The event that a history entry holds."""
        return self._events[stored["type"]].model_validate(stored["data"])


def _archive(kind: str) -> str:
    return f"{kind}_history"


def _in_document(aggregate: Aggregate) -> Iterator[Document]:
    return (entry for entry in aggregate.known.values() if "aggregate" not in entry)


def _size_of(entry: Document) -> int:
    return len(bson.encode(entry))


def _staying(aggregate: Aggregate) -> int:
    return aggregate.kept + len(aggregate.added) - aggregate.leaving


def _archived(aggregate_id: str, number: int, entry: Document) -> Document:
    key = f"{aggregate_id} {number}"
    return {"_id": key, "aggregate": aggregate_id, "number": number, **entry}


def _refused(touched: Sequence[Aggregate], outage: Outage) -> Conflict | Taken | Unstorable | None:
    """What a refused bulk write means, or None where the database really is away."""
    cause = outage.__cause__
    errors = cause.details.get("writeErrors", []) if isinstance(cause, BulkWriteError) else []
    for error in errors:
        if error.get("code") in TOO_LARGE_OR_INVALID:
            return Unstorable(touched[error["index"]].ref, f"MongoDB error {error['code']}")
        if error.get("code") == DUPLICATE_KEY and "_id" not in error.get("keyPattern", {"_id": 1}):
            return Taken(touched[error["index"]].ref)
    return Conflict() if any(e.get("code") == DUPLICATE_KEY for e in errors) else None
