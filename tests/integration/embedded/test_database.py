"""The embedded database does all that the store relies on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase, AsyncIOMotorGridFSBucket
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from desk.local.stack import Stack, embedded_stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

Document = dict[str, Any]
DURABLE = "&w=majority&journal=true&tz_aware=true"
DUE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    directory: Path = tmp_path_factory.mktemp("desk")
    async with embedded_stack(directory, kafka="given", smtp="given") as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def database(stack: Stack) -> AsyncIterator[AsyncIOMotorDatabase[Document]]:
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(stack.endpoints.mongo_url + DURABLE)
    yield client.desk
    await client.drop_database("desk")
    client.close()


async def test_an_unordered_bulk_write_names_each_duplicate_and_does_the_rest(
    database: AsyncIOMotorDatabase[Document],
) -> None:
    await database.files.insert_one({"_id": "C-1", "version": 1})
    inserts = [InsertOne({"_id": f"C-{number}", "version": 1}) for number in (0, 1, 2)]
    with pytest.raises(BulkWriteError) as refused:
        await database.files.bulk_write(inserts, ordered=False)
    details = refused.value.details
    assert [(error["index"], error["code"]) for error in details["writeErrors"]] == [(1, 11000)]
    assert details["nInserted"] == 2


async def test_a_write_with_an_outdated_version_matches_nothing(
    database: AsyncIOMotorDatabase[Document],
) -> None:
    await database.files.insert_many([{"_id": "C-1", "version": 1}, {"_id": "C-2", "version": 7}])
    updates = [
        UpdateOne({"_id": key, "version": 1}, {"$set": {"version": 2}}) for key in ("C-1", "C-2")
    ]
    result = await database.files.bulk_write(updates, ordered=False)
    assert (result.matched_count, result.modified_count) == (1, 1)


async def test_history_grows_and_the_due_time_goes_in_one_update(
    database: AsyncIOMotorDatabase[Document],
) -> None:
    await database.files.insert_one({"_id": "C-1", "version": 1, "due_at": DUE, "history": ["a"]})
    change = {
        "$set": {"version": 2},
        "$push": {"history": {"$each": ["b", "c"]}},
        "$unset": {"due_at": ""},
    }
    await database.files.bulk_write([UpdateOne({"_id": "C-1", "version": 1}, change)])
    stored = await database.files.find_one({"_id": "C-1"})
    assert stored == {"_id": "C-1", "version": 2, "history": ["a", "b", "c"]}


@pytest.mark.parametrize(
    "options", [{"sparse": True}, {"partialFilterExpression": {"due_at": {"$exists": True}}}]
)
async def test_due_files_are_found_oldest_first(
    database: AsyncIOMotorDatabase[Document], options: Document
) -> None:
    await database.files.create_index("due_at", **options)
    await database.files.insert_many(
        [
            {"_id": "later", "due_at": DUE.replace(year=2030)},
            {"_id": "second", "due_at": DUE.replace(day=2)},
            {"_id": "first", "due_at": DUE},
            {"_id": "never"},
        ]
    )
    query = database.files.find({"due_at": {"$lte": DUE.replace(day=3)}}).sort("due_at", 1)
    assert [file["_id"] async for file in query] == ["first", "second"]


async def test_find_and_modify_takes_the_first_in_order(
    database: AsyncIOMotorDatabase[Document],
) -> None:
    await database.files.insert_many([{"_id": "b", "due_at": DUE}, {"_id": "a", "due_at": DUE}])
    taken = await database.files.find_one_and_update(
        {"leased": {"$exists": False}}, {"$set": {"leased": True}}, sort=[("_id", 1)]
    )
    assert taken == {"_id": "a", "due_at": DUE}


async def test_a_unique_index_refuses_a_second_reference(
    database: AsyncIOMotorDatabase[Document],
) -> None:
    await database.inquiries.create_index("reference", unique=True)
    await database.inquiries.insert_one({"reference": "INQ-AAAAA-BBBBB-C"})
    with pytest.raises(DuplicateKeyError):
        await database.inquiries.insert_one({"reference": "INQ-AAAAA-BBBBB-C"})


async def test_many_are_updated_by_their_ids(database: AsyncIOMotorDatabase[Document]) -> None:
    await database.files.insert_many([{"_id": key} for key in ("a", "b", "c")])
    result = await database.files.update_many(
        {"_id": {"$in": ["a", "c", "unknown"]}}, {"$set": {"leased": True}}
    )
    assert result.modified_count == 2


async def test_a_document_is_stored_and_read_under_an_id_of_ours(
    database: AsyncIOMotorDatabase[Document],
) -> None:
    bucket = AsyncIOMotorGridFSBucket(database, bucket_name="documents")
    content = b"%PDF-1.7" + b"x" * 600_000
    await bucket.upload_from_stream_with_id("document-1", "copy.pdf", content)
    stream = await bucket.open_download_stream("document-1")
    assert await stream.read() == content


async def test_acknowledged_writes_survive_a_kill(
    stack: Stack, database: AsyncIOMotorDatabase[Document]
) -> None:
    await database.files.bulk_write([InsertOne({"_id": number}) for number in range(200)])
    await database.files.update_one({"_id": 199}, {"$set": {"version": 2}})
    stack.children["database"].kill()
    await stack.start_again("database")
    assert await database.files.count_documents({}) == 200
    assert await database.files.find_one({"_id": 199}) == {"_id": 199, "version": 2}
