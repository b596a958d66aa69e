"""One timeline of a case over all topics, completed by what the services alone know.

The topics are read as they stand, in several passes as long as one teaches what else belongs to
the case; memory and time are bounded. Where the console keeps an index, it tells the most of it,
and the topics what it does not have yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.events.reference import parse_reference
from shared.events.topics import ARCHIVE, CANCELLATION, EVENT_TYPES, INTAKE
from shared.kafka.topic_records import ALL, Window, committed_by, records_on
from shared.operations.case_index import CaseIndex
from shared.operations.case_search import TOPICS, Sought, bytes_of
from shared.operations.decoded_record import decoded
from shared.operations.errors import OperationError
from shared.operations.service_client import ServiceClient, ServiceError
from shared.operations.timeline import Step, Told, step_of, told
from shared.operations.topics import require_topics
from shared.outage import Outage
from shared.runtime.operations.answers import History, HistoryEntry
from shared.settings import RuntimeSettings

MOST_STEPS = 2_000
MOST_PASSES = 5
MOST_REMEMBERED = 20_000
REMEMBERED_BYTES = 64 * 1024 * 1024
"""Records of the first pass that are kept for the next: most desks are read once."""
MOST_ASKED = 20
"""Records of one kind that a service is asked about."""
LOOK_EVERY = 256
KINDS = ((INTAKE, "inquiry"), (CANCELLATION, "file"), (ARCHIVE, "contract"))


@dataclass(eq=False)
class NoSuchCase(OperationError):
    """Nothing on the topics or with the services has this id."""

    named: str
    complete: bool = True


@dataclass(frozen=True, slots=True)
class NextDue:
    """A record that acts by itself next, and when."""

    service: str
    kind: str
    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseTimeline:
    """A case's events, in order of causation, and its next timers.

    `records` are the services' own, `silent` the services that did not answer. `complete` is False
    where time or room ran out.
    """

    steps: Sequence[Told]
    records: Sequence[History]
    due: Sequence[NextDue]
    silent: Sequence[ServiceError]
    complete: bool


@dataclass(slots=True)
class _Reading:
    """One search through the topics."""

    settings: RuntimeSettings
    window: Window
    deadline: float
    steps: dict[tuple[str, int, int], Step] = field(default_factory=dict)
    remembered: list[Any] | None = field(default_factory=list)
    is_read: bool = False
    records: int = 0
    """Read from the topics, each once."""
    complete: bool = True

    async def find(self, sought: Sought) -> None:
        """Reads the topics until a pass teaches nothing new."""
        for _ in range(MOST_PASSES):
            before = sought.size
            await self._pass(sought)
            if not self.complete or sought.size == before:
                return
        self.complete = False

    async def _pass(self, sought: Sought) -> None:
        pattern, size = sought.pattern(), sought.size
        async with aclosing(self._records()) as records:
            number = 0
            async for record in records:
                number += 1
                if number % LOOK_EVERY == 0 and time.monotonic() > self.deadline:
                    self.complete = False
                    return
                if sought.size != size:
                    pattern, size = sought.pattern(), sought.size
                if pattern.search(bytes_of(record)) and not self._take(record, sought):
                    return

    def _take(self, record: Any, sought: Sought) -> bool:
        found = decoded(record)
        if not sought.take(found):
            return True
        if len(self.steps) >= MOST_STEPS and found.place not in self.steps:
            self.complete = False
            return False
        self.steps[found.place] = step_of(found)
        return True

    async def _records(self) -> AsyncGenerator[Any, None]:
        if self.is_read and self.remembered is not None:
            for record in self.remembered:
                yield record
            return
        kept, size, self.is_read, self.records = self.remembered, 0, True, 0
        async with aclosing(records_on(self.settings, TOPICS, window=self.window)) as records:
            async for record in records:
                self.records += 1
                if kept is not None:
                    kept.append(record)
                    size += len(record.value or b"")
                    if len(kept) > MOST_REMEMBERED or size > REMEMBERED_BYTES:
                        kept.clear()
                        kept = self.remembered = None
                yield record


async def read_timeline(
    named: str,
    settings: RuntimeSettings,
    services: Mapping[str, ServiceClient],
    *,
    within_s: float,
    since: datetime | None = None,
) -> CaseTimeline:
    """The case of any id: a reference, a contract, a customer, a submission or an event.

    Raises `NoSuchCase`, `Outage`, `MissingTopics`.
    """
    sought = _sought(named)
    await require_topics(settings, TOPICS)
    window = ALL if since is None else Window(since=since)
    reading = _Reading(settings, window, time.monotonic() + within_s)
    await reading.find(sought)
    return await _timeline(named, sought, [*reading.steps.values()], reading.complete, services)


async def indexed_timeline(
    named: str, index: CaseIndex, services: Mapping[str, ServiceClient]
) -> CaseTimeline:
    """The same from the console's index, without reading a topic.

    Raises `NoSuchCase`, `Outage`.
    """
    sought = _sought(named)
    steps, complete = await index.find(sought)
    return await _timeline(named, sought, steps, complete, services)


@dataclass(frozen=True, slots=True)
class Freshened:
    """A case from the index and from what the topics have beyond it.

    `behind` is the number of records that the index did not have yet, or why the broker did not
    say: then the case is not complete.
    """

    timeline: CaseTimeline
    behind: int | Outage


async def fresh_timeline(
    named: str,
    index: CaseIndex,
    settings: RuntimeSettings,
    group: str,
    services: Mapping[str, ServiceClient],
    *,
    within_s: float,
) -> Freshened:
    """The case from an index that `group` keeps, however far it is behind.

    Raises `NoSuchCase`, `Outage` of the database.
    """
    sought = _sought(named)
    reading = await _begun(settings, group, within_s)
    size, steps, complete = -1, list[Step](), False
    while size != sought.size:
        steps, complete = await index.find(sought)
        size = sought.size
        if isinstance(reading, _Reading):
            reading = await _read_on(reading, sought)
    if isinstance(reading, Outage):
        timeline = await _timeline(named, sought, steps, False, services)
        return Freshened(timeline, reading)
    steps += reading.steps.values()
    timeline = await _timeline(named, sought, steps, complete and reading.complete, services)
    return Freshened(timeline, reading.records)


async def _begun(settings: RuntimeSettings, group: str, within_s: float) -> _Reading | Outage:
    """Behind what the group has done, or why the broker does not say it."""
    try:
        done = await committed_by(settings, group)
    except Outage as outage:
        return outage
    return _Reading(settings, Window(done=done), time.monotonic() + within_s)


async def _read_on(reading: _Reading, sought: Sought) -> _Reading | Outage:
    """The reading, or why the broker does not let it go on."""
    try:
        await reading.find(sought)
    except Outage as outage:
        return outage
    return reading


def _sought(named: str) -> Sought:
    written = named.strip()
    return Sought(frozenset({written, written.lower(), parse_reference(named) or written}))


async def _timeline(
    named: str,
    sought: Sought,
    steps: list[Step],
    complete: bool,
    services: Mapping[str, ServiceClient],
) -> CaseTimeline:
    records, silent = await _asked(sought, services)
    steps += _kept_by_services(steps, records, sought)
    if not steps:
        raise NoSuchCase(named.strip(), complete)
    due = [
        NextDue(record.service, record.kind, record.id, record.due_at)
        for record in records
        if record.due_at is not None
    ]
    due.sort(key=lambda it: it.at)
    return CaseTimeline(told(steps), records, due, silent, complete)


async def _asked(
    sought: Sought, services: Mapping[str, ServiceClient]
) -> tuple[list[History], list[ServiceError]]:
    """The services' records of the case; each that does not answer is asked once."""
    contracts = sorted(sought.contracts)[:MOST_ASKED]
    asked = {"inquiry": sorted(sought.inquiries)[:MOST_ASKED], "file": contracts}
    found: list[History] = []
    silent: list[ServiceError] = []

    async def ask(service: ServiceClient, kind: str) -> list[History]:
        records = [await service.history(kind, it) for it in asked.get(kind, contracts)]
        return [it for it in records if it is not None]

    asking = [ask(services[name], kind) for name, kind in KINDS if name in services]
    for answer in await asyncio.gather(*asking, return_exceptions=True):
        if isinstance(answer, ServiceError):
            silent.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found += answer
    return found, silent


def _kept_by_services(
    steps: Sequence[Step], records: Sequence[History], sought: Sought
) -> list[Step]:
    """Events that the histories have and no topic does, or does not any more."""
    known = {step.id for step in steps}
    return [
        step
        for record in records
        for entry in record.entries
        for step in _steps_of(record, entry)
        if step.id not in known and _belongs(step, known, sought)
    ]


def _steps_of(record: History, entry: HistoryEntry) -> list[Step]:
    cause = entry.message_id.rpartition(" ")[2]
    return [
        Step(entry.at, event.id, cause, event.type, event.data, service=record.service)
        for event in entry.events
    ]


def _belongs(step: Step, known: set[str], sought: Sought) -> bool:
    """Of a contract's history only what is about the case; no event that repeats its cause."""
    inquiries = {step.data.get("inquiry_id"), step.data.get("answers_inquiry_id")} - {None}
    if inquiries:
        mine = not sought.inquiries.isdisjoint(inquiries)
    else:
        mine = step.service == INTAKE or step.type in EVENT_TYPES
    repeats = step.type.startswith(("mail.", "rejection.")) and step.cause in known
    return mine and not repeats
