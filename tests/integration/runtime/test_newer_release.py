"""Messages for an aggregate that a newer release wrote wait for it; all others are decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from desk.local.stack import Endpoints
from services.inquiry_intake import service as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from shared.mongo.client import Document
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Work
from shared.runtime.publisher import Publisher
from shared.runtime.worker import Worker
from shared.telemetry.metrics import Metrics
from tests.builders.submissions import SOUND
from tests.integration.runtime.bounded import DUE, NOW, Business, Desk, desk_of

OF_A_NEWER_RELEASE: dict[str, Mapping[str, Any]] = {
    "a value that its state may not have": {"$set": {"state.messages": "many"}},
    "an event of a type that is not known": {"$set": {"history.0.events.0.type": "kept.split.v1"}},
}


async def written_by_a_newer_release(desk: Desk, owner: str, change: Mapping[str, Any]) -> Document:
    await desk.database.collection("kept").update_one({"_id": owner}, change)
    return await desk.document(owner)


def but_for_its_line(document: Document) -> Document:
    return {name: it for name, it in document.items() if name not in ("parked", "version")}


def errors(desk: Desk) -> set[str]:
    return {letter.error for letter in desk.outgoing if isinstance(letter, DeadLetter)}


@pytest.mark.parametrize("change", OF_A_NEWER_RELEASE.values(), ids=OF_A_NEWER_RELEASE)
async def test_its_messages_wait_in_order_and_nobody_elses(
    endpoints: Endpoints, change: Mapping[str, Any]
) -> None:
    async with desk_of(endpoints.mongo_url, Business().service()) as desk:
        await desk.process(desk.toy("new", "a", "1"), desk.toy("old", "a", "2"))
        before = await written_by_a_newer_release(desk, "new", change)
        later = [desk.toy("new", "b", "3"), desk.toy("old", "b", "4"), desk.toy("new", "c", "5")]
        await desk.process(*later)
        after, other = await desk.document("new"), await desk.document("old")
        assert desk.letters() == [("defect", "3"), ("blocked", "5")]
        assert "kept was written by a newer release" in errors(desk)
        assert (other["state"]["messages"], "parked" in other) == (2, False)
        assert but_for_its_line(after) == but_for_its_line(before)

        await desk.database.collection("kept").update_one(
            {"_id": "new"},
            {
                "$set": {
                    "state": other["state"],
                    "history.0.events.0.type": "submission.rejected.v1",
                }
            },
        )
        await desk.process(later[0])
        await desk.process(later[2])
        assert (await desk.document("new"))["state"]["messages"] == 4
        assert "parked" not in await desk.document("new")


@pytest.mark.parametrize("change", OF_A_NEWER_RELEASE.values(), ids=OF_A_NEWER_RELEASE)
async def test_it_keeps_its_timer_which_wakes_it_after_the_upgrade(
    endpoints: Endpoints, change: Mapping[str, Any]
) -> None:
    async with desk_of(endpoints.mongo_url, Business().service()) as desk:
        await desk.process(desk.toy("new", "a"))
        original = await desk.document("new")
        await written_by_a_newer_release(desk, "new", change)
        desk.now += DUE
        await desk.clock.tick()
        timers = desk.timers()
        await desk.process(*timers)
        assert (await desk.document("new"))["due_at"] == NOW + DUE
        assert (len(timers), desk.letters()) == (1, [])

        await desk.database.collection("kept").replace_one({"_id": "new"}, original)
        await desk.process(*timers)
        assert (await desk.document("new"))["state"]["woken"] == 1


async def test_what_it_decided_and_may_not_have_published_is_left_to_the_newer_release(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, Business().service()) as desk:
        message = desk.toy("new", "a", "1")
        await desk.process(message, commit=False)
        original = await desk.document("new")
        await written_by_a_newer_release(
            desk, "new", OF_A_NEWER_RELEASE["an event of a type that is not known"]
        )
        desk.outgoing.clear()
        desk.restart()
        await desk.process(message)
        assert desk.letters() == [("defect", "1")]

        parked = (await desk.document("new"))["parked"]
        await desk.database.collection("kept").replace_one(
            {"_id": "new"}, {**original, "parked": parked, "version": 7}
        )
        desk.outgoing.clear()
        await desk.process(message)
        assert [item.type for item in desk.outgoing if isinstance(item, Envelope)] == [
            "submission.rejected.v1"
        ]
        assert "parked" not in await desk.document("new")


async def test_a_decision_that_rests_on_it_waits_too(endpoints: Endpoints) -> None:
    async with desk_of(endpoints.mongo_url, intake.build(IntakeSettings())) as desk:
        await desk.database.collection("customer").insert_one(
            {"_id": "C-1", "version": 1, "state": {"contact": 7}, "history": []}
        )
        said = {"channel": "web", "received_at": NOW.isoformat(), **SOUND["inquiry"]}
        for number in (1, 2):
            customer = f"C-{number}"
            body = said | {"customer_id": customer}
            await desk.process(desk.record("submission.inquiry.v1", body, customer, customer))
        assert desk.letters() == [("defect", "C-1")]
        assert errors(desk) == {"customer was written by a newer release"}


async def test_its_side_effects_wait_and_nobody_elses(endpoints: Endpoints) -> None:
    business = Business()
    service = business.service()
    [decider] = service.deciders
    working = replace(service, deciders=(replace(decider, work_at=lambda _state: NOW),))
    done: list[str] = []

    async def perform(work: Work) -> Any:
        done.append(work.ref.id)
        raise TimeoutError

    async def nothing_was_reported() -> None: ...

    async with desk_of(endpoints.mongo_url, working) as desk:
        await desk.process(desk.toy("new", "a"), desk.toy("old", "a"))
        await written_by_a_newer_release(
            desk, "new", OF_A_NEWER_RELEASE["a value that its state may not have"]
        )
        worker = Worker(
            working,
            desk.store,
            cast(Publisher, desk),
            Metrics(),
            lambda: NOW,
            lease=DUE,
            reports_decided=nothing_was_reported,
        )
        await worker.round(perform)
        await worker.finish()
        assert (await desk.document("new"))["work_at"] == NOW + DUE
    assert done == ["old"]
