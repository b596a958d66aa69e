"""Writes that go to the database together, and single ones that another may have made already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import DuplicateKeyError

from shared.mongo.client import Collection, Document

Write = InsertOne[Document] | UpdateOne


def insert(document: Document) -> Write:
    """Writes a document whose `_id` is new."""
    return InsertOne(document)


def update(which: Document, change: Document) -> Write:
    """Changes the document that fits `which`; none may."""
    return UpdateOne(which, change)


def update_or_insert(which: Document, change: Document) -> Write:
    """Changes the document that fits `which`, or makes one."""
    return UpdateOne(which, change, upsert=True)


async def write_all(collection: Collection, writes: Sequence[Write]) -> int:
    """One bulk write in no order; how many documents the updates found. Raises PyMongoError."""
    result = await collection.bulk_write(writes, ordered=False)
    found: int = result.matched_count
    return found


async def insert_all(collection: Collection, documents: Sequence[Document]) -> None:
    """One bulk of new documents in no order. Raises PyMongoError."""
    await collection.insert_many(documents, ordered=False)


async def insert_new(collection: Collection, document: dict[str, Any]) -> bool:
    """Whether nobody else had a document under its `_id` or unique values. Raises PyMongoError."""
    try:
        await collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True
