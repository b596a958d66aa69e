"""Messages for an aggregate that a newer release wrote wait for it; all others are decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, cast

import pytest

from desk.local.stack import Endpoints
from services.inquiry_intake import service as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from shared.events.envelope import Event, Message, Unchecked
from shared.mongo.client import Document
from shared.runtime.aggregates.store import Store
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Service, Work
from shared.runtime.publisher import Publisher
from shared.runtime.worker import Worker
from shared.telemetry.metrics import Metrics
from tests.builders.submissions import SOUND
from tests.integration.runtime.bounded import DUE, NOW, Business, Desk, Kept, desk_of
from tests.integration.runtime.test_tombstones import CUSTOMER, profile, tombstone

OF_A_NEWER_RELEASE: dict[str, Mapping[str, Any]] = {
    "a value that its state may not have": {"$set": {"state.messages": "many"}},
    "an event of a type that is not known": {"$set": {"history.0.events.0.type": "kept.split.v1"}},
    "a higher format": {"$set": {"format": 1}},
}


class Split(Event):
    """An event that only the next release knows."""

    ce_type: ClassVar[str] = "kept.split.v1"


class Splittable(Kept):
    """The state as the next release has it."""

    splits: int = 0


class NextBusiness(Business):
    def decide(self, message: Message, state: Kept | None, now: datetime) -> list[Event]:
        if isinstance(message.data, Unchecked) and message.data.fields["text"] == "split":
            return [Split()]
        return super().decide(message, state, now)

    def evolve(self, state: Kept | None, event: Event) -> Splittable:
        before = Splittable.model_validate((state or Kept(due_at=NOW + DUE)).model_dump())
        if isinstance(event, Split):
            return before.model_copy(update={"splits": before.splits + 1})
        return Splittable.model_validate(super().evolve(before, event).model_dump())

    def service(self, format: int = 1) -> Service:
        made = super().service()
        [decider] = made.deciders
        knowing_more = replace(decider, state=Splittable, private_events=(Split,), format=format)
        return replace(made, deciders=(knowing_more,))


def earlier_release(desk: Desk) -> Desk:
    """An instance of the earlier release beside `desk`, on the same database and topics."""
    service = Business().service()
    store = Store(desk.database, service.deciders)
    return Desk(
        service, desk.database, store, committed=desk.committed, sent=desk.sent, now=desk.now
    )


def types_in(document: Document) -> Sequence[str]:
    return [event["type"] for entry in document["history"] for event in entry["events"]]


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
                },
                "$unset": {"format": ""},
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


async def test_its_messages_wait_also_when_its_event_is_in_the_archive(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, NextBusiness().service()) as desk:
        await desk.process(desk.toy("A", "split"))
        for _ in range(9):
            await desk.process(desk.toy("A", "more"))
        before = await desk.document("A")

        earlier = earlier_release(desk)
        waits = earlier.toy("A", "more", "waits")
        await earlier.process(waits)
        after = await desk.document("A")
        desk.sent = earlier.sent
        await desk.process(waits)
        decided = await desk.document("A")
    assert Split.ce_type not in types_in(before)
    assert earlier.letters() == [("defect", "waits")]
    assert but_for_its_line(after) == but_for_its_line(before)
    assert (decided["state"]["splits"], decided["state"]["messages"]) == (1, 10)
    assert "parked" not in decided


async def test_a_repeated_message_that_only_it_can_answer_waits_although_it_is_in_the_archive(
    endpoints: Endpoints,
) -> None:
    """As where the newer release gave its documents no format."""
    async with desk_of(endpoints.mongo_url, NextBusiness().service(format=0)) as desk:
        repeated = desk.toy("A", "split")
        await desk.process(repeated)
        for _ in range(9):
            await desk.process(desk.toy("A", "more"))
        before = await desk.document("A")

        earlier = earlier_release(desk)
        await earlier.process(repeated, earlier.toy("A", "more", "behind"))
        after = await desk.document("A")
        await desk.process(repeated)
        answered = await desk.document("A")
    assert Split.ce_type not in types_in(before)
    assert earlier.letters() == [("defect", "1"), ("blocked", "behind")]
    assert errors(earlier) == {"kept was written by a newer release", "kept is parked"}
    assert but_for_its_line(after) == but_for_its_line(before)
    assert answered["parked"]["waiting"] == ["/channels/test behind"]
    assert answered["state"] == before["state"]


async def test_a_repeated_timer_that_only_it_can_answer_is_dropped(endpoints: Endpoints) -> None:
    async with desk_of(endpoints.mongo_url, NextBusiness().service(format=0)) as desk:
        await desk.process(desk.toy("A", "more"))
        desk.now += DUE
        await desk.clock.tick()
        timers = desk.timers()
        await desk.process(*timers)
        for _ in range(9):
            await desk.process(desk.toy("A", "more"))
        await desk.database.collection("kept_history").update_one(
            {"topic": "desk.timers"}, {"$set": {"events.0.type": Split.ce_type}}
        )
        before = await desk.document("A")

        earlier = earlier_release(desk)
        await earlier.process(*timers)
        after = await desk.document("A")
    assert earlier.letters() == []
    assert after == before


async def test_nothing_of_its_history_moves_to_the_archive_as_the_line_grows(
    endpoints: Endpoints,
) -> None:
    async with desk_of(
        endpoints.mongo_url, NextBusiness().service(format=0), history_bound=30
    ) as desk:
        await desk.process(desk.toy("A", "split"))
        for _ in range(20):
            await desk.process(desk.toy("A", "more"))
        before = await desk.document("A")

        earlier = earlier_release(desk)
        await earlier.process(earlier.toy("A", "more"), earlier.toy("A", "more"))
        await earlier.process(earlier.toy("A", "more"))
        after = await desk.document("A")
    assert [reason for reason, _ in earlier.letters()] == ["defect", "blocked", "blocked"]
    assert (len(before["history"]), "archived" in before) == (21, False)
    assert but_for_its_line(after) == but_for_its_line(before)


async def test_a_record_gets_its_format_with_the_state_that_a_release_writes(
    endpoints: Endpoints,
) -> None:
    """One of an earlier release is read, and keeps its format while it only waits."""
    async with desk_of(endpoints.mongo_url, Business().service()) as earlier:
        await earlier.process(earlier.toy("A", "more"), earlier.toy("B", "more"))
        unmarked = await earlier.document("A")

        business = NextBusiness(stumbles_over={"stumble"})
        service = business.service()
        store = Store(earlier.database, service.deciders)
        desk = Desk(service, earlier.database, store, committed=3, sent=2)
        await desk.process(desk.toy("A", "more"), desk.toy("B", "stumble"), desk.toy("C", "more"))
        formats = [(await desk.document(owner)).get("format") for owner in "ABC"]
        marked = await desk.document("A")
    assert "format" not in unmarked
    assert formats == [1, None, 1]
    assert marked["state"]["messages"] == 2


async def test_who_is_forgotten_by_an_earlier_release_leaves_no_format(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, intake.build(IntakeSettings())) as desk:
        await desk.process(profile(desk))
        customers = desk.database.collection("customer")
        await customers.update_one({"_id": CUSTOMER}, {"$set": {"format": 7}})
        await desk.process(tombstone(desk))
        forgotten = await desk.document(CUSTOMER, "customer")
        await desk.process(profile(desk))
        again = await desk.document(CUSTOMER, "customer")
    assert (forgotten["state"], "format" in forgotten) == (None, False)
    assert again["state"] is not None
    assert desk.letters() == []
