"""Prepares a database for a service: creates indexes and migrates earlier releases' data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.mongo.client import Collection, Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_missing_indexes, index_on
from shared.mongo.unique import make_unique
from shared.runtime.aggregates.archive import Archive
from shared.runtime.aggregates.document_mapper import DocumentMapper
from shared.runtime.decider import Decider

PARKED = "parked.at"


async def prepare(database: Database, mapper: DocumentMapper, kept: timedelta | None) -> None:
    """Create the indexes that are missing. Raises `Outage`, and `Lacking` for what cannot be."""
    archive = Archive(database)
    for decider in mapper.deciders.values():
        collection = database.collection(decider.kind)
        with mongodb_errors_as_outage():
            await _create_indexes(collection, decider)
            await archive.prepare(decider.kind, kept)
            for name in decider.unique:
                await make_unique(collection, f"state.{name}")
            if decider.has_timers:
                await _give_back_timers(collection, mapper, decider.kind)


async def has_indexes(database: Database, mapper: DocumentMapper) -> bool:
    """Whether the collections still have what `prepare` made. Raises `Outage`."""
    with mongodb_errors_as_outage():
        there = [await database.collection(kind).index_information() for kind in mapper.deciders]
    return all(f"{PARKED}_1" in indexes for indexes in there)


async def _create_indexes(collection: Collection, decider: Decider[Any]) -> None:
    indexes = [index_on(name, sparse=True) for name in sparse_fields(decider)]
    indexes += [index_on(f"state.{name}") for name in decider.indexes]
    await create_missing_indexes(collection, indexes)


def sparse_fields(decider: Decider[Any]) -> list[str]:
    """The fields to index besides ids, sparsely: each index makes every write dearer."""
    of_some = {
        "due_at": decider.has_timers,
        "work_at": decider.has_work,
        "work_since": decider.tells_waiting,
    }
    return [PARKED, "large", *(name for name, wanted in of_some.items() if wanted)]


async def _give_back_timers(collection: Collection, mapper: DocumentMapper, kind: str) -> None:
    """An earlier release took the timers of what it parked."""
    for document in await collection.find({"parked.at": {"$exists": True}}).to_list(None):
        aggregate = mapper.load(kind, document)
        due_at = mapper.due_at(kind, aggregate.state, aggregate.parked)
        if due_at is not None and "due_at" not in document:
            unchanged = {"_id": document["_id"], "version": document["version"]}
            await collection.update_one(unchanged, {"$set": {"due_at": due_at}})
