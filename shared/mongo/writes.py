"""Writes that go to the database together, and single ones that another may have made already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.mongo.client import Collection, Document
from shared.mongo.errors import WritesRefused

Write = InsertOne[Document] | ReplaceOne[Document] | UpdateOne


def insert(document: Document) -> Write:
    """Writes a document whose `_id` is new."""
    return InsertOne(document)


def update(which: Document, change: Document) -> Write:
    """Changes the document that fits `which`; none may."""
    return UpdateOne(which, change)


def replace(which: Document, document: Document) -> Write:
    """Writes the document in place of the one that fits `which`; none may."""
    return ReplaceOne(which, document)


def update_or_insert(which: Document, change: Document) -> Write:
    """Changes the document that fits `which`, or makes one."""
    return UpdateOne(which, change, upsert=True)


async def write_all(collection: Collection, writes: Sequence[Write]) -> int:
    """One bulk write in no order; how many documents the updates found. Raises PyMongoError."""
    result = await collection.bulk_write(writes, ordered=False)
    found: int = result.matched_count
    return found


async def insert_missing(collection: Collection, documents: Sequence[Document]) -> bool:
    """One bulk of documents, of which some may be there. Whether none was. Raises PyMongoError."""
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if not WritesRefused(error).only_duplicate_ids:
            raise
        return False
    return True


async def insert_new(collection: Collection, document: dict[str, Any]) -> bool:
    """Whether nobody else had a document under its `_id` or unique values. Raises PyMongoError."""
    try:
        await collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True
