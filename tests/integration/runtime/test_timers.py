"""Timers that are early, forged or out of date: nothing comes of them, and no history grows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.events.contracts import ContractActivated, RegistryContractRecorded
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import TimerDue
from shared.kafka.records import RecordPosition
from shared.runtime.app import Runtime, wire
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Decider, Route, Service
from shared.runtime.stage.stage import Stage
from tests.integration.runtime import toy
from tests.integration.runtime.wire import Headers, event_headers, settings_for

OWNER = "contract_archive"
DUE = datetime(2026, 12, 27, tzinfo=UTC)
EARLY, LATE = DUE - timedelta(days=40), DUE + timedelta(minutes=1)
FAR = DUE + timedelta(days=400)


@dataclass(frozen=True)
class Given:
    """A record as the stage gets it from a consumer."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    timestamp: int = -1
    timestamp_type: int | None = None
    partition: int = 0
    offset: int = 0


@dataclass
class Published:
    """A publisher that keeps what it was given."""

    all: list[Envelope | DeadLetter] = field(default_factory=list)

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        self.all += outgoing


class Committed:
    """Whatever was decided before is published."""

    async def uncommitted(self, _places: Iterable[RecordPosition]) -> set[RecordPosition]:
        return set()


def waits(name: str) -> Service:
    """A toy whose aggregate is due once, at `DUE`; a title of `stumble` is a defect."""

    def decide(message: Message, _state: toy.Seen | None, _now: datetime) -> list[Event]:
        if isinstance(message.data, RegistryContractRecorded) and message.data.title == "stumble":
            raise ZeroDivisionError
        fields = {"contract_number": name, "customer_id": "C-1", "inquiry_id": message.type}
        return [ContractActivated(**fields)]

    def due_at(state: toy.Seen) -> datetime | None:
        return DUE if state.count == 1 else None

    decider = Decider("seen", toy.Seen, decide, toy.evolve, due_at=due_at)
    return Service(
        OWNER,
        (decider,),
        route=lambda message: Route((Ref("seen", message.key),)),
        timer=lambda number, due: TimerDue(contract_number=number, owner=OWNER, due_at=due),
    )


@dataclass
class Bench:
    """One service's stage on a real database, at a time that a test sets."""

    name: str
    runtime: Runtime
    now: datetime = EARLY
    published: Published = field(default_factory=Published)

    def __post_init__(self) -> None:
        service, store, metrics = waits(self.name), self.runtime.store, self.runtime.health.metrics
        self.stage = Stage(
            service, store, self.published, Committed(), metrics, clock=lambda: self.now
        )

    def registered(self, message_id: str, title: str = "t") -> Given:
        body = {
            "contract_number": self.name,
            "customer_id": "C-1",
            "type": "servicepac",
            "title": title,
            "starts_on": "2026-01-01",
            "auto_renewal": False,
        }
        headers = event_headers("registry.contract_recorded.v1", message_id, "/registry")
        return Given("registry.contracts", self.name.encode(), json.dumps(body).encode(), headers)

    def timer(
        self,
        *,
        stamped: datetime,
        names: datetime = DUE,
        message_id: str = "t-1",
        source: str = f"/services/{OWNER}/clock",
    ) -> Given:
        body = {"contract_number": self.name, "owner": OWNER, "due_at": names.isoformat()}
        return Given(
            "desk.timers",
            self.name.encode(),
            json.dumps(body).encode(),
            event_headers("timer.due.v1", message_id, source),
            timestamp=int(stamped.timestamp() * 1000),
            timestamp_type=1,
        )

    async def decided(self) -> list[str]:
        """The types of the messages in the history, in their order."""
        history = await self.runtime.store.history("seen", self.name)
        return [entry["events"][0]["data"]["inquiry_id"] for entry in history]

    def fate(self, name: str) -> Any:
        metrics = self.runtime.health.metrics.registry
        return metrics.get_sample_value("desk_records_total", {"fate": name})


@pytest.fixture
async def bench(endpoints: Endpoints) -> AsyncIterator[Bench]:
    name = f"K-{uuid4().hex[:8]}"
    runtime = wire(waits(name), settings_for(endpoints, name))
    found = Bench(name, runtime)
    await found.stage.process([found.registered("r-1")])
    yield found
    await runtime.publisher.stop()
    runtime.client.close()


BEGUN = ["registry.contract_recorded.v1"]
WOKEN = [*BEGUN, "timer.due.v1"]


@pytest.mark.parametrize(("now", "stamped"), [(EARLY, LATE), (LATE, EARLY)])
async def test_a_premature_timer_leaves_no_history_and_the_same_one_is_decided_when_due(
    bench: Bench, now: datetime, stamped: datetime
) -> None:
    bench.now = now
    await bench.stage.process([bench.timer(stamped=stamped)])
    assert (await bench.decided(), bench.fate("premature")) == (BEGUN, 1)

    bench.now = LATE
    await bench.stage.process([bench.timer(stamped=LATE)])
    assert await bench.decided() == WOKEN


async def test_a_forged_timer_for_a_far_day_is_dropped_and_silences_no_later_one(
    bench: Bench,
) -> None:
    bench.now = LATE
    forged = bench.timer(stamped=LATE, names=FAR, message_id="forged")
    await bench.stage.process([forged])
    assert (await bench.decided(), bench.fate("outdated")) == (BEGUN, 1)

    await bench.stage.process([bench.timer(stamped=LATE)])
    assert await bench.decided() == WOKEN


async def test_a_timer_that_is_not_from_the_services_own_clock_is_a_dead_letter(
    bench: Bench,
) -> None:
    bench.now = LATE
    await bench.stage.process([bench.timer(stamped=LATE, source="/services/cancellation/clock")])
    [letter] = [one for one in bench.published.all if isinstance(one, DeadLetter)]
    assert letter.error == "header ce_source is not this service's clock"
    assert await bench.decided() == BEGUN


async def test_a_timer_of_an_unknown_record_makes_none(bench: Bench) -> None:
    bench.now = LATE
    record = bench.timer(stamped=LATE)
    await bench.stage.process([Given(record.topic, b"unknown", record.value, record.headers)])
    assert await bench.runtime.database.collection("seen").find_one({"_id": "unknown"}) is None


async def test_a_waiting_timer_that_is_dropped_holds_back_nothing_that_waits_behind_it(
    bench: Bench,
) -> None:
    stumbles, late = bench.registered("r-2", title="stumble"), bench.timer(stamped=LATE)
    bench.now = LATE
    await bench.stage.process([stumbles, bench.timer(stamped=LATE), bench.registered("r-3")])
    sound = bench.registered("r-2")
    parked = await bench.runtime.database.collection("seen").find_one({"_id": bench.name})
    assert parked is not None
    assert len(parked["parked"]["waiting"]) == 3

    await bench.stage.process([sound, late, bench.registered("r-3")])

    healed = await bench.runtime.database.collection("seen").find_one({"_id": bench.name})
    assert healed is not None
    assert "parked" not in healed
    assert await bench.decided() == [*BEGUN, *BEGUN, *BEGUN]
