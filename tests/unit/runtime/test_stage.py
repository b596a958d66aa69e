"""The stage's suite on the memory store, which all other unit tests rely on."""

from __future__ import annotations

from typing import Any

import pytest

from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.decider import Decider
from tests.fakes.memory_store import MemoryStore
from tests.fakes.stage_suite import NewStore, StageSuite


class TestStageOnMemory(StageSuite):
    @pytest.fixture
    def new_store(self) -> NewStore:
        async def made(deciders: tuple[Decider[Any], ...]) -> AggregateStore:
            return MemoryStore(deciders)

        return made
