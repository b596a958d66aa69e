"""The records of one service as operators ask for them: what is parked, due or large, histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.events.envelope import Ref
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.aggregates.parking import digest_of, digests_in
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.runtime.operations.answers import (
    Answer,
    DueRecord,
    History,
    HistoryEntry,
    LargeRecords,
    ListPage,
    ParkedRecord,
    Sizes,
    WaitingMessage,
)
from shared.runtime.operations.questions import HistoryOf, PageOf
from shared.runtime.operations.time_order import ASCENDING, Found, Source, in_order

PAGE_BYTES = 4 * 1024 * 1024
"""A page ends here too: the line of one parked record alone may take 3 MB."""
ARCHIVED = "_history"
Item = TypeVar("Item", bound=Answer)


class NoSuchRecord(Exception):
    """The service has no record of this address, or not in that condition."""


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads one service's records and never writes."""

    service: Service
    database: Database
    store: Store

    @property
    def kinds(self) -> list[str]:
        return sorted(decider.kind for decider in self.service.deciders)

    async def parked(self, asked: PageOf) -> ListPage[ParkedRecord]:
        """Longest parked first. Raises `Outage`, `NoSuchPlace`."""
        sources = [Source(kind, "parked.at") for kind in self.kinds]
        return await self._page(asked, sources, ["parked"], _parked)

    async def parked_one(self, ref: Ref) -> ParkedRecord:
        """One record's line. Raises `Outage`, and `NoSuchRecord` where it is not parked."""
        document = await self._found(ref, {"parked": 1})
        if "parked" not in document:
            raise NoSuchRecord
        return parked_record(ref.kind, document)

    async def waits(self, ref: Ref, message_id: str) -> WaitingMessage:
        """Whether the message is in the record's line. Raises `Outage`."""
        try:
            line = await self.parked_one(ref)
        except NoSuchRecord:
            return WaitingMessage(waits=False)
        behind = digest_of(message_id) in digests_in(line.behind)
        return WaitingMessage(waits=behind or message_id in line.waiting, error=line.error)

    async def due(self, asked: PageOf) -> ListPage[DueRecord]:
        """Timers and side effects, the earliest first. Raises `Outage`, `NoSuchPlace`."""
        deciders = sorted(self.service.deciders, key=lambda decider: decider.kind)
        timers = [Source(decider.kind, "due_at") for decider in deciders if decider.has_timers]
        work = [Source(decider.kind, "work_at") for decider in deciders if decider.has_work]
        return await self._page(asked, [*timers, *work], [], _due)

    async def sizes(self) -> Sizes:
        """The kinds with documents that are too large. Raises `Outage`."""
        found = [(kind, await self.store.large(kind)) for kind in self.kinds]
        items = tuple(
            LargeRecords(kind=kind, documents=it.documents, largest=it.largest, bytes=it.bytes)
            for kind, it in found
            if it.documents
        )
        return Sizes(service=self.service.name, items=items)

    async def history(self, asked: HistoryOf) -> History:
        """Raises `Outage`, `NoSuchRecord`."""
        ref = await self._named(asked)
        document = await self._found(ref)
        count = document.get("archived", 0) + len(document["history"])
        entries = list(_fitting(await self._entries(ref, document, asked)))
        after = entries[-1].number + 1 if entries else count
        return History(
            service=self.service.name,
            kind=ref.kind,
            id=ref.id,
            version=document["version"],
            state=document.get("state"),
            due_at=document.get("due_at"),
            parked=parked_record(ref.kind, document) if "parked" in document else None,
            entries_in_all=count,
            entries=tuple(entries),
            next=after if after < count else None,
        )

    async def _page(
        self,
        asked: PageOf,
        sources: Sequence[Source],
        fields: Sequence[str],
        make: Callable[[Found], Item],
    ) -> ListPage[Item]:
        items: list[Item] = []
        size, place = 0, None
        found = in_order(self.database, sources, fields, asked.after, asked.limit + 1)
        async with aclosing(found) as documents:
            async for document in documents:
                item = make(document)
                size += len(item.model_dump_json())
                if len(items) == asked.limit or (items and size > PAGE_BYTES):
                    return ListPage(service=self.service.name, items=tuple(items), next=place)
                items.append(item)
                place = document.place
        return ListPage(service=self.service.name, items=tuple(items))

    async def _named(self, asked: HistoryOf) -> Ref:
        if asked.kind not in self.kinds:
            raise NoSuchRecord
        if asked.id is not None:
            return Ref(asked.kind, asked.id)
        assert asked.alias is not None
        alias = Ref(asked.kind, asked.alias)
        if self.store.decider(asked.kind).alias is None:
            raise NoSuchRecord
        found = await self.store.look_up([alias])
        if alias not in found:
            raise NoSuchRecord
        return found[alias]

    async def _found(self, ref: Ref, fields: Document | None = None) -> Document:
        if ref.kind not in self.kinds:
            raise NoSuchRecord
        with mongodb_errors_as_outage():
            document = await self.database.collection(ref.kind).find_one({"_id": ref.id}, fields)
        if document is None:
            raise NoSuchRecord
        return document

    async def _entries(
        self, ref: Ref, document: Document, asked: HistoryOf
    ) -> list[tuple[int, Document]]:
        """From number `first` on. Archived entries expire, so the next number may be a higher one.

        The archive is read as this very document counts it: a service that archives meanwhile
        cannot make an entry count twice.
        """
        archived: int = document.get("archived", 0)
        found: list[tuple[int, Document]] = []
        if asked.first < archived:
            numbered = {"aggregate": ref.id, "number": {"$gte": asked.first, "$lt": archived}}
            archive = self.database.collection(ref.kind + ARCHIVED)
            cursor = archive.find(numbered).sort("number", ASCENDING).limit(asked.limit)
            with mongodb_errors_as_outage():
                found += [(entry["number"], entry) async for entry in cursor]
        own = enumerate(document["history"], start=archived)
        found += [(number, entry) for number, entry in own if number >= asked.first]
        return found[: asked.limit]


def parked_record(kind: str, document: Document) -> ParkedRecord:
    """The line of a parked record's document."""
    line: Mapping[str, Any] = document["parked"]
    return ParkedRecord(
        kind=kind,
        id=document["_id"],
        since=line["at"],
        error=line["error"],
        waiting=tuple(line["waiting"]),
        behind=line.get("behind", b""),
    )


def _parked(found: Found) -> ParkedRecord:
    return parked_record(found.source.kind, found.document)


def _due(found: Found) -> DueRecord:
    what = "timer" if found.source.field == "due_at" else "work"
    return DueRecord.model_validate(
        {"kind": found.source.kind, "id": found.document["_id"], "what": what, "at": found.at}
    )


def _fitting(entries: Iterable[tuple[int, Document]]) -> Iterator[HistoryEntry]:
    """The first entries that a page has room for, one at least."""
    size = 0
    for number, stored in entries:
        entry = HistoryEntry.model_validate({**stored, "number": number})
        own = len(entry.model_dump_json())
        if size and size + own > PAGE_BYTES:
            return
        size += own
        yield entry
