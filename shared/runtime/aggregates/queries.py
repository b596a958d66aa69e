"""Queries on a service's aggregates beside the five steps; nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Collection as Group
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.events.envelope import Event, Ref
from shared.mongo.client import ASCENDING, DESCENDING, Collection, Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.archive import Archive
from shared.runtime.aggregates.document_mapper import DocumentMapper
from shared.runtime.decider import Decider

DUE_FIELDS = {"due_at": 1, "version": 1, "history.traceparent": 1}
MOST_COUNTED = 100_000
LARGE_COUNTED = 1_000


class Due(NamedTuple):
    """An aggregate whose time has come; `version` tells this waking from any other.

    `traceparent` is that of its newest message, whose trace the waking continues.
    """

    ref: Ref
    due_at: datetime
    version: int
    traceparent: str | None = None


def newest_traceparent(entries: Iterable[Document]) -> str | None:
    """Of the last entry of a history; None where that is not traced."""
    *_, newest = [{}, *entries]
    return newest.get("traceparent")


class Large(NamedTuple):
    """How many documents of a kind are over `LARGE_BYTES`, and the largest of them."""

    documents: int
    largest: str = ""
    bytes: int = 0


class Queries:
    """Reads the aggregates of one service."""

    def __init__(self, database: Database, mapper: DocumentMapper, read_chunk: int) -> None:
        self._database = database
        self._mapper = mapper
        self._archive = Archive(database)
        self._read_chunk = read_chunk

    def _collection(self, kind: str) -> Collection:
        return self._database.collection(kind)

    def decider(self, kind: str) -> Decider[Any]:
        return self._mapper.deciders[kind]

    async def _documents(self, kind: str, ids: Sequence[str]) -> list[Document]:
        collection, step = self._collection(kind), self._read_chunk
        chunks = [ids[start : start + step] for start in range(0, len(ids), step)]
        with mongodb_errors_as_outage():
            found = await asyncio.gather(
                *(collection.find({"_id": {"$in": chunk}}).to_list(None) for chunk in chunks)
            )
        return [document for some in found for document in some]

    async def due(self, kind: str, now: datetime, limit: int, skipped: int = 0) -> list[Due]:
        """The aggregates whose `due_at` has come, oldest first; also those that are parked.

        The oldest `skipped` are left out. Raises `Outage`.
        """
        with mongodb_errors_as_outage():
            cursor = (
                self._collection(kind)
                .find({"due_at": {"$lte": now}}, DUE_FIELDS)
                .sort("due_at", ASCENDING)
                .skip(skipped)
                .limit(limit)
            )
            return [
                Due(
                    Ref(kind, found["_id"]),
                    found["due_at"],
                    found["version"],
                    newest_traceparent(found.get("history", ())),
                )
                async for found in cursor
            ]

    async def large(self, kind: str) -> Large:
        """Counts the aggregates larger than `LARGE_BYTES`, with the largest. Raises `Outage`."""
        collection = self._collection(kind)
        there = {"large": {"$exists": True}}
        with mongodb_errors_as_outage():
            cursor = collection.find(there, {"large": 1}).sort("large", DESCENDING)
            found = await cursor.limit(LARGE_COUNTED).to_list(None)
        return Large(len(found), found[0]["_id"], found[0]["large"]) if found else Large(0)

    async def parked(self, kind: str) -> int:
        """How many aggregates a defect parked, `MOST_COUNTED` at most. Raises `Outage`."""
        collection, parked = self._collection(kind), {"parked.at": {"$exists": True}}
        with mongodb_errors_as_outage():
            return await collection.count_documents(parked, limit=MOST_COUNTED, hint="parked.at_1")

    async def past_due(self, kind: str, now: datetime) -> tuple[int, datetime | None]:
        """How many aggregates are due (`MOST_COUNTED` at most), and since when the longest is.

        Raises `Outage`.
        """
        collection, come = self._collection(kind), {"due_at": {"$lte": now}}
        with mongodb_errors_as_outage():
            count = await collection.count_documents(come, limit=MOST_COUNTED, hint="due_at_1")
            oldest = await collection.find_one(
                come, {"due_at": 1}, sort=[("due_at", ASCENDING)], hint="due_at_1"
            )
        return count, oldest["due_at"] if oldest else None

    async def waiting(self, kind: str) -> tuple[int, datetime | None]:
        """How many aggregates wait for a side effect (`MOST_COUNTED` at most), and since when.

        Raises `Outage`.
        """
        collection, waiting = (self._collection(kind), {"work_since": {"$exists": True}})
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
        collection = self._collection(kind)
        with mongodb_errors_as_outage():
            cursor = collection.find(query, {"history": {"$slice": -1}})
            found = await cursor.sort("_id", ASCENDING).limit(limit).to_list(None)
        return [self._mapper.load(kind, document) for document in found]

    async def recorded(self, events: Mapping[str, str]) -> set[str]:
        """Those of these events, each with the id of its aggregate, that a history holds.

        Raises `Outage`.
        """
        found: set[str] = set()
        about = sorted(set(events.values()))
        for kind in (kind for kind, it in self._mapper.deciders.items() if it.publishes):
            with mongodb_errors_as_outage():
                there = self._collection(kind).find({"_id": {"$in": about}}, {"history": 1})
                async for document in there:
                    found |= {
                        event["id"] for entry in document["history"] for event in entry["events"]
                    }
            found |= await self._archive.recorded(kind, about, list(events))
        return found & events.keys()

    async def expiry(self, kind: str) -> timedelta | None:
        """How long the database keeps archived entries, None for ever. Raises `Outage`."""
        return await self._archive.expiry(kind)

    async def begun_by(self, ref: Ref, inquiry_ids: Group[str]) -> dict[str, str]:
        """By inquiry: the correlation id of the oldest archived message that was about it.

        Raises `Outage`.
        """
        return await self._archive.begun_by(ref, inquiry_ids)

    async def history(self, kind: str, aggregate_id: str) -> list[Document]:
        """The whole history of one aggregate, archived part first. Raises `Outage`."""
        with mongodb_errors_as_outage():
            document = await self._collection(kind).find_one({"_id": aggregate_id})
        return [] if document is None else await self.whole_history(kind, document)

    async def whole_history(self, kind: str, document: Document) -> list[Document]:
        """The archived part as this very document counts it, then the document's own.

        Read in this order, a service that archives meanwhile cannot make an entry count twice.
        Raises `Outage`.
        """
        if not document.get("archived"):
            return list(document["history"])
        archived = await self._archive.entries(kind, document["_id"], document["archived"])
        return [*archived, *document["history"]]

    def fold(self, kind: str, history: Sequence[Mapping[str, Any]]) -> Any:
        """The state that the history's events add up to; what `desk verify` compares."""
        return self._mapper.fold(kind, history)

    def event(self, stored: Mapping[str, Any]) -> Event:
        """The event that a history entry holds."""
        return self._mapper.event(stored)

    def knows(self, entry: Document) -> bool:
        """Whether this release knows every event of a history entry."""
        return self._mapper.knows(entry)
