"""The stage's suite on the memory store, which all other unit tests rely on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.events.inquiries import InquiryOpened
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.decider import Decider
from tests.builders.submissions import NOW, intake, submission
from tests.fakes.memory_store import MemoryStore
from tests.fakes.stage_suite import NewStore, StageSuite


class TestStageOnMemory(StageSuite):
    @pytest.fixture
    def new_store(self) -> NewStore:
        async def made(deciders: tuple[Decider[Any], ...]) -> AggregateStore:
            return MemoryStore(deciders)

        return made


def test_a_decision_is_of_the_instant_that_its_envelope_carries_whatever_the_clock_shows() -> None:
    """Else a restoration, which has that of the envelope alone, would decide otherwise."""
    stage = intake()
    stage.now = NOW + timedelta(microseconds=67_916)
    [opened, *_] = stage.receive(submission("cancellation"))
    assert isinstance(opened, InquiryOpened)
    assert opened.opened_at == NOW + timedelta(milliseconds=67)
    assert [entry["at"] for _, entry in stage.store.written] == [opened.opened_at]
