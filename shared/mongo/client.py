"""MongoDB, behind one package: only this file imports motor (ADR 0003).

It keeps to what motor and PyMongo's own async client both offer, so that the switch is this file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
from bson import ObjectId
from bson.codec_options import CodecOptions
from gridfs.errors import FileExists, NoFile
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
    AsyncIOMotorGridFSBucket,
)
from pymongo import ASCENDING, DESCENDING, ReadPreference, WriteConcern
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

Document = dict[str, Any]
FILES = "fs.files"
"""The collection of kept files' metadata, as GridFS calls it."""
Collection = AsyncIOMotorCollection[Document]
Client = AsyncIOMotorClient[Document]

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "FILES",
    "Client",
    "Collection",
    "Database",
    "Document",
    "File",
    "OperationFailure",
    "PyMongoError",
    "close",
    "connect",
]


UPLOAD_ENDS_AFTER = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Pauses in seconds between looks for a file that another process is writing."""
ABANDONED_AFTER = timedelta(minutes=1)
"""Exceeds the interval between an upload's two writes, including the driver's retry."""


def connect(url: str, *, timeout_ms: int = 5_000, answer_ms: int = 30_000) -> Client:
    """A client that connects on first use.

    An absent server is an error after `timeout_ms`, one that accepts and then does not answer
    after `answer_ms`: nothing may wait for ever.
    """
    return AsyncIOMotorClient(
        url,
        tz_aware=True,
        serverSelectionTimeoutMS=timeout_ms,
        connectTimeoutMS=timeout_ms,
        socketTimeoutMS=answer_ms,
    )


def close(client: Client) -> None:
    """Disconnects, and ends the server's sessions if it answers within a second."""
    with pymongo.timeout(1):
        client.close()


@dataclass(frozen=True, slots=True)
class File:
    """A kept file and what was noted beside it."""

    content: bytes
    metadata: Mapping[str, Any]


class Database:
    """One service's database. Writes are acknowledged by a majority and journaled.

    `journal=False` leaves the journal to the server's own pace: only for a database whose loss at
    a power cut is nobody's loss, such as the embedded one.
    """

    def __init__(self, client: Client, name: str, *, journal: bool = True) -> None:
        self._client = client
        self._database: AsyncIOMotorDatabase[Document] = client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True),
            write_concern=WriteConcern("majority", j=True if journal else None),
            read_concern=ReadConcern("local"),
            read_preference=ReadPreference.PRIMARY,
        )
        self._files = AsyncIOMotorGridFSBucket(self._database)
        self._collections: dict[str, Collection] = {}

    def collection(self, name: str) -> Collection:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self._database[name]
        return found

    def changes(self, pipeline: Sequence[Mapping[str, Any]], await_ms: int) -> Any:
        """A change stream over all collections; a context manager."""
        majority = self._database.with_options(read_concern=ReadConcern("majority"))
        return majority.watch(pipeline, max_await_time_ms=await_ms)

    async def clock(self, within: float) -> datetime | None:
        """The server's time; None where it does not say.

        Raises PyMongoError when the server does not answer within the given seconds.
        """
        with pymongo.timeout(within):
            said = (await self._client.admin.command("hello")).get("localTime")
        if not isinstance(said, datetime):
            return None
        return said.replace(tzinfo=said.tzinfo or UTC)  # commands are decoded as naive UTC

    async def put_file(self, file_id: str, name: str, file: File) -> File:
        """Keep a file under an id. One that is there already stays, and is returned.

        Raises PyMongoError, also while another upload of it may still end.
        """
        try:
            await self._upload(file_id, name, file)
        except FileExists:
            kept = await self._file_that_comes(file_id)
            if kept is not None:
                return kept
            await self._delete_abandoned_chunks(file_id)
            await self._upload(file_id, name, file)
        return file

    async def _file_that_comes(self, file_id: str) -> File | None:
        """The file whose chunks are there: its own document is written after them."""
        for pause in UPLOAD_ENDS_AFTER:
            kept = await self.get_file(file_id)
            if kept is not None:
                return kept
            await asyncio.sleep(pause)
        return await self.get_file(file_id)

    async def _delete_abandoned_chunks(self, file_id: str) -> None:
        """A crash in the middle of an upload leaves chunks without a file, which block the id.

        Those of an upload that is only slow stay: without them its file would have no content.
        """
        before = ObjectId.from_datetime(datetime.now(UTC) - ABANDONED_AFTER)
        abandoned = {"files_id": file_id, "_id": {"$lt": before}}
        await self._database["fs.chunks"].delete_many(abandoned)

    async def _upload(self, file_id: str, name: str, file: File) -> None:
        metadata = dict(file.metadata)
        await self._files.upload_from_stream_with_id(file_id, name, file.content, metadata=metadata)

    async def delete_file(self, file_id: str) -> None:
        """Forget a kept file; one that is not there is no error.

        Its content goes first: after a crash in between the file is still found, and deleted again.
        """
        await self._database["fs.chunks"].delete_many({"files_id": file_id})
        await self._database[FILES].delete_one({"_id": file_id})

    async def files_like(
        self, prefix: str, metadata: Mapping[str, Any], *, before: datetime, most: int
    ) -> list[str]:
        """The ids, beginning with `prefix`, of files with these metadata kept before an instant."""
        wanted = {f"metadata.{name}": value for name, value in metadata.items()}
        # Ids are ordered by their bytes: behind all with a prefix comes its last character's next.
        named = {"$gte": prefix, "$lt": prefix[:-1] + chr(ord(prefix[-1]) + 1)}
        found = self._database[FILES].find(
            wanted | {"_id": named, "uploadDate": {"$lt": before}}, {"_id": 1}
        )
        return [it["_id"] for it in await found.limit(most).to_list(most)]

    async def change_note(self, file_id: str, field: str, before: str, after: str) -> bool:
        """Changes a kept file's metadata. False where the field is not what it was before.

        One write decides, so of two processes only one changes it.
        """
        wanted = {"_id": file_id, f"metadata.{field}": before}
        change = {"$set": {f"metadata.{field}": after}}
        changed = await self._database[FILES].update_one(wanted, change)
        return bool(changed.matched_count)

    async def file_note(self, file_id: str) -> Mapping[str, Any] | None:
        """The metadata of a kept file; its content is not read."""
        found = await self._database[FILES].find_one({"_id": file_id}, {"metadata": 1})
        return None if found is None else found.get("metadata") or {}

    async def use_file(self, file_id: str, at: datetime, *, again_within: timedelta) -> bool:
        """Notes the first use of a kept file. False for one used longer than `again_within` ago.

        One write decides, so of two processes only one has the first use.
        """
        unused = {"_id": file_id, "metadata.used_at": None}
        used = {"$set": {"metadata.used_at": at}}
        recent = {"_id": file_id, "metadata.used_at": {"$gte": at - again_within}}
        files = self._database[FILES]
        if (await files.update_one(unused, used)).matched_count:
            return True
        return await files.find_one(recent, {"_id": 1}) is not None

    async def get_file(self, file_id: str) -> File | None:
        try:
            stream = await self._files.open_download_stream(file_id)
        except NoFile:
            return None
        return File(await stream.read(), stream.metadata or {})
