"""A second decision judges a record as of its first one, on what the histories hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desk.local.stack import Endpoints
from services.cancellation.policies.terms import DEFAULT_TERMS
from services.cancellation.service import build
from services.cancellation.settings import Settings
from services.inquiry_intake.service import deciders, route
from shared.events.topics import INTAKE, TOPICS
from shared.kafka.records import RecordPosition
from shared.operations.range_replay import RangeOutcome, ServiceAnswer
from shared.runtime.decider import Service
from shared.runtime.operations.second_decision import SecondDecision
from shared.runtime.record_faults import Sources
from tests.builders.cancellation import NUMBER, confirmed, contract, withdrawal
from tests.builders.submissions import NOW as ASKED_AT
from tests.builders.submissions import RULES, registered, submission
from tests.fakes.memory_stage import Given, MemoryStage
from tests.integration.runtime.bounded import NOW, Desk, Sent, desk_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = timedelta(days=1)
ANY_SOURCE: Sources = dict.fromkeys(TOPICS, ("/",))


@asynccontextmanager
async def withdrawn(mongo_url: str) -> AsyncIterator[tuple[Desk, list[Sent]]]:
    """A cancellation, requested and withdrawn a day later; most of it is in the archive."""
    async with desk_of(mongo_url, build(Settings()), history_bound=1) as desk:
        sent = [
            desk.event(contract(), NUMBER),
            desk.event(confirmed("2026-03-01T09:00"), NUMBER),
            desk.event(withdrawal("2026-03-02T09:00"), NUMBER),
        ]
        for number, record in enumerate(sent):
            desk.now = NOW + number * DAY
            await desk.process(record)
        desk.now = NOW + 400 * DAY
        yield desk, sent


def second(desk: Desk, service: Service | None = None, **sources: Sources) -> SecondDecision:
    return SecondDecision(service or desk.service, desk.database, clock=lambda: desk.now, **sources)


async def answers(decision: SecondDecision, *records: Sent | Given) -> list[ServiceAnswer]:
    return [
        ServiceAnswer(
            "cancellation",
            await decision.decide(record),
            RecordPosition(record.topic, record.partition, record.offset),
        )
        for record in records
    ]


async def stored(desk: Desk) -> list[Any]:
    names = ("file", "file_history")
    return [await desk.database.collection(name).find({}).to_list(None) for name in names]


async def test_each_record_brings_what_it_brought_whatever_came_later_and_nothing_is_stored(
    endpoints: Endpoints,
) -> None:
    async with withdrawn(endpoints.mongo_url) as (desk, sent):
        before = await stored(desk)
        found = await answers(second(desk), *reversed(sent))
        after = await stored(desk)

    assert [it.outcome for it in found] == [RangeOutcome.AS_THEN] * 3
    assert [event.type for event in found[1].foreseen.events if event.public] == [
        "cancellation.scheduled.v1"
    ]
    assert [it.foreseen.then.at for it in found if it.foreseen.then] == [
        NOW + 2 * DAY,
        NOW + DAY,
        NOW,
    ]
    assert after == before


async def test_other_terms_show_in_the_fields_that_they_change(endpoints: Endpoints) -> None:
    terms = tuple(it.model_copy(update={"monthly_notice_days": 60}) for it in DEFAULT_TERMS)
    async with withdrawn(endpoints.mongo_url) as (desk, sent):
        [recorded, requested, _] = await answers(
            second(desk, build(Settings(policy_terms=terms))), *sent
        )

    assert recorded.outcome is RangeOutcome.AS_THEN
    assert requested.outcome is RangeOutcome.DIFFERS
    [public] = [it for it in requested.differences if it.startswith("cancellation.scheduled.v1: ")]
    assert "effective_on" in public
    assert "contract_number" not in public


async def test_what_no_history_has_is_decided_now_each_on_what_those_before_it_bring(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, build(Settings())) as desk:
        sent = [
            desk.event(contract(), NUMBER),
            desk.event(confirmed("2026-03-01T09:00"), NUMBER),
            replace(desk.event(contract(), NUMBER), value=b"{"),
        ]
        found = await answers(second(desk), *sent)
        nothing = await stored(desk)

    assert [it.outcome for it in found] == [
        RangeOutcome.UNDECIDED,
        RangeOutcome.UNDECIDED,
        RangeOutcome.GIVEN_UP,
    ]
    assert "cancellation.scheduled.v1" in [event.type for event in found[1].foreseen.events]
    assert nothing == [[], []]


async def test_of_a_history_whose_beginning_has_expired_nothing_is_guessed(
    endpoints: Endpoints,
) -> None:
    async with withdrawn(endpoints.mongo_url) as (desk, sent):
        await desk.database.collection("file_history").delete_one({"number": 0})
        found = await answers(second(desk), *sent[1:])

    assert [it.outcome for it in found] == [RangeOutcome.UNKNOWN] * 2
    assert [it.foreseen.events for it in found] == [(), ()]


async def test_another_record_under_the_same_id_is_told_from_the_one_that_was_decided(
    endpoints: Endpoints,
) -> None:
    async with withdrawn(endpoints.mongo_url) as (desk, sent):
        faulty = desk.event(confirmed("2026-03-01T09:00", requested_end_on="2026-09-30"), NUMBER)
        again = replace(sent[1], offset=faulty.offset + 1)
        headers = [it if it[0] != "ce_id" else ("ce_id", b"2") for it in faulty.headers]
        [other, same] = await answers(second(desk), replace(faulty, headers=headers), again)

    assert other.outcome is RangeOutcome.DIFFERS
    assert other.differences[0] == f"another record was decided, {sent[1].topic} 0-2"
    assert same.outcome is RangeOutcome.AS_THEN, "a record that was sent twice"


@pytest.mark.parametrize("profile_first", [True, False])
async def test_what_was_decided_at_the_same_instant_is_taken_in_the_order_that_fits(
    endpoints: Endpoints, *, profile_first: bool
) -> None:
    """Intake completes an inquiry from the profile, which may have come in the same batch."""
    service = Service(INTAKE, deciders(RULES), route)
    records = MemoryStage(service, ASKED_AT)
    profile = records.record(registered())
    asked = records.record(submission("inquiry", contact=None))
    batch = [profile, asked] if profile_first else [asked, profile]
    async with desk_of(endpoints.mongo_url, service) as desk:
        stage = type(desk.stage)(
            service,
            desk.store,
            desk,
            desk,
            desk.metrics,
            clock=lambda: ASKED_AT,
            sources=ANY_SOURCE,
        )
        await stage.process(batch)
        desk.now = ASKED_AT + 400 * DAY
        [known, opened] = await answers(second(desk, sources=ANY_SOURCE), *(profile, asked))

    assert [known.outcome, opened.outcome] == [RangeOutcome.AS_THEN] * 2
    [public] = [event for event in opened.foreseen.events if event.public]
    assert public.type == "inquiry.opened.v1"
    assert (public.data["contact"].get("email") == "registro@example.test") is profile_first
