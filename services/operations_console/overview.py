"""The desk at a glance: what waits, and how far each service is with its topics.

A look reads the topics, so all visitors of one process share it for some seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TypeVar

from services.operations_console.boards import Boards
from services.operations_console.owners import Owners
from services.operations_console.settings import Settings
from shared.events.topics import CATALOGUE, SERVICES
from shared.operations.dead_letters.open_letters import TrailOf
from shared.operations.errors import MissingTopics
from shared.operations.flow import Flow, ServiceLag, TopicFlow, read_flow
from shared.operations.open_work import OpenWork, read_open_work
from shared.operations.service_client import ServiceClient, ServiceError
from shared.outage import Outage
from shared.runtime.operations.answers import HealthAnswer

TOLD_WITHIN_S = 3.0
"""A service says how it is without looking at anything; one that hangs does not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. A part that could not be read in time is None."""

    at: datetime
    flow: Flow | None
    work: OpenWork | None
    health: Mapping[str, HealthAnswer] = field(default_factory=dict)
    """The services' word on themselves; those that say nothing are left out."""


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


def looking(
    settings: Settings, boards: Boards, trail_of: TrailOf, now: Callable[[], datetime]
) -> Look:
    """Reads the broker and asks the services; no longer than a look for a case may take."""

    async def look() -> Seen:
        at = now()
        flow, work, health = await asyncio.gather(
            _in_time(read_flow(settings), settings),
            _in_time(_work(settings, boards, trail_of), settings),
            _health(settings),
        )
        return Seen(at, flow, work, health)

    return look


async def _work(settings: Settings, boards: Boards, trail_of: TrailOf) -> OpenWork:
    async with Owners(settings).asked() as services:
        return await read_open_work(settings, services, boards.groups, trail_of)


async def _health(settings: Settings) -> Mapping[str, HealthAnswer]:
    async with Owners(settings).asked() as services:
        told = await asyncio.gather(*map(_health_of, services.values()))
    return {it.service: it for it in told if it is not None}


async def _health_of(service: ServiceClient) -> HealthAnswer | None:
    try:
        async with asyncio.timeout(TOLD_WITHIN_S):
            return await service.health()
    except (ServiceError, TimeoutError):
        return None


async def _in_time(reading: Awaitable[Part], settings: Settings) -> Part | None:
    try:
        async with asyncio.timeout(settings.case_seconds):
            return await reading
    except (Outage, MissingTopics, TimeoutError):
        return None


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """A service between the topics that it reads, the longest lag first, and those it writes.

    `answers` is None where it was not asked; who asks for another credential does answer. `lacks`
    is what keeps it from its work, by when that began: a dependency, or a clock that is right.
    """

    name: str
    answers: bool | None
    records: int
    seconds: float
    reads: Sequence[tuple[TopicFlow, ServiceLag]]
    writes: Sequence[TopicFlow]
    lacks: Sequence[tuple[str, datetime]] = ()


def services_of(seen: Seen) -> list[ServiceSeen]:
    """Every service in the order in which a request passes them; none without a broker."""
    if seen.flow is None:
        return []
    return [_service(it, seen, seen.flow) for it in SERVICES]


def lacking(seen: Seen) -> dict[str, Sequence[tuple[str, datetime]]]:
    """Names what each degraded service says that it lacks, the longest first."""
    lacks = {name: sorted(it.away.items(), key=itemgetter(1)) for name, it in seen.health.items()}
    return {name: found for name, found in lacks.items() if found}


def _answers(name: str, seen: Seen) -> bool | None:
    if name in seen.health:
        return True
    if seen.work is None:
        return None
    return name not in {it.service for it in seen.work.silent if it.admitted}


def _service(name: str, seen: Seen, flow: Flow) -> ServiceSeen:
    topics = {it.topic: it for it in flow.topics}
    records, seconds = flow.of(name)
    reads = [(topics[it.topic], it) for it in flow.lags if it.service == name]
    written = [it.name for it in CATALOGUE if name in it.written_by and it.name in topics]
    reads.sort(key=lambda it: (-it[1].records, it[0].topic))
    writes = [topics[it] for it in written]
    lacks = lacking(seen).get(name, ())
    return ServiceSeen(name, _answers(name, seen), records, seconds, reads, writes, lacks)
