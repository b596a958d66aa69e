"""How often somebody may do a thing, counted in the database for all processes together."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass

from limits import RateLimitItem
from limits.aio.storage import MongoDBStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from shared.mongo.client import close
from shared.outage import Outage


@dataclass
class TooMany(Exception):
    """It was done too often; `retry_after` seconds from now it may be done again."""

    retry_after: int


class Counters(MongoDBStorage):
    """Counters in MongoDB, also where the two first tries come at once.

    The embedded database counts both then, and answers one of them without the document.
    """

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        try:
            return await super().incr(key, expiry, amount)
        except TypeError:
            return await self.get(key)

    def close(self) -> None:
        close(self.storage)

    def __del__(self) -> None:
        """Does not close the client, as the library would: while the interpreter ends, telling an
        absent server of it waits for ever for a thread that does not start any more.
        """


def shared_storage(mongo_url: str, database: str) -> Storage:
    """Counters in a database of their own: they are nobody's loss."""
    return Counters(
        mongo_url.replace("mongodb", "async+mongodb", 1),
        database_name=database,
        counter_collection_name="rate_limits",
        wrap_exceptions=True,
        serverSelectionTimeoutMS=5_000,
    )


class RateLimits:
    """Fixed windows. Who it is about is counted by a keyed hash: no address is stored."""

    def __init__(self, storage: Storage, key: bytes) -> None:
        self._storage = storage
        self._limiter = FixedWindowRateLimiter(storage)
        self._key = key

    async def spend(self, limit: RateLimitItem, act: str, who: str, cost: int = 1) -> None:
        """Count `act` by `who`, once or as often as it costs. Raises `TooMany` beyond the limit,
        `Outage`.
        """
        hashed = hmac.digest(self._key, who.encode(), "sha256").hex()[:32]
        try:
            if not await self._limiter.hit(limit, act, hashed, cost=cost):
                window = await self._limiter.get_window_stats(limit, act, hashed)
                raise TooMany(max(1, round(window.reset_time - time.time())))
        except StorageError as error:
            raise Outage("mongodb", type(error).__name__) from error

    def close(self) -> None:
        if isinstance(self._storage, Counters):
            self._storage.close()
