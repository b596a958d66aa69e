"""A file that two processes keep at once, and what a crash in the middle of an upload has left.

The bucket writes a file as the driver does: its chunks in one write, its document in the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bson import ObjectId
from gridfs.errors import FileExists, NoFile

from shared.mongo import client as mongo
from shared.mongo.client import ABANDONED_AFTER, Database, File, connect
from tests.builders.few_documents import FewDocuments

HIS, OURS = File(b"his", {"of": "his"}), File(b"ours", {"of": "ours"})


class Bucket:
    def __init__(self, documents: FewDocuments) -> None:
        self.chunks = documents.collection("fs.chunks").documents
        self.files: dict[str, dict[str, Any]] = {}
        self.may_end = asyncio.Event()
        self.may_end.set()

    def write_chunks(self, file_id: str, content: bytes, at: datetime) -> None:
        if any(it["files_id"] == file_id for it in self.chunks.values()):
            raise FileExists(file_id)
        chunk = ObjectId(ObjectId.from_datetime(at).binary[:4] + ObjectId().binary[4:])
        self.chunks[cast(str, chunk)] = {"_id": chunk, "files_id": file_id, "data": content}

    async def upload_from_stream_with_id(
        self, file_id: str, _name: str, content: bytes, *, metadata: Mapping[str, Any]
    ) -> None:
        self.write_chunks(file_id, content, datetime.now(UTC))
        await self.may_end.wait()
        if file_id in self.files:
            raise FileExists(file_id)
        self.files[file_id] = {"metadata": dict(metadata)}

    async def open_download_stream(self, file_id: str) -> Any:
        if file_id not in self.files:
            raise NoFile(file_id)
        [content] = [it["data"] for it in self.chunks.values() if it["files_id"] == file_id]

        async def read() -> bytes:
            return bytes(content)

        return SimpleNamespace(read=read, metadata=self.files[file_id]["metadata"])


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(mongo, "UPLOAD_ENDS_AFTER", (0.0,) * 3)
    documents = FewDocuments()
    made = Database(connect("mongodb://127.0.0.1:1"), "files")
    made._files = cast(Any, Bucket(documents))
    made._database = cast(Any, {"fs.chunks": documents.collection("fs.chunks")})
    return made


@pytest.fixture
def bucket(database: Database) -> Bucket:
    return cast(Bucket, database._files)


async def test_of_two_who_keep_a_file_at_once_the_second_is_given_the_firsts(
    database: Database, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "UPLOAD_ENDS_AFTER", (0.0,) * 1000)
    bucket.may_end.clear()
    first = asyncio.create_task(database.put_file("D-1", "D-1.pdf", HIS))
    second = asyncio.create_task(database.put_file("D-1", "D-1.pdf", OURS))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not second.done(), "it waits for the first one's document"

    bucket.may_end.set()

    async with asyncio.timeout(30):
        assert [await first, await second] == [HIS, HIS]
    assert await database.get_file("D-1") == HIS


async def test_the_chunks_of_an_upload_that_may_still_end_stay(
    database: Database, bucket: Bucket
) -> None:
    bucket.may_end.clear()
    first = asyncio.create_task(database.put_file("D-1", "D-1.pdf", HIS))
    await asyncio.sleep(0)

    with pytest.raises(FileExists):
        async with asyncio.timeout(30):
            await database.put_file("D-1", "D-1.pdf", OURS)

    bucket.may_end.set()
    assert await first == HIS
    assert await database.get_file("D-1") == HIS


@pytest.mark.parametrize("before", [ABANDONED_AFTER + timedelta(seconds=5), timedelta(days=9)])
async def test_what_a_crash_left_of_an_upload_gives_way(
    database: Database, bucket: Bucket, before: timedelta
) -> None:
    bucket.write_chunks("D-1", HIS.content, datetime.now(UTC) - before)
    bucket.write_chunks("D-2", HIS.content, datetime.now(UTC) - before)

    assert await database.put_file("D-1", "D-1.pdf", OURS) == OURS
    assert await database.get_file("D-1") == OURS
    assert [it["files_id"] for it in bucket.chunks.values()] == ["D-2", "D-1"]


async def test_a_file_that_is_there_stays(database: Database) -> None:
    await database.put_file("D-1", "D-1.pdf", HIS)

    assert await database.put_file("D-1", "D-1.pdf", OURS) == HIS
