"""The archive of long histories, `<kind>_history`: the entries that left their document."""

from __future__ import annotations

from collections.abc import Collection as Group
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice

from shared.events.envelope import Ref
from shared.mongo.client import ASCENDING, Collection, Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import change_expiry, create_missing_indexes, index_on
from shared.mongo.writes import insert_missing
from shared.runtime.aggregates.aggregate import Aggregate

EXPIRY = "at_1"
ABOUT = "events.data.inquiry_id"
LOOKED_UP_BY = (("aggregate", "number"), ("message_id",), ("aggregate", ABOUT, "number"))
FEW = 10


class Archive:
    """The archived entries of one service's aggregates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _of(self, kind: str) -> Collection:
        return self._database.collection(f"{kind}_history")

    async def prepare(self, kind: str, kept: timedelta | None) -> None:
        """Make the indexes that are missing; MongoDB removes entries decided before `kept`.

        None keeps them for ever, also where an earlier configuration did not. Raises `Outage`, and
        `Lacking` where the database cannot let them expire.
        """
        with mongodb_errors_as_outage():
            await prepare_archive(self._of(kind), kept)

    async def expiry(self, kind: str) -> timedelta | None:
        """How long the database keeps archived entries, None for ever. Raises `Outage`."""
        with mongodb_errors_as_outage():
            return await expiry_of(self._of(kind))

    async def add_oldest(self, kind: str, aggregates: Iterable[Aggregate]) -> None:
        """Copy what the coming write will push out. Doing it twice changes nothing.

        Raises `Outage`.
        """
        entries = [
            _archived(aggregate.ref.id, aggregate.archived + number, entry)
            for aggregate in aggregates
            for number, entry in enumerate(islice(aggregate.in_document(), aggregate.leaving))
        ]
        if entries:
            with mongodb_errors_as_outage():
                await insert_missing(self._of(kind), entries)

    async def forget(self, kind: str, aggregates: Iterable[Aggregate]) -> None:
        """Empty the entries of aggregates that are to be forgotten. Raises `Outage`.

        Whatever their documents count: a write that failed may have copied entries before.
        """
        ids = [aggregate.ref.id for aggregate in aggregates if aggregate.forgotten]
        if ids:
            with mongodb_errors_as_outage():
                await self._of(kind).update_many(
                    {"aggregate": {"$in": ids}}, {"$set": {"events": []}}
                )

    async def recall(
        self, kind: str, aggregates: Sequence[Aggregate], message_ids: Sequence[str]
    ) -> None:
        """Let the aggregates remember these messages, if they are archived. Raises `Outage`.

        Asked by message alone: with the aggregates too, an index would be entered for every pair.
        An entry numbered beyond what the document counts was copied by a write that failed after
        it: it is still in its document.
        """
        by_id = {aggregate.ref.id: aggregate for aggregate in aggregates}
        with mongodb_errors_as_outage():
            async for entry in self._of(kind).find({"message_id": {"$in": list(message_ids)}}):
                aggregate = by_id.get(entry["aggregate"])
                if aggregate is not None and entry["number"] < aggregate.archived:
                    aggregate.remember(entry)

    async def entries(self, kind: str, aggregate_id: str, count: int) -> list[Document]:
        """The oldest `count` entries of one history. Raises `Outage`."""
        query = {"aggregate": aggregate_id, "number": {"$lt": count}}
        with mongodb_errors_as_outage():
            found = self._of(kind).find(query).sort("number", ASCENDING)
            return [entry async for entry in found]

    async def recorded(
        self, kind: str, aggregate_ids: Sequence[str], event_ids: Sequence[str]
    ) -> set[str]:
        """The events of archived entries that have one of these events. Raises `Outage`."""
        query = {"aggregate": {"$in": aggregate_ids}, "events.id": {"$in": event_ids}}
        found: set[str] = set()
        with mongodb_errors_as_outage():
            async for entry in self._of(kind).find(query):
                found |= {event["id"] for event in entry["events"]}
        return found

    async def begun_by(self, ref: Ref, inquiry_ids: Group[str]) -> dict[str, str]:
        """By inquiry: the correlation id of the oldest archived message that was about it.

        Raises `Outage`.
        """
        origins: dict[str, str] = {}
        with mongodb_errors_as_outage():
            for inquiry_id in inquiry_ids:
                about = {"aggregate": ref.id, ABOUT: inquiry_id}
                found = self._of(ref.kind).find(about, {"correlation_id": 1})
                async for entry in found.sort("number", ASCENDING).batch_size(FEW):
                    if entry["correlation_id"] is not None:
                        origins[inquiry_id] = entry["correlation_id"]
                        break
        return origins


async def prepare_archive(archive: Collection, kept: timedelta | None) -> None:
    """Make the indexes of one archive. Raises PyMongoError, `Lacking`."""
    await create_missing_indexes(archive, [index_on(*names) for names in LOOKED_UP_BY])
    present = (await archive.index_information()).get(EXPIRY)
    if kept is None:
        if present is not None:
            await archive.drop_index(EXPIRY)
    elif present is None:
        await create_missing_indexes(archive, [index_on("at", expires_after=kept)])
    elif present.get("expireAfterSeconds") != int(kept.total_seconds()):
        await change_expiry(archive, "at", kept)


async def expiry_of(archive: Collection) -> timedelta | None:
    """How long the database keeps archived entries; None for ever. Raises PyMongoError."""
    present = (await archive.index_information()).get(EXPIRY, {})
    seconds = present.get("expireAfterSeconds")
    return None if seconds is None else timedelta(seconds=seconds)


def _archived(aggregate_id: str, number: int, entry: Document) -> Document:
    key = f"{aggregate_id} {number}"
    return {"_id": key, "aggregate": aggregate_id, "number": number, **entry}
