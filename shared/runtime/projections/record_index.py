"""Entries about records, one each: bulk inserts, so that an index of all topics keeps up with them.

An entry's id is its record's place: a record that comes again finds it there, and no order between
topics makes a difference. Whom a compacted topic forgets has no entries: a tombstone is remembered,
and removes what names its key up to its instant, whichever of them is read first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.kafka.records import Record
from shared.mongo.client import Collection, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_missing, update_or_insert, write_all

IDS, AT, UNTIL, OF, TOO = "ids", "at", "until", "of", "too"
"""Fields of an entry: by what it is found, its record's instant, when it ends, with which keys it
is forgotten, and which of these are forgotten, too, when the entry goes with another one."""


@dataclass(frozen=True, slots=True)
class RecordIndex:
    """Entries of one kind. `entry` and `forgotten` are pure.

    `entry` is a record's document; None for a record that has none. `forgotten` is the key that a
    record tells to forget. Entries end at their instant in `UNTIL`.
    """

    name: str
    topics: tuple[str, ...]
    entry: Callable[[Record], Document | None]
    forgotten: Callable[[Record], tuple[str, datetime] | None]
    indexes: tuple[tuple[str, ...], ...] = ((IDS,),)

    @property
    def tombstones(self) -> str:
        """The collection of the keys that were forgotten, and when."""
        return f"{self.name}_forgotten"


class IndexKeeper:
    """Keeps the entries of one index in its collections. Its methods raise `Outage`."""

    def __init__(self, index: RecordIndex, entries: Collection, tombstones: Collection) -> None:
        self._index = index
        self._entries = entries
        self._tombstones = tombstones

    async def prepare(self) -> None:
        with mongodb_errors_as_outage():
            await create_indexes_on(self._entries, self._index.indexes, expires_on=UNTIL)

    async def keep(self, records: Iterable[Record]) -> None:
        """Store the entries of `records`, which may be there already, and forget who is to be."""
        own = [it for it in records if it.topic in self._index.topics]
        if not own:
            return
        found = [entry for it in own if (entry := self._index.entry(it)) is not None]
        forgotten = [told for it in own if (told := self._index.forgotten(it)) is not None]
        if found:
            with mongodb_errors_as_outage():
                await insert_missing(self._entries, found)
        if forgotten:
            await self._note(forgotten)
        # After the insert: a tombstone that another process stores meanwhile is seen here, or its
        # deletion sees the entries.
        if await self._anybody_is_forgotten():
            await self._forget(
                {key for entry in found for key in entry[OF]} | {it for it, _ in forgotten}
            )

    async def _anybody_is_forgotten(self) -> bool:
        with mongodb_errors_as_outage():
            return await self._tombstones.find_one({}) is not None

    async def _note(self, forgotten: Iterable[tuple[str, datetime]]) -> None:
        writes = [update_or_insert({"_id": key}, {"$max": {AT: at}}) for key, at in forgotten]
        with mongodb_errors_as_outage():
            await write_all(self._tombstones, writes)

    async def _forget(self, keys: set[str]) -> None:
        """Remove what names a key that was forgotten, and what names the records of who was."""
        while keys:
            with mongodb_errors_as_outage():
                wanted = {"_id": {"$in": sorted(keys)}}
                told = {it["_id"]: it[AT] for it in await _all(self._tombstones, wanted)}
                too = await self._removed(told)
            if too:
                await self._note(too.items())
            keys = set(too)

    async def _removed(self, told: Mapping[str, datetime]) -> dict[str, datetime]:
        """The keys that are forgotten with the entries that were removed, and until when."""
        too: dict[str, datetime] = {}
        for key, at in told.items():
            named = {IDS: key, OF: key, AT: {"$lte": at}}
            for entry in await _all(self._entries, named):
                for other in () if key in entry[TOO] else entry[TOO]:
                    too[other] = max(at, too.get(other, at))
            await self._entries.delete_many(named)
        return too


async def _all(collection: Collection, wanted: Document) -> Sequence[Document]:
    return await collection.find(wanted).to_list(None)
