"""How far two clocks differ, from what the broker stamped on records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from shared.events.internal import Outcome
from shared.kafka.clock_skew import ClockSkew
from shared.runtime.decider import Route, Service, Work
from shared.runtime.health.clock_skew import CLOCK, tell
from shared.runtime.health.status import Health
from shared.runtime.wiring import behind, wire
from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics

A_WHILE = timedelta(seconds=30)
BEGIN = datetime(2026, 11, 27, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Stamp:
    timestamp: int
    timestamp_type: int | None = 1


@dataclass
class Machine:
    """Real time, in seconds after `BEGIN`, and a clock that is `ahead` of the broker's."""

    ahead: float = 0.0
    time: float = 0.0

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.time + self.ahead)

    def elapsed(self) -> float:
        return 5_000 + self.time

    def stamp(self, at: float) -> Stamp:
        return Stamp(round((BEGIN.timestamp() + at) * 1000))


def skew_of(machine: Machine) -> ClockSkew:
    return ClockSkew(machine.now, machine.elapsed)


def acknowledge(machine: Machine, skew: ClockSkew, *, took: float = 0.01) -> None:
    """A record sent now, stamped half-way, acknowledged after `took` seconds."""
    sent = machine.elapsed()
    machine.time += took
    skew.acknowledged([machine.stamp(machine.time - took / 2)], sent=sent)


@pytest.mark.parametrize(
    ("ahead", "excessive"),
    [(0, False), (59, False), (-59, False), (61, True), (-61, True), (40 * 86_400, True)],
)
def test_an_acknowledgement_tells_a_clock_that_is_off_by_over_a_minute(
    ahead: float, excessive: bool
) -> None:
    machine = Machine(ahead)
    skew = skew_of(machine)
    acknowledge(machine, skew)
    assert skew.measured
    assert skew.excessive is excessive
    assert skew.seconds == pytest.approx(ahead, abs=0.01)


def test_an_acknowledgement_that_took_long_blames_no_clock_for_it() -> None:
    machine = Machine(ahead=20)
    skew = skew_of(machine)
    acknowledge(machine, skew, took=600)
    assert skew.seconds == 0


@pytest.mark.parametrize(
    ("ahead", "age", "seconds"),
    [(-600, 0, -600), (-600, 30, -570), (-600, 600, 0), (600, 0, 0), (0, 86_400, 0)],
)
def test_a_record_that_is_read_shows_a_clock_that_is_behind_and_an_old_one_shows_nothing(
    ahead: float, age: float, seconds: float
) -> None:
    machine = Machine(ahead)
    skew = skew_of(machine)
    skew.read([machine.stamp(-age - 1_000), machine.stamp(-age)])
    assert not skew.measured
    assert skew.seconds == pytest.approx(seconds)


def test_a_correction_of_this_clock_shows_at_once() -> None:
    machine = Machine(ahead=600)
    skew = skew_of(machine)
    acknowledge(machine, skew)
    machine.ahead, machine.time = 0, 3_600
    assert not skew.excessive
    machine.ahead = -90
    assert skew.excessive


def test_a_correction_of_the_brokers_clock_shows_in_the_next_acknowledgement() -> None:
    machine = Machine(ahead=600)
    skew = skew_of(machine)
    skew.acknowledged([machine.stamp(600)], sent=machine.elapsed())
    assert skew.seconds == 0
    acknowledge(machine, skew)
    assert skew.excessive


def test_a_later_record_outweighs_an_older_acknowledgement() -> None:
    """The machine slept, and even the clock that nobody sets stood still."""
    machine = Machine(ahead=0)
    skew = skew_of(machine)
    acknowledge(machine, skew)
    machine.ahead = 7_200
    assert skew.excessive
    skew.read([machine.stamp(machine.time + 7_200)])
    assert not skew.excessive


@pytest.mark.parametrize("timestamp_type", [0, None])
def test_a_time_that_a_sender_gave_tells_nothing(timestamp_type: int | None) -> None:
    machine = Machine(ahead=600)
    skew = skew_of(machine)
    skew.acknowledged([Stamp(0, timestamp_type)], sent=machine.elapsed())
    skew.read([Stamp(2**62, timestamp_type)])
    assert (skew.measured, skew.seconds) == (False, 0)


def ask_database(machine: Machine, skew: ClockSkew, *, took: float = 0.01, off: float = 0) -> None:
    """Asked now, it shows its time half-way, which is `off` the broker's."""
    asked = machine.elapsed()
    machine.time += took
    showed = BEGIN + timedelta(seconds=machine.time - took / 2 + off)
    skew.database_showed(showed, asked=asked)


@pytest.mark.parametrize("ahead", [0, 40 * 86_400, -600])
def test_until_the_broker_has_told_its_time_the_databases_stands_in_for_it(ahead: float) -> None:
    machine = Machine(ahead)
    skew = skew_of(machine)
    assert skew.compared_with is None
    ask_database(machine, skew)
    assert not skew.measured
    assert str(skew.compared_with) == "database"
    assert skew.seconds == pytest.approx(ahead, abs=0.01)
    assert (skew.now() - BEGIN).total_seconds() == pytest.approx(
        machine.time + min(0, ahead), abs=0.01
    )


@pytest.mark.parametrize("off", [-7_200, 7_200])
def test_once_the_broker_has_told_its_time_the_databases_counts_no_more(off: float) -> None:
    machine = Machine()
    skew = skew_of(machine)
    ask_database(machine, skew, off=off)
    assert skew.excessive
    acknowledge(machine, skew)
    ask_database(machine, skew, off=off)
    assert (skew.compared_with, skew.excessive) == ("broker", False)


def test_a_database_that_answers_late_blames_no_clock_for_it() -> None:
    machine = Machine(ahead=20)
    skew = skew_of(machine)
    ask_database(machine, skew, took=120)
    assert skew.seconds == 0


@pytest.mark.parametrize(("age", "off"), [(0, -5), (7_200, -86_400)])
def test_a_database_behind_what_the_broker_stamped_blames_no_clock_for_it(
    age: float, off: float
) -> None:
    machine = Machine()
    skew = skew_of(machine)
    skew.read([machine.stamp(-age)])
    ask_database(machine, skew, off=off)
    assert skew.seconds == pytest.approx(0, abs=0.02)


def test_the_health_page_names_the_clock_while_it_is_off() -> None:
    machine = Machine(ahead=600)
    skew, health = skew_of(machine), Health("cancellation", Metrics(), machine.now)
    health.begun()
    tell(skew, health)
    assert health.status == "ok"

    acknowledge(machine, skew)
    tell(skew, health)
    tell(skew, health)
    assert (health.status, set(health.away)) == ("degraded", {CLOCK})
    assert json.loads(health.page())["clock_compared_with"] == "broker"
    metrics = health.metrics.registry
    assert metrics.get_sample_value("desk_clock_skew_seconds") == pytest.approx(600, abs=0.01)
    assert metrics.get_sample_value("desk_outages_total", {"dependency": CLOCK}) == 1

    machine.ahead = 0
    tell(skew, health)
    assert (health.status, health.away) == ("ok", {})


@pytest.mark.parametrize(("ahead", "off"), [(0, 0), (20, 0), (40 * 86_400, 0), (-600, -600)])
def test_what_is_decided_is_decided_at_the_brokers_time_where_this_clock_is_ahead(
    ahead: float, off: float
) -> None:
    machine = Machine(ahead)
    skew = skew_of(machine)
    assert skew.now() == machine.now()
    acknowledge(machine, skew)
    machine.time += 100
    decided_at = (skew.now() - BEGIN).total_seconds()
    assert decided_at == pytest.approx(machine.time + off, abs=0.01)


def test_a_clock_that_was_set_since_is_taken_as_it_is() -> None:
    machine = Machine(ahead=3_600)
    skew = skew_of(machine)
    acknowledge(machine, skew)
    machine.ahead = -120
    assert skew.now() == machine.now()


@pytest.mark.parametrize("ahead", [-40, 0, 40])
def test_leases_of_machines_whose_clocks_differ_rest_on_the_brokers(ahead: float) -> None:
    machine = Machine(ahead)
    skew = skew_of(machine)
    acknowledge(machine, skew)
    assert behind(skew) == pytest.approx(
        timedelta(seconds=max(0, -ahead)), abs=timedelta(seconds=1)
    )
    brokers_time = BEGIN + timedelta(seconds=machine.time)
    assert skew.now() + behind(skew) == pytest.approx(brokers_time, abs=timedelta(seconds=1))


def test_a_clock_that_is_hours_behind_lets_no_lease_last_for_hours() -> None:
    """The broker's may be the wrong one."""
    machine = Machine(-3 * 3600)
    skew = skew_of(machine)
    acknowledge(machine, skew)
    assert behind(skew) == timedelta(minutes=1)


def test_a_clock_that_was_never_compared_is_not_behind() -> None:
    assert behind(skew_of(Machine(-40))) == timedelta(0)


async def test_the_worker_of_a_service_leases_by_the_brokers_time() -> None:
    runtime = wire(Service("contract_archive", (), lambda _message: Route()), RuntimeSettings())
    brokers_time = datetime.now(UTC) + timedelta(seconds=40)
    stamp = Stamp(round(brokers_time.timestamp() * 1000))
    runtime.skew.acknowledged([stamp], sent=runtime.skew.elapsed())
    assert runtime.worker.lease(1) is None
    await runtime.worker.round(_never)
    until = runtime.worker.lease(1)
    assert until == pytest.approx(brokers_time + runtime.settings.worker_lease, abs=A_WHILE)
    await runtime.publisher.stop()
    runtime.client.close()


async def _never(_work: Work) -> Outcome:
    raise AssertionError
