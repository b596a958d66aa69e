"""The desk at a glance: what waits, and how far each service is with its topics.

A look reads the topics, so all visitors of one process share it for some seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.operations_console.boards import Boards
from services.operations_console.owners import Owners
from services.operations_console.settings import Settings
from shared.events.topics import CATALOGUE, SERVICES
from shared.operations.errors import MissingTopics
from shared.operations.flow import Flow, ServiceLag, TopicFlow, read_flow
from shared.operations.open_work import OpenWork, read_open_work
from shared.outage import Outage


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. A part that could not be read in time is None."""

    at: datetime
    flow: Flow | None
    work: OpenWork | None


Look = Callable[[], Awaitable[Seen]]
Part = TypeVar("Part")


class Overview:
    """The last look, until it is too old. Several who ask at once wait for one look.

    It ages from its end: where a server hangs, a look takes longer than it may be old, and those
    who have waited for it would each look again, one after the other.
    """

    def __init__(self, look: Look, every: timedelta, now: Callable[[], datetime]) -> None:
        self._look = look
        self._every = every
        self._now = now
        self._last: Seen | None = None
        self._ended: datetime | None = None
        self._looking = asyncio.Lock()

    async def seen(self) -> Seen:
        async with self._looking:
            if self._last is None or self._is_old():
                self._last = await self._look()
                self._ended = self._now()
            return self._last

    def _is_old(self) -> bool:
        return self._ended is None or self._now() - self._ended >= self._every


def looking(settings: Settings, boards: Boards, now: Callable[[], datetime]) -> Look:
    """Reads the broker and asks the services; no longer than a look for a case may take."""

    async def look() -> Seen:
        at = now()
        flow, work = await asyncio.gather(
            _in_time(read_flow(settings), settings), _in_time(_work(settings, boards), settings)
        )
        return Seen(at, flow, work)

    return look


async def _work(settings: Settings, boards: Boards) -> OpenWork:
    async with Owners(settings).asked() as services:
        return await read_open_work(settings, services, boards.groups)


async def _in_time(reading: Awaitable[Part], settings: Settings) -> Part | None:
    try:
        async with asyncio.timeout(settings.case_seconds):
            return await reading
    except (Outage, MissingTopics, TimeoutError):
        return None


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """A service between the topics that it reads, the longest lag first, and those it writes.

    `answers` is None where it was not asked; who asks for another credential does answer.
    """

    name: str
    answers: bool | None
    records: int
    seconds: float
    reads: Sequence[tuple[TopicFlow, ServiceLag]]
    writes: Sequence[TopicFlow]


def services_of(seen: Seen) -> list[ServiceSeen]:
    """Every service in the order in which a request passes them; none without a broker."""
    if seen.flow is None:
        return []
    silent = {it.service for it in seen.work.silent if it.admitted} if seen.work else set()
    return [_service(it, seen.flow, it not in silent if seen.work else None) for it in SERVICES]


def _service(name: str, flow: Flow, answers: bool | None) -> ServiceSeen:
    topics = {it.topic: it for it in flow.topics}
    records, seconds = flow.of(name)
    reads = [(topics[it.topic], it) for it in flow.lags if it.service == name]
    written = [it.name for it in CATALOGUE if name in it.written_by and it.name in topics]
    reads.sort(key=lambda it: (-it[1].records, it[0].topic))
    return ServiceSeen(name, answers, records, seconds, reads, [topics[it] for it in written])
