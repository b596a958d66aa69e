"""How often a service looks for timers that are due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from shared.runtime import background
from shared.runtime.backoff import Backoff, IdlePace

TICK = 0.5


@dataclass
class Time:
    """Passes while the service rests; ends it after `most` rests."""

    most: int
    now: float = 0.0
    rests: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def rest(self, stopping: asyncio.Event, seconds: float) -> None:
        self.now += seconds
        self.rests.append(seconds)
        if len(self.rests) >= self.most:
            stopping.set()


def found_at(time: Time, *instants: float) -> Any:
    """A clock that finds one due record at each of these seconds, or as soon as it looks then."""
    left = [*instants]

    async def tick() -> int:
        return 1 if left and time.now >= left[0] and left.pop(0) is not None else 0

    return SimpleNamespace(tick=tick)


async def rests(
    monkeypatch: pytest.MonkeyPatch, most: int, *due: float, tick: float = TICK
) -> list[float]:
    time = Time(most)
    monkeypatch.setattr(background, "sleep_unless", time.rest)
    monkeypatch.setattr(background, "IdlePace", lambda **pace: IdlePace(**pace, clock=time.clock))
    stopping = asyncio.Event()
    health = SimpleNamespace(back=lambda *_: None)
    runtime: Any = SimpleNamespace(
        settings=SimpleNamespace(clock_tick_seconds=tick),
        clock=found_at(time, *due),
        stopping=stopping,
        health=health,
        backoff=lambda: Backoff(1.0, stopping),
    )
    await background._keep_time(runtime)
    return time.rests


async def test_a_clock_looks_once_a_tick_and_once_a_second_where_nothing_has_been_due_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = await rests(monkeypatch, 200)
    assert found[:50] == [TICK] * 50
    assert found[-50:] == [1.0] * 50


async def test_what_was_due_brings_the_tick_back(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await rests(monkeypatch, 200, 100.0)
    assert 1.0 in found[:110]
    assert found[found.index(1.0) :].count(TICK) > 20


async def test_a_longer_tick_stays_as_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(await rests(monkeypatch, 200, tick=5.0)) == {5.0}
