"""An idle service reports a dependency that does not answer, until it answers again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from shared.outage import Outage
from shared.runtime.health.dependency_checks import DependencyChecks
from shared.runtime.health.status import Health
from shared.telemetry.metrics import Metrics

NO_KAFKA, NO_MONGODB = Outage("kafka", "no answer"), Outage("mongodb", "no answer")


@dataclass
class Dependency:
    """Answers, or fails as told; counts how often it was asked."""

    failure: Exception | None = None
    asked: int = 0

    async def ask(self) -> None:
        self.asked += 1
        if self.failure is not None:
            raise self.failure


@dataclass
class Idle:
    """A service without work, its two dependencies, and its checks."""

    kafka: Dependency = field(default_factory=Dependency)
    mongodb: Dependency = field(default_factory=Dependency)

    def __post_init__(self) -> None:
        self.health = Health("idle", Metrics(), lambda: datetime(2026, 1, 1, tzinfo=UTC))
        self.health.begun()
        asks = {"kafka": self.kafka.ask, "mongodb": self.mongodb.ask}
        self.checks = DependencyChecks(self.health, asks, seconds=60)

    def outages(self, dependency: str) -> float | None:
        registry = self.health.metrics.registry
        return registry.get_sample_value("desk_outages_total", {"dependency": dependency})


@pytest.mark.parametrize("dependency", ["kafka", "mongodb"])
async def test_a_silent_dependency_is_named_alone(dependency: str) -> None:
    idle = Idle()
    getattr(idle, dependency).failure = Outage(dependency, "no answer")

    await idle.checks.check()

    assert idle.health.status == "degraded"
    assert set(idle.health.away) == {dependency}


async def test_an_outage_is_counted_once_however_long_it_lasts() -> None:
    idle = Idle(mongodb=Dependency(NO_MONGODB))

    for _ in range(5):
        await idle.checks.check()

    assert idle.mongodb.asked == 5
    assert idle.outages("mongodb") == 1


async def test_what_answers_again_is_no_longer_away_and_its_next_outage_counts() -> None:
    idle = Idle(kafka=Dependency(NO_KAFKA))
    await idle.checks.check()
    idle.kafka.failure = None
    await idle.checks.check()
    healthy = idle.health.status
    idle.kafka.failure = NO_KAFKA
    await idle.checks.check()

    assert healthy == "ok"
    assert (idle.health.status, idle.outages("kafka")) == ("degraded", 2)


@pytest.mark.parametrize("noticed_first", [True, False])
async def test_an_answer_does_not_hide_that_work_still_fails(noticed_first: bool) -> None:
    idle = Idle(kafka=Dependency(NO_KAFKA if noticed_first else None))
    await idle.checks.check()
    idle.health.lost("kafka")
    idle.kafka.failure = None

    await idle.checks.check()

    assert set(idle.health.away) == {"kafka"}


async def test_work_that_succeeds_takes_back_what_the_checks_found() -> None:
    idle = Idle(kafka=Dependency(NO_KAFKA))
    await idle.checks.check()

    idle.health.back("mongodb", "kafka")

    assert idle.health.status == "ok"


async def test_a_busy_service_is_not_asked_until_it_is_idle_again() -> None:
    idle = Idle()
    idle.health.progressed()
    await idle.checks.check()
    while_busy = idle.kafka.asked
    await idle.checks.check()

    assert (while_busy, idle.kafka.asked) == (0, 1)


async def test_a_defect_in_asking_is_not_taken_for_an_outage() -> None:
    idle = Idle(kafka=Dependency(ZeroDivisionError()))

    with pytest.raises(ZeroDivisionError):
        await idle.checks.check()
