"""Projections beside each other: what a generation that is being built does in order to serve."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pytest

from shared.mongo.client import Database
from shared.runtime.backoff import Backoff
from shared.runtime.health.status import Health
from shared.runtime.projections import projector
from shared.runtime.projections.generations import Generation, Generations, State
from shared.runtime.projections.projector import Projections
from shared.settings import RuntimeSettings
from tests.builders.few_documents import FewDocuments

SERVING, BUILDING = Generation(1, 1), Generation(2, 1)


class Quiet:
    """A consumer that is given nothing, and then the process stops."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self.commits = 0

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def commit(self) -> None:
        self.commits += 1

    async def records(self, _most: int) -> list[Any]:
        self._stopping.set()
        return []


@pytest.mark.parametrize(("generation", "commits"), [(SERVING, 0), (BUILDING, 1)])
async def test_a_generation_being_built_commits_what_lies_behind_the_last_record(
    generation: Generation, commits: int
) -> None:
    stopping = asyncio.Event()
    consumer = Quiet(stopping)
    database = cast(Database, FewDocuments())
    generations = Generations(database, folds=1)
    generations.state = State(SERVING, BUILDING)
    projections = Projections(
        RuntimeSettings(),
        database,
        generations,
        (),
        folds=1,
        group="portal",
        health=cast(Health, SimpleNamespace()),
        stopping=stopping,
    )

    with patch.object(projector, "GroupConsumer", lambda *_: consumer):
        await projections._read(generation, Backoff(1.0, stopping))

    assert consumer.commits == commits
