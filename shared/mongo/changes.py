"""Tells of documents that have changed, whichever process changed them.

Rests on change streams. A server without them (a MongoDB that is no replica set) is polled: then
everybody who waits is woken every second and looks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from shared.mongo.client import Database

log: structlog.stdlib.BoundLogger = structlog.get_logger()

POLL_SECONDS = 1.0
_WANTED = [{"$project": {"ns": 1, "documentKey": 1, "operationType": 1}}]
AWAIT_MS = 1_000


class Changes:
    """Wakes those who wait for documents of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def of(self, *ids: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of these documents may have changed."""
        changed = asyncio.Event()
        for awaited in ids:
            self._waiting[awaited].add(changed)
        try:
            yield changed
        finally:
            for awaited in ids:
                self._waiting[awaited].discard(changed)
                if not self._waiting[awaited]:
                    del self._waiting[awaited]

    async def watch(self, stopping: asyncio.Event) -> None:
        """Return when `stopping` is set. A stream that breaks is opened again, and all look."""
        streaming = True
        while not stopping.is_set():
            try:
                if streaming:
                    await self._stream(stopping)
            except OperationFailure as error:
                streaming = False
                log.warning("no change streams here; polling", code=error.code)
            except PyMongoError as error:
                log.info("change stream broke", why=type(error).__name__)
            self.wake_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await stopping.wait()

    def wake_all(self) -> None:
        for some in list(self._waiting.values()):
            for changed in some:
                changed.set()

    async def _stream(self, stopping: asyncio.Event) -> None:
        async with self._database.changes(_WANTED, AWAIT_MS) as stream:
            self.wake_all()  # what changed before the stream began
            while not stopping.is_set() and stream.alive:
                change = await stream.try_next()
                if change is not None and "documentKey" in change:
                    for changed in self._waiting.get(str(change["documentKey"]["_id"]), ()):
                        changed.set()
