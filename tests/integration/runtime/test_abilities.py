"""A service finds out at its start which abilities the database lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import IndexModel

from desk.local.stack import Endpoints
from shared.events.envelope import Ref
from shared.mongo.abilities import Lacking, honours_slice
from shared.mongo.client import Database, connect
from shared.mongo.indexes import create_missing_indexes
from shared.runtime.aggregates.store import Store
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from tests.integration.runtime import toy
from tests.integration.runtime.test_queries import AllCommitted, entry

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def database(endpoints: Endpoints) -> AsyncIterator[Database]:
    client = connect(endpoints.mongo_url)
    name = f"abilities_{uuid4().hex[:8]}"
    yield Database(client, name, journal=False)
    await client.drop_database(name)
    client.close()


async def test_a_probe_tells_whether_lists_are_shortened_and_leaves_nothing(
    database: Database, request: pytest.FixtureRequest
) -> None:
    ferretdb = request.config.getoption("--infra") == "ferretdb"
    assert await honours_slice(database) is not ferretdb
    assert await database.collection("desk_probes").find({}).to_list(None) == []


async def test_indexes_that_are_there_are_not_asked_for_again(database: Database) -> None:
    collection = database.collection("some")
    for _ in range(2):
        await create_missing_indexes(collection, [IndexModel([("a", 1)]), IndexModel([("b", 1)])])
    assert set(await collection.index_information()) == {"_id_", "a_1", "b_1"}


async def test_ids_that_cannot_expire_are_refused_where_they_should(
    database: Database, request: pytest.FixtureRequest
) -> None:
    store = Store(database, toy.build().deciders)
    if request.config.getoption("--infra") != "ferretdb":
        await store.prepare(kept=timedelta(days=30))
        assert await store.expiry("seen") == timedelta(days=30)
        return
    with pytest.raises(Lacking, match="unset it to keep ids for ever"):
        await store.prepare(kept=timedelta(days=30))


async def test_a_long_history_is_whole_and_in_order_whatever_the_database_can(
    database: Database,
) -> None:
    store, ref = Store(database, toy.build().deciders, history_bound=10), Ref("seen", "C-1")
    await store.prepare()
    kept = []
    for number in range(25):
        found = await store.read([ref])
        found[ref].record(entry(number), None)
        await store.write(found.values(), UnpublishedEntries(AllCommitted()))
        document = await database.collection("seen").find_one({"_id": "C-1"}) or {}
        kept.append(len(document["history"]))
    assert kept == [*range(1, 11), *range(5, 11), *range(5, 11), *range(5, 8)]
    history = await store.whole_history("seen", document)
    assert [entry["offset"] for entry in history] == [*range(25)]
