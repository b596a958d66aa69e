"""One-time codes by mail: who can read an address's mail is who the address belongs to.

A code is eight digits, works once, for ten minutes, in the browser that asked for it, and five
wrong ones end it. The database has its keyed hash only.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on

VALID = timedelta(minutes=10)
DIGITS = 8
WRONG_ONES = 5


class OneTimeCodes:
    """The codes that were sent and not used yet. Its methods raise `Outage`."""

    def __init__(self, database: Database, key: bytes, now: Callable[[], datetime]) -> None:
        self._codes = database.collection("one_time_codes")
        self._key = key
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._codes, [], expires_on="until")

    async def issue(self, visitor: str, address: str) -> str:
        """A new code for this browser and address. It takes the place of an earlier one."""
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        kept = {
            "code": self._hash(visitor, code),
            "address": address,
            "wrong": 0,
            "until": self._now() + VALID,
        }
        with mongodb_errors_as_outage():
            await self._codes.replace_one({"_id": visitor}, kept, upsert=True)
        return code

    async def use(self, visitor: str, code: str) -> str | None:
        """The address that the code was sent to; None for a wrong, used or old one.

        A try is counted before it is compared, so that many at once are no more than five. Then one
        write decides: of two who come with the same code, one has it.
        """
        given = "".join(code.split()).replace("-", "")
        valid = {"_id": visitor, "until": {"$gt": self._now()}, "wrong": {"$lt": WRONG_ONES}}
        with mongodb_errors_as_outage():
            counted = await self._codes.update_one(valid, {"$inc": {"wrong": 1}})
            if not counted.matched_count:
                return None
            found = await self._codes.find_one_and_delete(
                {"_id": visitor, "code": self._hash(visitor, given)}
            )
        return None if found is None else str(found["address"])

    async def address_of(self, visitor: str) -> str | None:
        """The address that this browser's code was sent to, while one is valid."""
        with mongodb_errors_as_outage():
            found = await self._codes.find_one({"_id": visitor, "until": {"$gt": self._now()}})
        return None if found is None else str(found["address"])

    def _hash(self, visitor: str, code: str) -> str:
        return hmac.digest(self._key, f"{visitor} {code}".encode(), "sha256").hex()
