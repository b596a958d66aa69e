"""The archive's file store in memory, with the same promises as `Database`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, cast

from shared.events.envelope import Ref
from shared.mongo.client import Database, File, PyMongoError
from shared.runtime.decider import Work
from tests.builders.archive import NUMBER, Archive
from tests.builders.few_documents import Collection, FewDocuments


class Files:
    def __init__(self) -> None:
        self.kept: dict[str, File] = {}
        self.away = False
        self.used: dict[str, datetime] = {}
        self.uploaded: dict[str, datetime] = {}
        self.read: list[tuple[str, object]] = []

    async def get_file(self, file_id: str) -> File | None:
        self.read.append(("content", file_id))
        if self.away:
            raise PyMongoError("away")
        return self.kept.get(file_id)

    async def file_note(self, file_id: str) -> Mapping[str, Any] | None:
        self.read.append(("note", file_id))
        if self.away:
            raise PyMongoError("away")
        return self.kept[file_id].metadata if file_id in self.kept else None

    async def use_file(self, file_id: str, at: datetime, *, again_within: timedelta) -> bool:
        return at - self.used.setdefault(file_id, at) <= again_within

    async def put_file(self, file_id: str, _name: str, file: File) -> File:
        return self.kept.setdefault(file_id, file)

    async def delete_file(self, file_id: str) -> None:
        self.kept.pop(file_id, None)

    async def files_like(
        self, prefix: str, metadata: Mapping[str, Any], *, before: datetime, most: int
    ) -> list[str]:
        found = [
            file_id
            for file_id, file in self.kept.items()
            if file_id.startswith(prefix)
            and self.uploaded.get(file_id, before) < before
            and all(file.metadata.get(name) == value for name, value in metadata.items())
        ]
        return found[:most]

    async def change_note(self, file_id: str, field: str, before: str, after: str) -> bool:
        file = self.kept.get(file_id)
        if file is None or file.metadata.get(field) != before:
            return False
        self.kept[file_id] = File(file.content, {**file.metadata, field: after})
        return True

    def collection(self, name: str) -> Collection:
        return FewDocuments().collection(name)

    @property
    def database(self) -> Database:
        return cast(Database, self)


def due_work(archive: Archive) -> Work:
    async def read(refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        return {ref: archive.states.get(ref) for ref in refs}

    return Work(Ref("contract", NUMBER), archive.contract, read, AsyncExitStack())
