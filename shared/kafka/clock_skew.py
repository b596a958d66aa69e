"""How far this machine's clock is ahead of the broker's, as far as records tell.

An acknowledged record says what time it was at the broker at some instant between sending and
acknowledgement. A record that is read says only that it was no earlier than that. Both are kept as
bounds beside a clock that nobody sets, so a correction of this machine's clock shows at once, and
nothing has to be sent in order to know. The protocol has no question for the broker's time: until
the first acknowledgement the database's clock stands in for it, which tells the time when asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from shared.kafka.records import LOG_APPEND_TIME

LIMIT_SECONDS = 60.0
BROKER, DATABASE = "broker", "database"
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed_seconds() -> float:
    """Seconds since some fixed instant; runs on while the machine sleeps, and nobody sets it."""
    return time.clock_gettime(_BOOTTIME)


class Stamped(Protocol):
    """Carries the broker's time: a record that was read, or the acknowledgement of one."""

    @property
    def timestamp(self) -> int: ...
    @property
    def timestamp_type(self) -> int | None: ...


class ClockSkew:
    """Bounds on the difference of two clocks, in seconds; positive where this one is ahead."""

    def __init__(
        self, now: Callable[[], datetime], elapsed: Callable[[], float] = elapsed_seconds
    ) -> None:
        self._now = now
        self.elapsed = elapsed
        self._least, self._most = -math.inf, math.inf  # of the broker's clock over `elapsed`
        self._ours: float | None = None  # this clock over `elapsed` when it was last compared
        self._database: tuple[float, float] | None = None  # bounds of its clock over `elapsed`

    def acknowledged(self, records: Iterable[Stamped], *, sent: float) -> None:
        """The broker stamped them between `sent`, as `elapsed` said, and now."""
        stamp = _newest(records)
        if stamp is not None:
            self._least, self._most = stamp - self.elapsed(), stamp - sent
            self._ours = self._over_elapsed()

    def read(self, records: Iterable[Stamped]) -> None:
        """The broker stamped them some time ago: its clock cannot be behind them."""
        stamp = _newest(records)
        if stamp is not None:
            self._least = max(self._least, stamp - self.elapsed())
            self._most = max(self._most, self._least)

    def database_showed(self, at: datetime, *, asked: float) -> None:
        """The database's clock showed `at` between `asked`, as `elapsed` said, and now."""
        stamp = at.timestamp()
        self._database = stamp - self.elapsed(), stamp - asked

    @property
    def measured(self) -> bool:
        """Whether an acknowledgement bounded the broker's time; records read bound one side."""
        return math.isfinite(self._most)

    @property
    def compared_with(self) -> str | None:
        """The clock compared with, the broker's or the database's; None if neither is known."""
        if self.measured:
            return BROKER
        return DATABASE if self._database else None

    @property
    def seconds(self) -> float:
        """The smallest difference that fits what is known; 0 while nothing is."""
        ours, (least, most) = self._over_elapsed(), self._bounds
        return max(ours - most, min(0.0, ours - least))

    @property
    def _bounds(self) -> tuple[float, float]:
        """Bounds of the broker's clock, or of the database's until a record is acknowledged.

        Unless the broker has stamped a record over a minute later: then the database's is wrong.
        """
        if self.measured or self._database is None:
            return self._least, self._most
        least, most = self._database
        if most < self._least - LIMIT_SECONDS:
            return self._least, self._most
        least = max(least, self._least)
        return least, max(least, most)

    @property
    def jumped(self) -> bool:
        """Whether this clock was set by over a minute since an acknowledgement came.

        It looks the same when the machine was suspended and even `elapsed` stood still: only
        another acknowledgement tells whether this clock is right.
        """
        if self._ours is None:
            return False
        return abs(self._over_elapsed() - self._ours) > LIMIT_SECONDS

    def now(self) -> datetime:
        """This clock's time, less what it is known to be ahead of the broker's.

        It is never put forward: a broker whose clock is wrong must not bring a day nearer.
        """
        ahead = 0.0 if self.jumped else max(0.0, self.seconds)
        return self._now() - timedelta(seconds=ahead)

    def _over_elapsed(self) -> float:
        return self._now().timestamp() - self.elapsed()

    @property
    def excessive(self) -> bool:
        """Whether the clocks certainly differ by more than a minute."""
        return abs(self.seconds) > LIMIT_SECONDS


def _newest(records: Iterable[Stamped]) -> float | None:
    stamps = [record.timestamp for record in records if record.timestamp_type == LOG_APPEND_TIME]
    return max(stamps) / 1000 if stamps else None
