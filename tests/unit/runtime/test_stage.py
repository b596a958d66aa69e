"""The stage's suite on the memory store, which all other unit tests rely on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.events.inquiries import InquiryOpened
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.decider import Decider
from tests.builders.submissions import NOW, intake, submission
from tests.fakes.memory_store import MemoryStore
from tests.fakes.stage_suite import NewStore, Notebook, StageSuite, service


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


async def test_a_record_of_a_higher_format_waits_and_keeps_it() -> None:
    newer = MemoryStore(service(format=1).deciders)
    book = Notebook(newer, service(format=1))
    await book.stage.process([book.said("one")])
    older = Notebook(replace(newer, deciders=service().deciders), service())
    await older.stage.process([older.said("two", ce_id="two")])
    assert older.dead == ["defect"]
    assert await book.texts() == ["one"]
    assert [kept.format for kept in newer.documents.values()] == [1]
