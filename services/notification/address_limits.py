"""How many mails an address gets that is not the registered one: the desk is no mail cannon.

Counted in the database under the address's keyed hash, so several processes and a restart count
together. A mail belongs to the hour and day (UTC) in which it fell due: whichever attempt, process
or restart asks, the answer about it stays the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from services.notification.mail.state import Notification
from shared.mongo.client import Database
from shared.mongo.errors import WritesRefused, mongodb_errors_as_outage
from shared.mongo.indexes import index_on
from shared.mongo.writes import Write, insert, update, write_all
from shared.runtime.worker import CallCoalescer

COLLECTION = "mails_to_address"
KEPT = timedelta(days=3)
"""How long a day's count is kept; a mail of that day is tried for 24 hours."""
HOUR = slice(0, 2)
REMEMBERED = 5_000
"""Days of addresses that a process remembers as it has seen them last."""


class AddressLimits:
    """At most `per_hour` and `per_day` mails for each address."""

    def __init__(self, database: Database, *, per_hour: int, per_day: int) -> None:
        self._database = database
        self._per_hour = per_hour
        self._per_day = per_day
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._seen: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._write = CallCoalescer(self._write_together)
        self._read = CallCoalescer(self._read_together)

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
        """Count the mail of that day, unless it is counted or too much; is it counted?

        By what this process saw last: counts only grow, so what was too much then is too much now,
        and a write that somebody else came before does nothing.
        """
        mails = self._seen.get(day, ())
        while True:
            if mail in mails:
                return True
            of_hour = sum(other[HOUR] == mail[HOUR] for other in mails)
            if len(mails) >= self._per_day or of_hour >= self._per_hour:
                return False
            now = (*mails, mail)
            if await self._write([_Counted(day, mails, now, expires_at)]):
                return True
            mails = (await self._read([day])).get(day, ())

    async def _write_together(self, counted: Sequence[_Counted]) -> bool:
        """Whether nobody else has counted another mail of any of these addresses meanwhile.

        If so, some of them may be written all the same, which a look at each tells.
        """
        updates = sum(1 for count in counted if count.before)
        try:
            with mongodb_errors_as_outage():
                found = await write_all(
                    self._database.collection(COLLECTION), [count.write() for count in counted]
                )
        except WritesRefused as refused:
            if not refused.only_duplicate_ids:
                raise
            return False
        if found != updates:
            return False
        for count in counted:
            self._see(count.day, count.now)
        return True

    async def _read_together(self, days: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """The mails counted on each of these days that has some."""
        found = {}
        with mongodb_errors_as_outage():
            counts = self._database.collection(COLLECTION).find({"_id": {"$in": [*days]}})
            for count in await counts.to_list(None):
                found[count["_id"]] = tuple(count["mails"])
                self._see(count["_id"], found[count["_id"]])
        return found

    def _see(self, day: str, mails: tuple[str, ...]) -> None:
        self._seen[day] = mails
        self._seen.move_to_end(day)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A day's mails to one address, before and with one more."""

    day: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    expires_at: datetime

    def write(self) -> Write:
        mails, count = list(self.now), len(self.now)
        if not self.before:
            return insert(
                {"_id": self.day, "mails": mails, "count": count, "expires_at": self.expires_at}
            )
        same = {"_id": self.day, "count": len(self.before)}
        return update(same, {"$set": {"mails": mails, "count": count}})
