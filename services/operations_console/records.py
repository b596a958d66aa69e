"""Reads records from the topics as they lie there, or come: for pages about one topic."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from services.operations_console.settings import Settings
from shared.kafka.records import RecordPosition
from shared.kafka.topic_records import Window
from shared.operations.decoded_record import DecodedRecord
from shared.operations.errors import OperationError
from shared.operations.tail import Wanted, tail
from shared.outage import Outage
from shared.web.rate_limits import TooMany

MOST_SHOWN = 100
"""Records of one page."""
NEWEST, NEWEST_CHOSEN = 50, 5_000
"""Of each partition, how many are looked at: all are shown, or some are chosen."""
AT_ONCE, TAILS_AT_ONCE = 4, 20
"""Looks, and live tails that differ, of one process: each is a reader of its own."""
RETRY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Browsed:
    """Records of one topic. `complete` is False where time ran out, `more` where some follow."""

    records: Sequence[DecodedRecord]
    complete: bool
    more: bool = False

    @property
    def after(self) -> dict[int, int]:
        """The offset behind the last of these records, by partition."""
        found: dict[int, int] = {}
        for it in self.records:
            found[it.place.partition] = max(it.place.offset + 1, found.get(it.place.partition, 0))
        return found


class Records:
    """Looks into topics, a few at the same time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tails: dict[tuple[str, Wanted], Tail] = {}

    async def at(self, place: RecordPosition) -> DecodedRecord | None:
        """The record at this place; None where the topic has it no more, or never had.

        Raises `Outage`, `MissingTopics`.
        """
        topic, partition, offset = place
        window = Window(partition=partition, first=offset, last=offset + 1)
        found = await self._first(topic, Wanted(), window)
        return next((it for it in found.records if it.place == place), None)

    async def newest(self, topic: str, wanted: Wanted) -> Browsed:
        """The newest records, the last one first. Raises `Outage`, `MissingTopics`."""
        found: list[DecodedRecord] = []
        window = Window(newest=NEWEST if wanted == Wanted() else NEWEST_CHOSEN)
        complete = await self._read(topic, wanted, window, found, most=None)
        return Browsed(newest_first(found), complete)

    async def since(self, topic: str, wanted: Wanted, window: Window) -> Browsed:
        """The first records of the window, in order of time. Raises `Outage`, `MissingTopics`."""
        return await self._first(topic, wanted, window)

    async def _first(self, topic: str, wanted: Wanted, window: Window) -> Browsed:
        found: list[DecodedRecord] = []
        complete = await self._read(topic, wanted, window, found, most=MOST_SHOWN)
        found.sort(key=lambda it: (it.at, it.place))
        return Browsed(found, complete, len(found) >= MOST_SHOWN)

    async def _read(
        self,
        topic: str,
        wanted: Wanted,
        window: Window,
        found: list[DecodedRecord],
        *,
        most: int | None,
    ) -> bool:
        """Whether there was time to read all that was asked for."""
        async with self._places:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.case_seconds):
                    records = tail(self._settings, [topic], wanted, window=window, ending=True)
                    async with aclosing(records) as coming:
                        async for record in coming:
                            found.append(record)
                            if len(found) == most:
                                break
                    return True
        return False

    def tail(self, topic: str, wanted: Wanted) -> Tail:
        """The tail of the topic that all share who look at the same. Raises `TooMany`."""
        if (running := self._tails.get((topic, wanted))) is not None:
            return running
        self._refuse_too_many()
        return Tail(self, topic, wanted)

    @contextlib.contextmanager
    def following(self, tail_of: Tail) -> Iterator[AsyncIterator[DecodedRecord]]:
        """The newest records and then those that come, for ever. Raises `TooMany`, `Outage`."""
        self._refuse_too_many()
        topic, wanted = tail_of.about
        self._tails[tail_of.about] = tail_of
        try:
            yield tail(self._settings, [topic], wanted, window=Window(newest=NEWEST))
        finally:
            del self._tails[tail_of.about]

    def _refuse_too_many(self) -> None:
        if len(self._tails) >= TAILS_AT_ONCE:
            raise TooMany(RETRY_SECONDS)


class Tail:
    """The newest records of a topic, as they come; it wakes all who show them.

    It reads while anybody looks.
    """

    def __init__(self, records: Records, topic: str, wanted: Wanted) -> None:
        self.about = (topic, wanted)
        self._records = records
        self._found: list[DecodedRecord] = []
        self._broken = False
        self._watching: set[asyncio.Event] = set()
        self._reading = contextlib.ExitStack()

    @property
    def shown(self) -> Sequence[DecodedRecord]:
        """The last one first. Raises `Outage` once no more can come."""
        if self._broken:
            raise Outage("kafka", "the tail broke")
        return newest_first(self._found)

    @contextlib.contextmanager
    def of(self, *_ids: str) -> Iterator[asyncio.Event]:
        """Follows the topic; the event is set whenever a record has come. Raises `TooMany`."""
        if not self._watching:
            self._begin()
        came = asyncio.Event()
        self._watching.add(came)
        try:
            yield came
        finally:
            self._watching.discard(came)
            if not self._watching:
                self._reading.close()

    def _begin(self) -> None:
        self._found, self._broken = [], False
        records = self._reading.enter_context(self._records.following(self))
        following = asyncio.create_task(self._follow(records))
        self._reading.callback(following.cancel)

    def _wake(self) -> None:
        for came in self._watching:
            came.set()

    async def _follow(self, records: AsyncIterator[DecodedRecord]) -> None:
        try:
            async for record in records:
                self._found = [*self._found[1 - 2 * MOST_SHOWN :], record]
                self._wake()
        except (Outage, OperationError):
            self._broken = True
            self._wake()


def newest_first(records: Sequence[DecodedRecord]) -> list[DecodedRecord]:
    return sorted(records, key=lambda it: (it.at, it.place), reverse=True)[:MOST_SHOWN]
