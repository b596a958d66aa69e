"""As much of a database as sessions, codes and the outbox ask of one, in memory.

It knows equality, comparisons, `$in` and `$nin` in filters, of lists too; `$set`, `$inc`, `$max`
and `$unset` in changes.
What it does not know raises KeyError, so a test cannot pass on an operator that was overlooked.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Mapping
from types import SimpleNamespace
from typing import Any

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, limit: value > limit,
    "$gte": lambda value, limit: value >= limit,
    "$lt": lambda value, limit: value < limit,
    "$lte": lambda value, limit: value is not None and value <= limit,
    "$in": lambda value, limit: value in limit,
    "$nin": lambda value, limit: value not in limit,
}
CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "$set": lambda _before, value: value,
    "$inc": lambda before, value: before + value,
    "$max": lambda before, value: value if before is None else max(before, value),
}


class FewDocuments:
    def __init__(self) -> None:
        self._collections: dict[str, Collection] = {}

    def collection(self, name: str) -> Collection:
        return self._collections.setdefault(name, Collection())


class Found:
    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self._documents = documents

    def sort(self, field: str, direction: int) -> Found:
        return Found(sorted(self._documents, key=lambda it: it[field], reverse=direction < 0))

    def skip(self, first: int) -> Found:
        return Found(self._documents[first:])

    def limit(self, most: int) -> Found:
        return Found(self._documents[:most])

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        for document in await self.to_list(None):
            yield document

    async def to_list(self, most: int | None) -> list[dict[str, Any]]:
        await asyncio.sleep(0)  # others have their turn, as with a real database
        return self._documents[:most]


class Collection:
    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self._unique: set[str] = set()

    async def index_information(self) -> dict[str, Any]:
        return {}

    async def create_indexes(self, _indexes: object) -> None:
        return None

    async def create_index(
        self, fields: list[tuple[str, int]], *, unique: bool = False, **_options: object
    ) -> None:
        self._unique |= {field for field, _ in fields if unique}

    def find(self, wanted: Mapping[str, Any], _fields: object = None) -> Found:
        return Found([copy.deepcopy(it) for it in self.documents.values() if fits(it, wanted)])

    async def count_documents(self, wanted: Mapping[str, Any]) -> int:
        return len(await self.find(wanted).to_list(len(self.documents)))

    async def find_one(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        return next(iter(await self.find(wanted).to_list(1)), None)

    async def insert_one(self, document: Mapping[str, Any]) -> None:
        taken = any(
            it.get(field) == document.get(field)
            for it in self.documents.values()
            for field in self._unique
        )
        if taken or document["_id"] in self.documents:
            raise DuplicateKeyError("duplicate key", 11_000)
        self.documents[document["_id"]] = copy.deepcopy(dict(document))

    async def insert_many(self, documents: list[dict[str, Any]], *, ordered: bool) -> None:
        assert not ordered
        refused = [at for at, it in enumerate(documents) if it["_id"] in self.documents]
        new = [it for it in documents if it["_id"] not in self.documents]
        self.documents |= {it["_id"]: copy.deepcopy(it) for it in new}
        if refused:
            raise BulkWriteError({"writeErrors": [{"index": at, "code": 11_000} for at in refused]})

    async def bulk_write(self, writes: list[Any], *, ordered: bool) -> Any:
        """Of updates by `_id` that insert what is missing, and of replacements of what is there."""
        assert not ordered
        matched = 0
        for write in writes:
            if isinstance(write, ReplaceOne):
                assert not write._upsert
                for _ in await self.find(write._filter).to_list(1):
                    matched += 1
                    self.documents[write._filter["_id"]] = copy.deepcopy(dict(write._doc))
                continue
            assert write._upsert
            document = self.documents.setdefault(write._filter["_id"], {**write._filter})
            changed(document, write._doc)
        return SimpleNamespace(matched_count=matched)

    async def replace_one(
        self, wanted: Mapping[str, Any], document: Mapping[str, Any], *, upsert: bool
    ) -> None:
        assert upsert
        self.documents[wanted["_id"]] = copy.deepcopy({**wanted, **document})

    async def update_one(self, wanted: Mapping[str, Any], change: Mapping[str, Any]) -> Any:
        found = [it for it in self.documents.values() if fits(it, wanted)][:1]
        for document in found:
            changed(document, change)
        return SimpleNamespace(matched_count=len(found), modified_count=len(found))

    async def update_many(self, wanted: Mapping[str, Any], change: Mapping[str, Any]) -> Any:
        found = [it for it in self.documents.values() if fits(it, wanted)]
        for document in found:
            changed(document, change)
        return SimpleNamespace(matched_count=len(found))

    async def distinct(self, field: str, wanted: Mapping[str, Any]) -> list[Any]:
        return sorted({it[field] for it in self.documents.values() if fits(it, wanted)})

    async def find_one_and_delete(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        found = next((it for it in self.documents.values() if fits(it, wanted)), None)
        return None if found is None else self.documents.pop(found["_id"])

    async def delete_one(self, wanted: Mapping[str, Any]) -> None:
        await self.find_one_and_delete(wanted)

    async def delete_many(self, wanted: Mapping[str, Any]) -> None:
        for found in [it for it in self.documents.values() if fits(it, wanted)]:
            del self.documents[found["_id"]]


def fits(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(_fits(document.get(field), value) for field, value in wanted.items())


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(value, list) and not isinstance(wanted, list):
        return any(_fits(it, wanted) for it in value)
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    return all(COMPARE[name](value, limit) for name, limit in wanted.items())


def changed(document: dict[str, Any], change: Mapping[str, Any]) -> None:
    for name, fields in change.items():
        for field, value in fields.items():
            if name == "$unset":
                inner, _, last = field.rpartition(".")
                (document[inner] if inner else document).pop(last, None)
                continue
            before = document[field] if name == "$inc" else document.get(field)
            document[field] = CHANGES[name](before, value)
