"""How many mails an address gets that is not the registered one: the desk is no mail cannon.

Counted in the database under the address's keyed hash, so several processes and a restart count
together. A mail belongs to the hour and day (UTC) in which it fell due: whichever attempt, process
or restart asks, the answer about it stays the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from services.notification.mail.state import Notification
from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import index_on
from shared.mongo.writes import insert_new

COLLECTION = "mails_to_address"
KEPT = timedelta(days=3)
"""How long a day's count is kept; a mail of that day is tried for 24 hours."""
HOUR = slice(0, 2)


class AddressLimits:
    """At most `per_hour` and `per_day` mails for each address."""

    def __init__(self, database: Database, *, per_hour: int, per_day: int) -> None:
        self._database = database
        self._per_hour = per_hour
        self._per_day = per_day
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def prepare(self) -> None:
        """Let old counts expire. Raises `Outage`."""
        expiry = index_on("expires_at", expires_after=timedelta(0))
        with mongodb_errors_as_outage():
            await self._database.collection(COLLECTION).create_indexes([expiry])

    async def allow(self, recipient_hash: str, notification: Notification) -> bool:
        """Whether this mail is within the limits; if so, it counts from now on. Raises `Outage`."""
        due = notification.due_at.astimezone(UTC)
        day = f"{recipient_hash} {due:%Y-%m-%d}"
        mail = f"{due:%H} {notification.notification_id}"
        lock = self._locks.setdefault(day, asyncio.Lock())
        with mongodb_errors_as_outage():
            async with lock:  # mails to one address do not compete within this process
                return await self._count(day, mail, expires_at=due + KEPT)

    async def _count(self, day: str, mail: str, *, expires_at: datetime) -> bool:
        """Count the mail of that day, unless it is counted or too much; is it counted?"""
        counts = self._database.collection(COLLECTION)
        while True:
            found = await counts.find_one({"_id": day})
            mails: Sequence[str] = found["mails"] if found else ()
            if mail in mails:
                return True
            of_hour = sum(other[HOUR] == mail[HOUR] for other in mails)
            if len(mails) >= self._per_day or of_hour >= self._per_hour:
                return False
            if await self._added(day, mails, mail, expires_at):
                return True

    async def _added(self, day: str, mails: Sequence[str], mail: str, expires_at: datetime) -> bool:
        """Whether nobody else has counted another mail since `mails` was read."""
        counts, now = self._database.collection(COLLECTION), [*mails, mail]
        if mails:
            same = {"_id": day, "count": len(mails)}
            new = {"$set": {"mails": now, "count": len(now)}}
            return bool((await counts.update_one(same, new)).matched_count)
        first = {"_id": day, "mails": now, "count": len(now), "expires_at": expires_at}
        return await insert_new(counts, first)
