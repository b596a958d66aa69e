"""Documents are written together, and what another process writes meanwhile is not lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from shared.events.envelope import Message
from shared.events.inquiries import InquiryResolved
from shared.mongo.client import Database, Document
from shared.runtime.projections.fold import Placed, folded
from shared.runtime.projections.generations import Generation
from shared.runtime.projections.projection import Projection
from shared.runtime.projections.projector import Projector, Touched
from shared.settings import RuntimeSettings
from tests.builders.few_documents import FewDocuments, Found

CHUNK = 10


def count(document: Document, message: Message) -> Document:
    return document | {"seen": [*document.get("seen", ()), message.id]}


SEEN = Projection("seen", ("a.b",), lambda _message: (), count)


class Desk:
    """One projection over a database in memory; `writes` are the commands that wrote."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = FewDocuments()
        self.collection = self.database.collection("seen_1")
        self.writes: list[str] = []
        settings = RuntimeSettings(mongo_read_chunk=CHUNK)
        self.projector = Projector(
            settings, cast(Database, self.database), [SEEN], Generation(1, 1)
        )
        for name in ("insert_one", "insert_many", "bulk_write", "replace_one"):
            monkeypatch.setattr(self.collection, name, self._noted(name))

    def _noted(self, name: str) -> Any:
        write = getattr(self.collection, name)

        async def noted(*args: Any, **options: Any) -> Any:
            self.writes.append(name)
            return await write(*args, **options)

        return noted

    async def fold(self, touched: Mapping[str, list[Placed]]) -> None:
        await self.projector._fold(SEEN, dict(touched))

    @property
    def seen(self) -> dict[str, list[str]]:
        return {it["_id"]: it["seen"] for it in self.collection.documents.values()}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def touched(offset: int, *keys: str, partition: int = 0) -> Touched:
    message = Message("/test", f"{partition}-{offset}", InquiryResolved(inquiry_id="i"))
    return {key: [Placed("a.b", partition, offset, message)] for key in keys}


KEYS = [f"i-{number}" for number in range(2 * CHUNK)]


async def test_documents_are_written_many_at_a_time(desk: Desk) -> None:
    await desk.fold(touched(1, *KEYS))
    first = [*desk.writes]
    await desk.fold(touched(2, *KEYS))

    assert desk.seen == {key: ["0-1", "0-2"] for key in KEYS}
    assert first == ["insert_many"] * 2
    assert desk.writes[len(first) :] == ["bulk_write"] * 2


async def test_what_was_folded_already_is_not_written_again(desk: Desk) -> None:
    await desk.fold(touched(1, *KEYS))
    desk.writes.clear()

    await desk.fold(touched(1, *KEYS))

    assert desk.writes == []


@pytest.mark.parametrize("before", [(), ("i-0", "i-1")], ids=["new", "changed"])
async def test_where_another_process_is_quicker_its_document_is_folded_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...]
) -> None:
    await desk.fold(touched(1, *before))
    find, theirs = desk.collection.find, touched(5, "i-1", partition=1)

    def overtaken(wanted: Mapping[str, Any], fields: object = None) -> Found:
        found = find(wanted, fields)
        monkeypatch.setattr(desk.collection, "find", find)
        stored = desk.collection.documents
        for key, messages in theirs.items():
            stored[key] = folded(stored.get(key), key, messages, count)
        return found

    monkeypatch.setattr(desk.collection, "find", overtaken)
    await desk.fold(touched(2, "i-0", "i-1"))

    first = ["0-1"] if before else []
    assert desk.seen == {"i-0": [*first, "0-2"], "i-1": [*first, "1-5", "0-2"]}
