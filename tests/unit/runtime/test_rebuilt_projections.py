"""Projections beside each other: what a generation that is being built does in order to serve."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast
from unittest.mock import Mock, patch

import pytest

from shared.kafka.records import Record
from shared.mongo.client import Database
from shared.runtime.backoff import Backoff
from shared.runtime.health.status import Health
from shared.runtime.projections import projector
from shared.runtime.projections.generations import Generation, Generations, State
from shared.runtime.projections.projector import Projections
from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics
from tests.builders.few_documents import FewDocuments
from tests.integration.runtime.bounded import NOW, Sent

PLACE = ("desk.inquiries", 1)
SERVING, BUILDING = Generation(1, 1), Generation(2, 1)


class Quiet:
    """A consumer that is given `found`, while two lie behind, and then the process stops."""

    def __init__(self, stopping: asyncio.Event, *found: Record) -> None:
        self._stopping = stopping
        self._found = found
        self.commits = 0

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def commit(self) -> None:
        self.commits += 1

    async def records(self, _most: int) -> list[Record]:
        self._stopping.set()
        return [*self._found]

    def lag(self) -> dict[tuple[str, int], int]:
        return {PLACE: 2}

    def assignment(self) -> list[tuple[str, int]]:
        return [PLACE]


def projections_of(
    generations: Generations, metrics: Metrics, stopping: asyncio.Event
) -> Projections:
    return Projections(
        RuntimeSettings(),
        cast(Database, FewDocuments()),
        generations,
        (),
        folds=1,
        group="portal",
        health=Health("portal", metrics, lambda: NOW + timedelta(seconds=90)),
        stopping=stopping,
    )


async def read(generation: Generation, consumer: Quiet, stopping: asyncio.Event) -> Metrics:
    """Runs one turn of this generation's reader and returns the metrics."""
    metrics = Metrics()
    generations = Generations(cast(Database, FewDocuments()), folds=1)
    generations.state = State(SERVING, BUILDING)
    projections = projections_of(generations, metrics, stopping)
    with patch.object(projector, "GroupConsumer", lambda *_: consumer):
        await projections._read(generation, Backoff(1.0, stopping))
    return metrics


@pytest.mark.parametrize(("generation", "commits"), [(SERVING, 0), (BUILDING, 1)])
async def test_a_generation_being_built_commits_what_lies_behind_the_last_record(
    generation: Generation, commits: int
) -> None:
    stopping = asyncio.Event()
    consumer = Quiet(stopping)

    await read(generation, consumer, stopping)

    assert consumer.commits == commits


@pytest.mark.parametrize(("generation", "lag"), [(SERVING, (2, 90)), (BUILDING, (None, None))])
async def test_the_lag_of_the_generation_that_serves_shows_as_the_pages_age(
    generation: Generation, lag: tuple[float | None, float | None]
) -> None:
    stopping = asyncio.Event()
    record = Sent(PLACE[0], 7, b"", (), partition=PLACE[1])

    metrics = await read(generation, Quiet(stopping, record), stopping)

    shown, labels = metrics.registry.get_sample_value, {"topic": PLACE[0], "partition": "1"}
    assert (shown("desk_lag_records", labels), shown("desk_lag_seconds", labels)) == lag
    assert shown("desk_batch_records_count") == 1


@pytest.mark.parametrize(("behind", "serving"), [(1, []), (0, [BUILDING])])
async def test_a_generation_serves_once_no_record_lies_behind_it(
    behind: int, serving: list[Generation]
) -> None:
    served: list[Generation] = []

    async def serve(built: Generation, _names: object) -> bool:
        served.append(built)
        return True

    async def lag_of(*_: object) -> int:
        return behind

    projections = projections_of(Mock(serve=serve), Metrics(), asyncio.Event())
    with patch.object(projector, "lag_of", lag_of):
        await projections._serve_if_level(BUILDING)

    assert served == serving
