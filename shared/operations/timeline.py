"""Orders events by causation: pure, and the same in whatever order they were read."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from shared.kafka.records import RecordPosition
from shared.operations.decoded_record import DeadBecause, DecodedRecord

LONG_PAUSE_S = 60.0
"""From here on a pause is told by itself: shorter ones are the desk at work."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; `at` is timezone-aware.

    `cause` is the id of the message that brought it about, empty for none. It was read at `place`
    on a topic, or is kept by `service` alone.
    """

    at: datetime
    id: str
    cause: str
    type: str
    data: Mapping[str, Any]
    place: RecordPosition | None = None
    service: str = ""
    dead: DeadBecause | None = None
    fault: str = ""

    @property
    def order(self) -> tuple[datetime, str, int, int, str]:
        topic, partition, offset = self.place or ("", 0, 0)
        return self.at, topic, partition, offset, self.id


@dataclass(frozen=True, slots=True)
class Told:
    """A step in its turn: how long after the one before, and how long after its cause, in s.

    `after_cause_s` is None where its cause is not among the steps.
    """

    step: Step
    pause_s: float
    after_cause_s: float | None

    @property
    def waited(self) -> bool:
        """Whether so little happened before it that the pause is worth a line."""
        return self.pause_s >= LONG_PAUSE_S


def step_of(record: DecodedRecord) -> Step:
    """Builds the timeline's step from a record."""
    return Step(
        record.at,
        record.id,
        record.causation_id,
        record.type,
        record.data,
        record.place,
        dead=record.dead,
        fault=record.fault,
    )


def told(steps: Iterable[Step]) -> list[Told]:
    """The steps in order of causation; an event that was published twice is told once."""
    ordered = in_causal_order(_once(steps))
    at = {step.id: step.at for step in reversed(ordered) if step.id and step.dead is None}
    found, before = [], None
    for step in ordered:
        pause = 0.0 if before is None else max(0.0, (step.at - before).total_seconds())
        cause = at.get(step.cause)
        since = None if cause is None else max(0.0, (step.at - cause).total_seconds())
        found.append(Told(step, pause, since))
        before = step.at if before is None else max(before, step.at)
    return found


def _once(steps: Iterable[Step]) -> list[Step]:
    """Dead letters of one message are several; an event is one, however often it lies there."""
    first: dict[object, Step] = {}
    for step in sorted(steps, key=lambda step: step.order):
        same = step.place if step.dead is not None or not step.id else (step.id, step.type)
        first.setdefault(same, step)
    return [*first.values()]


def in_causal_order(steps: Sequence[Step]) -> list[Step]:
    """Each step after its cause and after what lies before it on its partition; else by instant.

    Steps that claim to cause each other come by instant.
    """
    ordered = sorted(steps, key=lambda step: step.order)
    follows, waits = _constraints(ordered)
    ready = [number for number in range(len(ordered)) if not waits[number]]
    done: dict[int, Step] = {}
    remaining = iter(range(len(ordered)))
    while len(done) < len(ordered):
        number = heapq.heappop(ready) if ready else next(it for it in remaining if it not in done)
        if number in done:
            continue
        done[number] = ordered[number]
        for follower in follows[number]:
            waits[follower] -= 1
            if waits[follower] == 0 and follower not in done:
                heapq.heappush(ready, follower)
    return [*done.values()]


def _constraints(ordered: Sequence[Step]) -> tuple[dict[int, list[int]], list[int]]:
    """By step, which ones follow it; and for how many others each one waits."""
    by_id: dict[str, int] = {}
    by_partition: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number, step in enumerate(ordered):
        if step.id and step.dead is None:
            by_id.setdefault(step.id, number)
        if step.place is not None:
            by_partition[step.place.topic, step.place.partition].append(number)
    pairs = {
        (by_id[step.cause], number)
        for number, step in enumerate(ordered)
        if step.cause in by_id and by_id[step.cause] != number
    }
    for numbers in by_partition.values():
        numbers.sort(key=lambda number: ordered[number].place or ())
        pairs |= set(pairwise(numbers))
    follows: dict[int, list[int]] = defaultdict(list)
    waits = [0] * len(ordered)
    for before, after in pairs:
        follows[before].append(after)
        waits[after] += 1
    return follows, waits
