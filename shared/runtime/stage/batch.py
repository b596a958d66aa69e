"""A batch on its way through the stage: its messages, the records they touch, their fates."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.events.envelope import Ref
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.codec import Envelope, Record
from shared.runtime.dead_letters import DeadLetter

BREATH_SECONDS = 0.025
"""How long a batch computes at a stretch; a health page answers within a few of these."""


def utc_now() -> datetime:
    """The current instant, to the millisecond."""
    return to_the_millisecond(datetime.now(UTC))


def to_the_millisecond(instant: datetime) -> datetime:
    """Truncates an instant to milliseconds, MongoDB's precision, for the events' envelopes, too."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A readable record on its way through the batch."""

    record: Record
    read: codec.Read
    message_id: str
    """The identity by which consumers deduplicate."""
    decides: tuple[Ref, ...]
    reads: tuple[Ref, ...]
    aliases: tuple[Ref, ...] = ()


@dataclass(slots=True)
class Batch:
    """The decisions of one pass over the records of a lane so far.

    `before` holds the states as they were read, `states` as they are now. `answered` holds, for
    each aggregate that a message was decided in, the keys of its entries. `decisions` counts events
    by type and `Decider.counted_by`. `taken` counts the
    incoming it has got through; what is left of the lane is for the next round.
    """

    at: datetime
    aggregates: dict[Ref, Aggregate] = field(default_factory=dict)
    before: dict[Ref, Any] = field(default_factory=dict)
    states: dict[Ref, Any] = field(default_factory=dict)
    attempts: Mapping[Ref, int] = field(default_factory=dict)
    answered: dict[Ref, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    outgoing: list[Envelope | DeadLetter] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    alarms: list[tuple[Ref, str]] = field(default_factory=list)
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: int = 0

    def count(self, fate: str) -> None:
        self.fates[fate] += 1

    def add(self, found: Mapping[Ref, Aggregate]) -> None:
        """Aggregates as they were just read."""
        for ref, aggregate in found.items():
            self.aggregates[ref] = aggregate
            self.before[ref] = self.states[ref] = aggregate.state


class Breath:
    """Lets everything else run (health, leases, other lanes) whenever a batch has taken a while."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def taken(self) -> None:
        if time.perf_counter() - self._since > BREATH_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


def touched_by(received: IncomingMessage) -> Iterator[Ref]:
    """Every record that its route names."""
    yield from received.decides
    yield from received.reads
