"""Aggregates in MongoDB: read for a batch, written after it, and leased to workers.

Beyond a bound of entries or of bytes a history's oldest *published* entries move to the archive.
Entries that may be unpublished stay in the document, so that any process can publish them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import structlog

from shared.events.envelope import Ref
from shared.mongo.abilities import honours_slice
from shared.mongo.client import ASCENDING, Database, Document
from shared.mongo.errors import Refusal, WritesRefused, mongodb_errors_as_outage
from shared.mongo.writes import Write, update, write_all
from shared.runtime.aggregates import preparation
from shared.runtime.aggregates.aggregate import LONG_AGO, Aggregate
from shared.runtime.aggregates.document_mapper import MB, Bounds, DocumentMapper, Unstorable
from shared.runtime.aggregates.queries import Queries
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.decider import Decider

log: structlog.stdlib.BoundLogger = structlog.get_logger()

NOT_DUE: Document = {"work_at": "", "lease": ""}
UPGRADES = "upgrades"
"""The collection that says how far each upgrade of the stored data is."""
ALARM_BYTES = 4 * MB


class Conflict(Exception):
    """Another writer came first; read again and decide again."""


class Taken(Exception):
    """Another aggregate has the value that what was decided for this one wants for itself."""

    def __init__(self, ref: Ref) -> None:
        super().__init__()
        self.ref = ref


class Store(Queries):
    """The aggregates of one service."""

    def __init__(
        self,
        database: Database,
        deciders: Iterable[Decider[Any]],
        *,
        history_bound: int = 8,
        history_bytes: int = 256 * 1024,
        document_limit: int = 8 * MB,
        read_chunk: int = 500,
    ) -> None:
        bounds = Bounds(history_bound, history_bytes, document_limit)
        super().__init__(database, DocumentMapper(deciders, bounds), read_chunk)

    async def prepare(self, *, kept: timedelta | None = None) -> None:
        """Create the indexes that are missing. Raises `Outage`, and `Lacking` for what cannot be.

        `kept` is how long archived history entries are kept, None for ever (ADR 0006).
        """
        with mongodb_errors_as_outage():
            self._mapper.slices = await honours_slice(self._database)
        if not self._mapper.slices:
            log.warning("this database ignores $slice: histories are written whole")
        await preparation.prepare(self._database, self._mapper, kept)

    async def has_indexes(self) -> bool:
        """Whether the collections still have what `prepare` made. Raises `Outage`."""
        return await preparation.has_indexes(self._database, self._mapper)

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
        aggregates = [self._mapper.load(kind, found) for found in await self._documents(kind, ids)]
        long = [aggregate for aggregate in aggregates if aggregate.archived]
        if long and message_ids:
            await self._archive.recall(kind, long, message_ids)
        return aggregates

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
        writes = [self._mapper.write(aggregate) for aggregate in touched]
        await self._archive.add_oldest(kind, touched)
        await self._archive.forget(kind, touched)
        updates = sum(1 for aggregate in touched if aggregate.version)
        try:
            with mongodb_errors_as_outage():
                found = await write_all(self._collection(kind), writes)
        except WritesRefused as refused:
            raise _meaning(touched, refused) or refused from refused.__cause__
        if found != updates:
            raise Conflict

    async def _let_go(
        self, aggregates: Iterable[Aggregate], publications: UnpublishedEntries
    ) -> None:
        """Settle how many entries leave each document: those beyond a bound, if published."""
        beyond = [
            (aggregate, entries)
            for aggregate in aggregates
            if (entries := self._mapper.over_the_bounds(aggregate))
        ]
        lacking = await publications.lacking(
            (aggregate.ref, entry) for aggregate, entries in beyond for entry, _ in entries
        )
        for aggregate, entries in beyond:
            for entry, size in entries:
                if (aggregate.ref, (entry["message_id"], entry["digest"])) in lacking:
                    break
                aggregate.leaving += 1
                aggregate.history_bytes = (aggregate.history_bytes or 0) - size

    async def look_up(self, aliases: Iterable[Ref]) -> dict[Ref, Ref]:
        """The aggregates that have these values in their Decider's `alias`. Raises `Outage`."""
        found: dict[Ref, Ref] = {}
        by_kind: dict[str, list[str]] = defaultdict(list)
        for alias in aliases:
            by_kind[alias.kind].append(alias.id)
        for kind, values in by_kind.items():
            name = f"state.{self._mapper.deciders[kind].alias}"
            with mongodb_errors_as_outage():
                cursor = self._collection(kind).find({name: {"$in": values}}, {name: 1})
                async for document in cursor:
                    value = document["state"][self._mapper.deciders[kind].alias]
                    found[Ref(kind, value)] = Ref(kind, document["_id"])
        return found

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
        """Lease due work: for others it is not due before `until` (timezone-aware).

        `token` marks it and must be new each time. What was leased before is `taken_over`, or left
        where it is without `run_out`. Raises `Outage`.
        """
        collection = self._collection(kind)
        due: Document = {"work_at": {"$lte": now}}
        if not run_out:
            due["lease"] = {"$exists": False}
        with mongodb_errors_as_outage():
            cursor = collection.find(due).sort("work_at", ASCENDING).limit(limit)
            found = await cursor.to_list(None)
            if not found:
                return []
            ids = [document["_id"] for document in found]
            leased_before = {document["_id"] for document in found if "lease" in document}
            mine = {"_id": {"$in": ids}}
            taken = {"$set": {"work_at": until, "lease": token}}
            result = await collection.update_many({**mine, **due}, taken)
        if result.matched_count < len(found):  # somebody else was quicker with the others
            again = await self._documents(kind, ids)
            found = [document for document in again if document.get("lease") == token]
        leased = [self._mapper.load(kind, document) for document in found]
        for aggregate in leased:
            aggregate.taken_over = aggregate.ref.id in leased_before
        return leased

    async def release(self, aggregates: Iterable[Aggregate]) -> None:
        """Their work is done and reported: it is not due again unless they change.

        Raises `Outage`.
        """
        by_kind: dict[str, list[Write]] = defaultdict(list)
        for aggregate in aggregates:
            unchanged = {"_id": aggregate.ref.id, "version": aggregate.version}
            by_kind[aggregate.ref.kind].append(update(unchanged, {"$unset": NOT_DUE}))
        with mongodb_errors_as_outage():
            for kind, updates in by_kind.items():
                await write_all(self._collection(kind), updates)

    async def give_back(self, aggregates: Iterable[Aggregate]) -> None:
        """Makes due at once, for anybody, those stored with their lease. Raises `Outage`."""
        by_kind: dict[str, list[Write]] = defaultdict(list)
        for aggregate in aggregates:
            if aggregate.lease is not None:
                leased = {"_id": aggregate.ref.id, "lease": aggregate.lease.token}
                at_once = {"$set": {"work_at": LONG_AGO}, "$unset": {"lease": ""}}
                by_kind[aggregate.ref.kind].append(update(leased, at_once))
        with mongodb_errors_as_outage():
            for kind, updates in by_kind.items():
                await write_all(self._collection(kind), updates)

    async def upgrade(self, name: str) -> Document:
        """How far an upgrade of the stored data is; empty before it begins. Raises `Outage`."""
        with mongodb_errors_as_outage():
            return await self._collection(UPGRADES).find_one({"_id": name}) or {}

    async def note_upgrade(self, name: str, progress: Document) -> None:
        """Keep how far an upgrade is. Raises `Outage`."""
        with mongodb_errors_as_outage():
            await self._collection(UPGRADES).update_one(
                {"_id": name}, {"$set": progress}, upsert=True
            )


def _meaning(
    touched: Sequence[Aggregate], refused: WritesRefused
) -> Conflict | Taken | Unstorable | None:
    """Interprets a refused bulk write; None if the database really is down."""
    for write in refused.writes:
        if write.why is Refusal.UNSTORABLE:
            return Unstorable(touched[write.index].ref, f"MongoDB error {write.code}")
        if write.why is Refusal.DUPLICATE_VALUE:
            return Taken(touched[write.index].ref)
    return Conflict() if any(it.why is Refusal.DUPLICATE_ID for it in refused.writes) else None
