"""Which timers a clock sends, and which it keeps back while it cannot be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from pydantic import BaseModel

from shared.events.envelope import Event, Message, Ref
from shared.kafka.clock_skew import ClockSkew
from shared.runtime.aggregates.queries import Due
from shared.runtime.aggregates.store import Store
from shared.runtime.clock import BATCH, PROBE_SECONDS, REPEAT_SECONDS, Clock
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import IGNORED, Decider, Service
from shared.telemetry.metrics import Metrics
from tests.builders.traces import SAMPLED

BEGIN = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = 86_400


@dataclass(frozen=True)
class Stamp:
    timestamp: int
    timestamp_type: int


@dataclass
class World:
    """Records that are due a number of seconds after `BEGIN`, and a clock that may be off.

    It is its own store and its own broker, which stamps what it is sent unless told otherwise.
    """

    due_after: dict[str, float]
    ahead: float = 0.0
    time: float = 1.0
    slept: float = 0.0
    stamps: bool = True
    sent: list[list[str]] = field(default_factory=list)
    traceparent: str | None = None
    traceparents: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.skew = ClockSkew(self.now, lambda: self.time)
        store = cast(Store, self)
        self.clock = Clock(SERVICE, store, self, Metrics(), self.now, self.skew)

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.time + self.slept + self.ahead)

    async def due(self, kind: str, now: datetime, limit: int, skipped: int = 0) -> list[Due]:
        times = sorted((after, name) for name, after in self.due_after.items())
        found = [
            Due(Ref(kind, name), BEGIN + timedelta(seconds=after), 1, self.traceparent)
            for after, name in times
        ]
        return [timer for timer in found if timer.due_at <= now][skipped : skipped + limit]

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        if not outgoing:
            return
        self.sent.append([item.key for item in outgoing if isinstance(item, Envelope)])
        told = (dict(item.headers) for item in outgoing if isinstance(item, Envelope))
        self.traceparents += [it.get("traceparent", b"").decode() or None for it in told]
        stamp = round((BEGIN.timestamp() + self.time + self.slept) * 1000)
        self.skew.acknowledged([Stamp(stamp, int(self.stamps))], sent=self.time)

    async def ticks(self, count: int) -> list[list[str]]:
        """Runs `count` ticks and returns what they sent, a list for each that sent something."""
        before = len(self.sent)
        for _ in range(count):
            await self.clock.tick()
        return self.sent[before:]


def nothing(_message: Message, _state: Any, _now: datetime) -> list[Event]:
    return []


SERVICE = Service(
    "cancellation",
    (Decider("file", BaseModel, nothing, lambda state, _e: state, due_at=lambda _s: None),),
    route=lambda _message: IGNORED,
)


async def test_what_is_due_is_sent_once_and_again_only_while_it_stays_due() -> None:
    world = World({"a": 0, "b": 0, "later": 9_999})
    assert await world.ticks(3) == [["a"], ["b"]]
    world.time += REPEAT_SECONDS
    assert await world.ticks(2) == [["a", "b"]]


@pytest.mark.parametrize("traceparent", [SAMPLED, None])
async def test_a_timer_belongs_to_the_trace_of_the_newest_message_of_its_record(
    traceparent: str | None,
) -> None:
    world = World({"a": 0}, traceparent=traceparent)
    await world.ticks(1)
    assert world.traceparents == [traceparent]


async def test_records_that_stay_due_hide_none_that_are_due_later() -> None:
    stuck = {f"stuck {number:04}": -9.0 for number in range(2 * BATCH)}
    world = World(stuck | {"later": 0})
    sent = [name for tick in await world.ticks(8) for name in tick]
    assert (len(sent), len(set(sent))) == (2 * BATCH + 1, 2 * BATCH + 1)
    assert "later" in sent


async def test_the_oldest_come_again_after_the_last_page() -> None:
    world = World({f"due {number:04}": -9.0 for number in range(2 * BATCH)})
    await world.ticks(8)
    world.due_after = {"new": -99.0} | world.due_after
    assert ["new"] in await world.ticks(4)


async def test_a_clock_forty_days_ahead_sends_one_timer_and_learns_better() -> None:
    world = World({"a": 10 * DAY, "b": 20 * DAY, "c": 30 * DAY}, ahead=40 * DAY)
    assert await world.ticks(10) == [["a"]]


async def test_a_clock_that_the_database_shows_to_be_ahead_waits_for_the_right_time() -> None:
    world = World({"a": 10 * DAY, "b": 20 * DAY}, ahead=40 * DAY)
    world.skew.database_showed(BEGIN + timedelta(seconds=world.time), asked=world.time)
    assert await world.ticks(10) == []
    world.time = 10 * DAY
    assert await world.ticks(10) == [["a"]]


async def test_a_database_with_a_wrong_clock_delays_one_timer_until_the_broker_has_told() -> None:
    world = World({"a": 0, "b": 0})
    world.skew.database_showed(BEGIN + timedelta(days=9), asked=world.time)
    assert await world.ticks(3) == [["a"], ["b"]]


async def test_a_clock_that_is_set_right_sends_what_is_due() -> None:
    world = World({"a": 10 * DAY, "b": 20 * DAY}, ahead=40 * DAY)
    await world.ticks(1)
    world.ahead, world.time = 0, 20 * DAY
    assert await world.ticks(2) == [["a", "b"]]


async def test_a_machine_that_was_suspended_compares_its_clock_again_by_one_timer() -> None:
    """Its clock is right again, but the seconds it counted are fewer than those that passed."""
    world = World({"a": 0, "b": 7_000, "c": 7_000})
    await world.ticks(1)
    world.time, world.slept = PROBE_SECONDS + 1, 7_200
    assert await world.ticks(2) == [["a"], ["b", "c"]]


async def test_a_clock_that_is_behind_sends_no_timers() -> None:
    world = World({"a": 0, "b": 0})
    await world.ticks(2)
    world.time += PROBE_SECONDS
    world.ahead, world.due_after = -600, {"c": -900, "d": -900}
    assert await world.ticks(1) == [["c"]]
    assert await world.ticks(10) == []


async def test_a_clock_a_little_ahead_waits_for_the_brokers() -> None:
    world = World({"a": 0, "b": 40}, ahead=30)
    assert await world.ticks(3) == [["a"]]
    world.time = 41
    assert await world.ticks(1) == [["a", "b"]]


async def test_where_the_broker_stamps_nothing_this_clock_alone_decides() -> None:
    world = World({"a": 0, "b": 0, "c": 0}, stamps=False)
    assert await world.ticks(2) == [["a"], ["b", "c"]]


async def test_a_clock_that_is_set_back_sends_again_what_it_sent_too_early() -> None:
    world = World({"a": 100}, ahead=1_000, stamps=False)
    assert await world.ticks(1) == [["a"]]
    world.ahead, world.time = 0, 101
    assert await world.ticks(1) == [["a"]]
