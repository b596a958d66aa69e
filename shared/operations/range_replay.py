"""Dry run of a range of a topic's records in every service that reads the topic.

What was decided before is decided again as of that time, so that a difference shows what a release
or a setting changed. Nothing is published or stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from shared.events.topics import SERVICES, TOPICS
from shared.kafka.records import RecordPosition, UndecodableRecord, UndeliveredValue
from shared.kafka.topic_records import Window, records_on, spans_of
from shared.operations.decoded_record import DecodedRecord, decoded
from shared.operations.service_client import ServiceClient, ServiceError, fits
from shared.operations.tail import Wanted
from shared.operations.topics import require_topics
from shared.runtime.codec import Record
from shared.runtime.operations.answers import Foreseen, ForeseenEvent
from shared.runtime.operations.questions import MOST_RECORDS
from shared.settings import RuntimeSettings

LOOK_EVERY = 256


class RangeOutcome(StrEnum):
    """How a record's new decision in a service compares with its original one."""

    AS_THEN = "as_then"
    """The same as when it was decided."""
    DIFFERS = "differs"
    """Something else than when it was decided."""
    UNDECIDED = "undecided"
    """No history has it yet: its events are what it would bring now."""
    NOTHING = "nothing"
    """The service does not act on it."""
    GIVEN_UP = "given_up"
    """It would become a dead letter, and no history has it."""
    UNKNOWN = "unknown"
    """It was decided, but too little of the history is kept to decide it again."""


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """One service's answer about one record."""

    service: str
    foreseen: Foreseen
    place: RecordPosition

    @property
    def outcome(self) -> RangeOutcome:
        then = self.foreseen.then
        if then is not None and not then.again:
            return RangeOutcome.UNKNOWN
        if then is not None:
            return RangeOutcome.DIFFERS if self.differences else RangeOutcome.AS_THEN
        if self.foreseen.fault is not None:
            return RangeOutcome.GIVEN_UP
        return RangeOutcome.UNDECIDED if self.foreseen.events else RangeOutcome.NOTHING

    @property
    def differences(self) -> tuple[str, ...]:
        """Names what differs from the original decision: types and fields, without their values."""
        then = self.foreseen.then
        if then is None or not then.again:
            return ()
        if self.foreseen.fault is not None:
            return (f"now given up: {self.foreseen.fault}",)
        pairs = zip_longest(then.events, self.foreseen.events)
        found = [said for was, now in pairs if (said := _difference(was, now))]
        decided = RecordPosition(then.topic, then.partition, then.offset)
        if found and decided != self.place:
            topic, partition, offset = decided
            found.insert(0, f"another record was decided, {topic} {partition}-{offset}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ReplayedRecord:
    """A record of the range, and what each service that was asked answers."""

    record: DecodedRecord
    answers: Sequence[ServiceAnswer]


@dataclass(frozen=True, slots=True)
class RangeReplay:
    """The records that were tried, in the order of each partition.

    `rest` says from which offset of which partitions the range is still to be tried; empty where
    all of it was. `silent` are the services that did not answer.
    """

    records: Sequence[ReplayedRecord]
    rest: Mapping[int, int]
    silent: Sequence[ServiceError] = ()

    @property
    def as_then(self) -> bool:
        """Whether nothing differs, would be given up, is left or was not answered."""
        bad = {RangeOutcome.DIFFERS, RangeOutcome.GIVEN_UP}
        found = {answer.outcome for it in self.records for answer in it.answers}
        return not (self.rest or self.silent or found & bad)


@dataclass(slots=True)
class RangeRead:
    """The records chosen from the range, and the offset at which reading each partition ended."""

    spans: Mapping[int, range]
    chosen: list[Record] = field(default_factory=list)
    following: dict[int, int] = field(default_factory=dict)

    def rest(self, tried: int) -> dict[int, int]:
        """Where each partition continues if only the first `tried` of the chosen were tried."""
        offsets = dict(self.following)
        for record in reversed(self.chosen[tried:]):
            offsets[record.partition] = record.offset
        return {it: offset for it, offset in offsets.items() if offset < self.spans[it].stop}


def deciders_of(topic: str) -> tuple[str, ...]:
    """The services that decide about the topic's records."""
    return tuple(name for name in SERVICES if name in TOPICS[topic].read_by)


async def replay_range(
    topic: str,
    settings: RuntimeSettings,
    services: Mapping[str, ServiceClient],
    wanted: Wanted,
    window: Window,
    *,
    most: int = MOST_RECORDS,
    within_s: float,
) -> RangeReplay:
    """Ask `services` about the chosen records of the window.

    At most `most` of them, as many as one dry run takes, and what is read in `within_s` seconds.
    Raises `Outage`, `MissingTopics`.
    """
    await require_topics(settings, [topic])
    read = await _read(topic, settings, wanted, window, min(most, MOST_RECORDS), within_s)
    sendable = [record for record in read.chosen if _can_be_sent(record)]
    answers: dict[str, Sequence[Foreseen]] = {}
    silent: list[ServiceError] = []
    for name in services if sendable else ():
        try:
            answers[name] = await services[name].dry_run(sendable, again=True)
        except ServiceError as error:
            silent.append(error)
    answered = min((len(told) for told in answers.values()), default=len(sendable))
    last = read.chosen.index(sendable[answered]) if answered < len(sendable) else len(read.chosen)
    told = [*_told(read.chosen[:last], answers)]
    return RangeReplay(told, read.rest(last), silent)


async def _read(
    topic: str,
    settings: RuntimeSettings,
    wanted: Wanted,
    window: Window,
    most: int,
    within_s: float,
) -> RangeRead:
    spans = await spans_of(settings, topic, window)
    read = RangeRead(spans, following={it: span.start for it, span in spans.items() if span})
    ends, number = time.monotonic() + within_s, 0
    async with aclosing(records_on(settings, [topic], window=window)) as records:
        async for record in records:
            if record.offset >= spans[record.partition].stop:  # it came after the range was read
                continue
            number += 1
            if wanted.matches(decoded(record)):
                if len(read.chosen) == most or not fits(read.chosen, record):
                    return read
                read.chosen.append(record)
            read.following[record.partition] = record.offset + 1
            if number % LOOK_EVERY == 0 and time.monotonic() > ends:
                return read
    return RangeRead(spans, read.chosen)


def _can_be_sent(record: Record) -> bool:
    """Whether the client delivered its content; what it did not, no service can decide."""
    return not isinstance(record, UndecodableRecord) and not isinstance(
        record.value, UndeliveredValue
    )


def _told(
    records: Sequence[Record], answers: Mapping[str, Sequence[Foreseen]]
) -> Iterator[ReplayedRecord]:
    number = 0
    for record in records:
        found = decoded(record)
        if _can_be_sent(record):
            own = [ServiceAnswer(name, told[number], found.place) for name, told in answers.items()]
            number += 1
        else:
            fault = Foreseen(fault=found.fault)
            own = [ServiceAnswer(name, fault, found.place) for name in answers]
        yield ReplayedRecord(found, own)


def _difference(was: ForeseenEvent | None, now: ForeseenEvent | None) -> str:
    if was is None or now is None or (was.kind, was.id, was.type) != (now.kind, now.id, now.type):
        return f"{_name(was)} then, {_name(now)} now"
    names = sorted(it for it in was.data.keys() | now.data.keys() if _apart(was, now, it))
    return f"{was.type}: {', '.join(names)}" if names else ""


def _apart(was: ForeseenEvent, now: ForeseenEvent, field_name: str) -> bool:
    missing: Any = object()
    return bool(was.data.get(field_name, missing) != now.data.get(field_name, missing))


def _name(event: ForeseenEvent | None) -> str:
    return "nothing" if event is None else event.type
