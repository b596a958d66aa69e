"""Records come again until their offsets are committed; small batches leave others time to join."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka import TopicPartition

from shared.events.envelope import Ref
from shared.kafka.consumer import Offsets, TolerantConsumer
from shared.kafka.records import Record
from shared.outage import Outage
from shared.runtime import background
from shared.runtime.backoff import Backoff
from shared.runtime.consumption import FEW, Consumption
from shared.runtime.decider import Service
from shared.runtime.public_states import PublicStates
from shared.runtime.stage.publish import Unacknowledged
from shared.runtime.wiring import Runtime
from tests.fakes.memory_stage import Published
from tests.fakes.memory_store import MemoryStore
from tests.integration.runtime import toy
from tests.integration.runtime.bounded import Sent

PLACE = TopicPartition("desk.submissions", 0)
BESIDE = (
    "watch_skew",
    "watch_refusals",
    "check_dependencies",
    "_repeat",
    "_state_what_is_unstated",
)
"""The other tasks of a service without timers and side effects."""
AN_HOUR = 3600.0


@dataclass
class Member:
    """A consumer that stays in its group while the broker refuses some of its commits."""

    refusals: int
    position: int = 0
    committed: list[Offsets] = field(default_factory=list)

    def passed(self, records: Sequence[Record], _rest: Sequence[Record]) -> Offsets:
        self.position = records[-1].offset + 1
        return {PLACE: self.position}

    async def try_commit(self, offsets: Offsets) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.committed.append(offsets)
        return True

    def rewind(self, records: Sequence[Record]) -> None:
        self.position = records[0].offset

    def lag(self, _offsets: Offsets) -> dict[tuple[str, int], int]:
        return {}

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}


def runtime() -> Any:
    stopping = asyncio.Event()
    service = Service("cancellation", (), toy.route)
    states: Any = PublicStates(service, MemoryStore(()), Published())
    states.publish_current = AsyncMock()
    started = asyncio.Event()
    started.set()
    return SimpleNamespace(
        service=service,
        started=started,
        stopping=stopping,
        backoff=lambda: Backoff(0.01, stopping, shortest=0.01),
        stage=SimpleNamespace(process=AsyncMock(return_value=set())),
        states=states,
        **{
            name: Mock()
            for name in ("progress", "skew", "health", "settings", "refusals", "database")
        },
    )


def consumption() -> Consumption:
    return Consumption(cast("Runtime", runtime()))


def batch(*offsets: int) -> list[Any]:
    return [Sent(PLACE.topic, offset, b"{}", ()) for offset in offsets]


async def test_records_whose_commit_is_refused_come_again_until_they_are_committed() -> None:
    """Else nothing would commit them before the next record of their partition, if one comes."""
    member, consumes = Member(refusals=2), consumption()

    for _ in range(2):
        await consumes.handle(cast("TolerantConsumer", member), batch(7, 8))
        assert member.position == 7

    await consumes.handle(cast("TolerantConsumer", member), batch(7, 8))
    assert member.position == 9
    assert member.committed == [{PLACE: 9}]


@pytest.mark.parametrize(("records", "rests"), [(1, True), (FEW - 1, True), (FEW, False)])
async def test_small_batches_leave_the_next_records_time_to_come_together(
    monkeypatch: pytest.MonkeyPatch, records: int, rests: bool
) -> None:
    """A batch costs broker and database the same whether it brings one record or many."""
    asked: list[float] = []
    monkeypatch.setattr("shared.runtime.consumption.FEW_AT_MOST_EVERY_S", AN_HOUR)
    monkeypatch.setattr("shared.runtime.consumption.sleep", AsyncMock(side_effect=asked.append))

    await consumption().handle(cast("TolerantConsumer", Member(refusals=0)), batch(*range(records)))

    assert [0 < it <= AN_HOUR for it in asked] == [True] * rests


async def test_a_batch_that_took_long_is_followed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.runtime.consumption.FEW_AT_MOST_EVERY_S", 0.0)
    asked = AsyncMock()
    monkeypatch.setattr("shared.runtime.consumption.sleep", asked)

    await consumption().handle(cast("TolerantConsumer", Member(refusals=0)), batch(1))

    asked.assert_not_awaited()


NOT_IN_TIME = Outage("kafka", "no acknowledgement in time")
LATE = Unacknowledged(NOT_IN_TIME, [Ref("file", "K-1"), Ref("file", "K-2")])


async def test_states_that_may_be_published_late_are_published_again_before_another_batch() -> None:
    """The client sends them after all, perhaps behind those of who has the partition now."""
    given, member = runtime(), Member(refusals=0)
    consumes = Consumption(given)
    given.stage.process.side_effect = [LATE, set(), set()]
    given.states.publish_current.side_effect = [NOT_IN_TIME, None]

    await consumes.handle(cast("TolerantConsumer", member), batch(7))
    given.states.publish_current.assert_not_awaited()
    await consumes.handle(cast("TolerantConsumer", member), batch(20))
    assert (given.stage.process.await_count, member.committed) == (1, [])
    await consumes.handle(cast("TolerantConsumer", member), batch(20))
    await consumes.handle(cast("TolerantConsumer", member), batch(21))

    assert [it.args for it in given.states.publish_current.await_args_list] == [(LATE.refs,)] * 2
    assert member.committed == [{PLACE: 21}, {PLACE: 22}]


async def test_states_are_published_again_where_no_record_comes_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who was cut off from the broker may have lost all its partitions to another process."""
    given = runtime()
    given.stage.process.side_effect = [LATE]
    published = given.states.publish_current
    published.side_effect = [NOT_IN_TIME, None]
    await Consumption(given).handle(cast("TolerantConsumer", Member(refusals=0)), batch(7))

    rests = 0

    async def rest(stopping: asyncio.Event, _seconds: float) -> None:
        nonlocal rests
        rests += 1
        if rests == 3:
            stopping.set()

    monkeypatch.setattr(background, "sleep_unless", rest)
    for beside in BESIDE:
        monkeypatch.setattr(background, beside, AsyncMock())
    await background._background(given)

    assert [it.args for it in published.await_args_list] == [(LATE.refs,)] * 2
    given.health.back.assert_called_once_with("mongodb", "kafka")


async def test_after_a_refused_commit_states_are_published_until_they_are_acknowledged() -> None:
    given, member = runtime(), Member(refusals=1)
    consumes = Consumption(given)
    given.stage.process.return_value = LATE.refs
    given.states.publish_current.side_effect = [NOT_IN_TIME, None]

    await consumes.handle(cast("TolerantConsumer", member), batch(7))
    await consumes.handle(cast("TolerantConsumer", member), batch(7))

    assert [it.args for it in given.states.publish_current.await_args_list] == [(LATE.refs,)] * 2
