"""Documents are written together, and what another process writes meanwhile is not lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from shared.events.envelope import Message
from shared.events.inquiries import InquiryResolved
from shared.events.topics import CONSOLE
from shared.mongo.client import Database, Document
from shared.outage import Outage
from shared.runtime.projections.fold import Placed, folded
from shared.runtime.projections.generations import Generation
from shared.runtime.projections.projection import Projection
from shared.runtime.projections.projector import Projector, Touched
from shared.settings import RuntimeSettings
from tests.builders.few_documents import FewDocuments, Found
from tests.builders.traces import (
    SAMPLED,
    TRACE,
    UNSAMPLED,
    Traced,
    attributes_of,
    parent_of,
    said_by,
    traced,
)
from tests.fakes.memory_stage import Given

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


def record(offset: int, traceparent: str | None) -> Given:
    headers = [] if traceparent is None else [("traceparent", traceparent.encode())]
    return Given("c.d", offset, b"ana", b'{"name": "ana"}', headers)


@pytest.fixture
def traced_desk(desk: Desk) -> Iterator[Traced]:
    with traced(CONSOLE) as it:
        desk.projector._traces = it.traces
        yield it


async def test_a_batch_is_a_span_that_leads_to_each_messages_trace(
    desk: Desk, traced_desk: Traced
) -> None:
    await desk.projector.keep([record(1, SAMPLED), record(2, None), record(3, "nonsense")])

    [span] = traced_desk.named("project batch")
    assert parent_of(span) is None
    assert [f"{it.context.trace_id:032x}" for it in span.links] == [TRACE]
    assert attributes_of(span)["messaging.batch.message_count"] == 3
    assert "ana" not in said_by(traced_desk.spans)


async def test_a_batch_of_which_no_message_is_sampled_has_no_span(
    desk: Desk, traced_desk: Traced
) -> None:
    await desk.projector.keep([record(1, UNSAMPLED), record(2, None)])

    assert not traced_desk.spans


async def test_a_batch_that_cannot_be_kept_names_the_dependency(
    desk: Desk, traced_desk: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_records: object) -> None:
        raise Outage("mongodb", "no answer from 10.0.0.7")

    monkeypatch.setattr(desk.projector, "_keep", down)
    with pytest.raises(Outage):
        await desk.projector.keep([record(1, SAMPLED)])

    [span] = traced_desk.named("project batch")
    assert attributes_of(span)["error.type"] == "mongodb"
    assert "10.0.0.7" not in said_by(traced_desk.spans)
