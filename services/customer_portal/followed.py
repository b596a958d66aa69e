"""The inquiry that a browser may follow without an account, after entering its code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on

FOR = timedelta(minutes=30)


class FollowedInquiries:
    """The inquiry followed last, by the hash of a session's id. Its methods raise `Outage`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._followed = database.collection("followed")
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._followed, [], expires_on="until")

    async def note(self, session_key: str, inquiry_id: str) -> None:
        kept = {"inquiry_id": inquiry_id, "until": self._now() + FOR}
        with mongodb_errors_as_outage():
            await self._followed.replace_one({"_id": session_key}, kept, upsert=True)

    async def read(self, session_key: str) -> str | None:
        """The inquiry, for as long as the code counts."""
        with mongodb_errors_as_outage():
            found = await self._followed.find_one(
                {"_id": session_key, "until": {"$gt": self._now()}}
            )
        return None if found is None else str(found["inquiry_id"])
