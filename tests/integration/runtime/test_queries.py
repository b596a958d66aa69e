"""Every query of the desk finds its way by an index: what it asks does not grow with the data."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from desk.local.stack import Endpoints
from shared.events.envelope import Ref
from shared.events.reference import reference_of
from shared.events.topics import SERVICES
from shared.kafka.records import RecordPosition
from shared.mongo.client import Client, Database, Document, File
from shared.runtime.aggregates.store import Store
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.operations.questions import HistoryOf, PageOf
from shared.runtime.operations.records import NoSuchRecord
from shared.runtime.operations.records import RecordReader as StoredRecords
from tests.builders.records import Records
from tests.integration.runtime.wire import settings_for

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
BOUND = 3


@dataclass
class Asked(CommandListener):
    """Every filter that a client sends: of finds, and of updates and deletes."""

    filters: list[tuple[str, Document]] = field(default_factory=list)

    def started(self, event: CommandStartedEvent) -> None:
        command = event.command
        match event.command_name:
            case "find" if not command["filter"] and command.get("limit") == 1:
                pass  # GridFS looks whether there is any file at all yet
            case "find":
                self.filters.append((command["find"], command["filter"]))
            case "update":
                self.filters += [
                    (command["update"], statement["q"]) for statement in command["updates"]
                ]
            case "delete":
                self.filters += [
                    (command["delete"], statement["q"]) for statement in command["deletes"]
                ]
            case "aggregate" | "count" | "distinct" | "findAndModify":
                raise AssertionError(f"{event.command_name} is not looked at here yet")

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Of no interest; the test fails by itself."""


def records_of(name: str, endpoints: Endpoints, client: Client) -> Records:
    settings = settings_for(endpoints, f"asked{uuid4().hex[:8]}")
    service = importlib.import_module(f"services.{name}.service").build(
        importlib.import_module(f"services.{name}.settings").Settings(mongo_url=endpoints.mongo_url)
    )
    database = Database(client, settings.database_of(name), journal=False)
    return Records(
        service, settings, database, Store(database, service.deciders, history_bound=BOUND)
    )


class AllCommitted:
    """A group that has got everything done."""

    async def uncommitted(self, _places: Iterable[RecordPosition]) -> set[RecordPosition]:
        return set()


def entry(number: int) -> Document:
    """A history entry of a message that changed nothing."""
    return {
        "message_id": f"/tests {number}",
        "digest": "0" * 32,
        "topic": "desk.submissions",
        "partition": 0,
        "offset": number,
        "at": NOW,
        "causation_id": str(number),
        "correlation_id": str(number),
        "events": [],
    }


async def ask_everything(records: Records) -> None:
    """Runs every query of the runtime and of an operator's commands, for each kind of aggregate."""
    store, database = records.store, records.database
    asked = StoredRecords(records.service, database, store)
    await store.prepare()
    for decider in records.service.deciders:
        ref = Ref(decider.kind, f"one of {decider.kind}")
        for number in range(BOUND + 2):
            found = await store.read([ref], [f"/tests {number}"])
            found[ref].record(entry(number), None)
            await store.write(found.values(), UnpublishedEntries(AllCommitted()))
        await store.read([ref], ["/tests 0", "/tests 1"])
        await store.begun_by(ref, ["an inquiry"])
        await database.collection(decider.kind).update_one(
            {"_id": ref.id}, {"$set": {"work_at": NOW, "due_at": NOW}}
        )
        if decider.has_timers:
            assert [due.ref for due in await store.due(decider.kind, NOW, 10)] == [ref]
        if decider.has_work:
            later = NOW + timedelta(minutes=1)
            leased = await store.lease(decider.kind, NOW, later, "me", 10)
            assert [work.ref for work in leased] == [ref]
        assert len(await store.history(decider.kind, ref.id)) == BOUND + 2
        if decider.tells_waiting:
            await store.waiting(decider.kind)
        with contextlib.suppress(NoSuchRecord):
            await asked.parked_one(ref)
        await asked.history(HistoryOf(kind=decider.kind, id=ref.id))
        if decider.alias is not None:
            with contextlib.suppress(NoSuchRecord):
                await asked.history(HistoryOf(kind=decider.kind, alias=reference_of(uuid4())))
    await asked.sizes()
    for page in (asked.parked, asked.due):
        first = await page(PageOf(limit=1))
        await page(PageOf(limit=1, after=first.next))
    await database.put_file("D-1", "D-1.pdf", File(b"%PDF", {}))
    await database.put_file("D-1", "D-1.pdf", File(b"%PDF", {}))
    assert await database.get_file("D-1") is not None


def way_in(what: Document) -> Document:
    """The same question as the embedded database can explain it.

    A query that names ids goes by them there too, and yet is explained as a scan; so is one that
    asks for one of one value in two fields.
    """
    if "_id" in what:
        return {"_id": what["_id"]}
    return {name: _alone(wanted) for name, wanted in what.items()}


def _alone(wanted: Any) -> Any:
    match wanted:
        case {"$in": [only]}:
            return only
    return wanted


def stages(plan: Any) -> Iterator[str]:
    """The names of all the steps of a query plan, wherever the server puts them."""
    if isinstance(plan, Mapping):
        if isinstance(stage := plan.get("stage"), str):
            yield stage
        for inner in plan.values():
            yield from stages(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from stages(inner)


@pytest.mark.parametrize("name", SERVICES)
async def test_no_query_looks_through_a_collection(name: str, endpoints: Endpoints) -> None:
    asked = Asked()
    client: Client = AsyncIOMotorClient(endpoints.mongo_url, tz_aware=True, event_listeners=[asked])
    try:
        records = records_of(name, endpoints, client)
        await ask_everything(records)
        filters = {(where, str(what)): what for where, what in asked.filters}
        assert filters
        for (collection, _), what in filters.items():
            answer = await records.database.collection(collection).database.command(
                "explain", {"find": collection, "filter": way_in(what)}, verbosity="queryPlanner"
            )
            found = set(stages(answer["queryPlanner"]["winningPlan"]))
            assert found, (collection, what)
            assert "COLLSCAN" not in found, (collection, what)
    finally:
        client.close()


async def test_a_scan_would_be_noticed(endpoints: Endpoints) -> None:
    """The server that the tests run on does tell a scan from a look into an index."""
    client: Client = AsyncIOMotorClient(endpoints.mongo_url)
    database = client[f"asked{uuid4().hex[:8]}"]
    try:
        await database.things.insert_one({"_id": 1, "colour": "red"})
        answer = await database.command(
            "explain", {"find": "things", "filter": {"colour": "red"}}, verbosity="queryPlanner"
        )
        assert "COLLSCAN" in set(stages(answer["queryPlanner"]["winningPlan"]))
    finally:
        client.close()
