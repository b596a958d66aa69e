"""Every document has a bound, and what is parked keeps its timers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import bson
import pytest

from desk.local.stack import Endpoints
from shared.events.envelope import Ref
from shared.events.operations import DeadLetterDiscarded
from tests.integration.runtime.bounded import DUE, NOW, Business, Desk, Sent, desk_of

KB = 1024
WITHIN_S = 30


async def test_a_history_is_bounded_in_bytes_and_forgets_no_message(endpoints: Endpoints) -> None:
    """25 entries of 120 KB would be 3 MB."""
    async with desk_of(
        endpoints.mongo_url, Business(says=120 * KB).service(), history_bytes=256 * KB
    ) as desk:
        records = [desk.toy("A", "more") for _ in range(30)]
        for record in records:
            await desk.process(record)
        document = await desk.document("A")
        await desk.process(*records)
        whole = await desk.store.history("kept", "A")
        again = await desk.document("A")

    assert len(bson.encode(document)) < 500 * KB
    assert document["history_bytes"] == sum(
        len(bson.encode(entry)) for entry in document["history"]
    )
    assert [entry["message_id"].split()[1] for entry in whole] == [str(n) for n in range(1, 31)]
    assert (again["state"], again["version"]) == (document["state"], document["version"])


async def test_one_batch_of_large_entries_for_one_record_is_decided_in_rounds(
    endpoints: Endpoints,
) -> None:
    """Nothing is committed before the batch ends; what is published may leave all the same."""
    async with desk_of(endpoints.mongo_url, Business(says=200 * KB).service()) as desk:
        await desk.process(*(desk.toy("A", "more") for _ in range(100)), commit=False)
        document = await desk.document("A")
        whole = await desk.store.history("kept", "A")

    assert desk.letters() == []
    assert document["state"]["messages"] == len(whole) == 100
    assert len(bson.encode(document)) < 2_000 * KB


async def test_a_document_at_its_limit_is_parked_alone_keeps_its_timer_and_can_be_cured(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, Business().service(), document_limit=KB * KB) as desk:
        filling = [desk.toy("A", "keep") for _ in range(6)]
        for record in [*filling, desk.toy("B", "more")]:
            await desk.process(record)
        full = await desk.document("A")
        desk.now = NOW + DUE
        await desk.clock.tick()
        timers = desk.timers()
        await desk.process(*timers)
        waits = await desk.document("A")
        letters = desk.letters()

        # DOCUMENT_LIMIT_MB is raised, and what waits is replayed.
        desk.store._mapper.bounds = replace(desk.store._mapper.bounds, document_bytes=8_000 * KB)
        await desk.process(filling[-1], *timers)
        cured = await desk.document("A")

    assert letters[0] == ("defect", "6")
    assert ("blocked", "timer") in letters
    assert len(bson.encode(full)) < 1_001 * KB
    assert waits["parked"]["error"] == "document over 1 MB"
    assert "parked" not in cured
    assert cured["state"]["woken"] == 1
    assert (cured["large"] > KB * KB, "due_at" in cured) == (True, False)


async def test_what_waits_in_a_document_at_its_limit_cannot_be_discarded_and_holds_nobody_up(
    endpoints: Endpoints,
) -> None:
    business = Business(stumbles_over={"stumble"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        await desk.process(desk.toy("A", "keep"), desk.toy("A", "stumble"))
        waits = await desk.document("A")
        [message_id] = waits["parked"]["waiting"]
        desk.store._mapper.bounds = replace(desk.store._mapper.bounds, document_bytes=100 * KB)

        async with asyncio.timeout(WITHIN_S):
            await desk.process(discard("A", message_id, desk), desk.toy("B", "more"))

        assert desk.letters()[1:] == [("defect", "3")]
        assert await desk.document("A") == waits
        assert (await desk.document("B"))["state"]["messages"] == 1


def discard(owner: str, message_id: str, desk: Desk) -> Sent:
    """An operator gives up the message that waits first."""
    told = DeadLetterDiscarded(
        letter="0-0",
        service="cancellation",
        reason="defect",
        error="",
        topic="desk.submissions",
        partition=0,
        offset=2,
        message_id=message_id,
        by="operator",
        at=NOW,
        why="a test",
        kind="kept",
        aggregate=owner,
    )
    return desk.event(told, told.letter)


async def test_the_timer_of_a_parked_record_joins_the_line_once_and_fires_after_the_cure(
    endpoints: Endpoints,
) -> None:
    business = Business(stumbles_over={"stumble"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        first, stumbling = desk.toy("A", "more"), desk.toy("A", "stumble")
        await desk.process(first, stumbling)
        kept = await desk.document("A")
        desk.now = NOW + DUE
        await desk.clock.tick()
        [timer] = desk.timers()
        await desk.process(timer)
        later = desk.toy("A", "later")
        await desk.process(later)
        for minutes in range(1, 10):
            desk.now = NOW + DUE + timedelta(minutes=minutes)
            await desk.clock.tick()
            await desk.process(*desk.timers(), desk.toy("A", "more still"))
        in_line = await desk.document("A")
        letters = desk.letters()

        business.stumbles_over.clear()
        await desk.process(stumbling, timer, later)
        woken = await desk.document("A")

    assert kept["due_at"] == NOW + DUE
    assert [name for _, name in letters].count("timer") == 1
    assert in_line["parked"]["waiting"][0:2] == ["/channels/test 2", in_line["parked"]["timer"]]
    assert "due_at" not in in_line
    history = woken["history"]
    assert [entry["topic"] for entry in history[-3:]] == [
        "desk.submissions",
        "desk.timers",
        "desk.submissions",
    ]
    assert woken["state"]["woken"] == 1


async def test_a_timer_that_is_itself_the_defect_is_given_up_once_and_not_every_half_minute(
    endpoints: Endpoints,
) -> None:
    business = Business(stumbles_over={"timer"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        await desk.process(desk.toy("A", "more"))
        for minutes in range(1, 10):
            desk.now = NOW + DUE + timedelta(minutes=minutes)
            await desk.clock.tick()
            await desk.process(*desk.timers())
    assert desk.letters() == [("defect", "timer")]


async def test_a_timer_given_up_by_an_operator_comes_again(endpoints: Endpoints) -> None:
    business = Business(stumbles_over={"timer"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        await desk.process(desk.toy("A", "more"))
        desk.now = NOW + DUE
        await desk.clock.tick()
        await desk.process(*desk.timers())
        [aggregate] = (await desk.store.read([Ref("kept", "A")])).values()
        assert aggregate.parked is not None
        aggregate.let_through(str(aggregate.parked.timer))
        aggregate.touched = True
        await desk.store.write([aggregate], desk.stage._publications)
        business.stumbles_over.clear()
        desk.now += timedelta(minutes=1)
        await desk.clock.tick()
        await desk.process(*desk.timers())
        document = await desk.document("A")
    assert document["state"]["woken"] == 1


async def test_two_thousand_blocked_messages_leave_a_small_document_and_their_order(
    endpoints: Endpoints,
) -> None:
    business = Business(stumbles_over={"stumble"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        stumbling = desk.toy("A", "stumble")
        behind = [desk.toy("A", "more") for _ in range(2_000)]
        await desk.process(stumbling, *behind)
        parked = await desk.document("A")
        business.stumbles_over.clear()
        await desk.process(*reversed(behind))
        still = await desk.document("A")
        await desk.process(stumbling, *behind)
        whole = await desk.store.history("kept", "A")
        cured = await desk.document("A")

    assert len(bson.encode(parked)) < 128 * KB
    assert still["parked"] == parked["parked"]
    assert "parked" not in cured
    assert [entry["message_id"].split()[1] for entry in whole] == [
        str(number) for number in range(1, 2_002)
    ]


async def test_what_an_earlier_release_parked_gets_its_timer_back(endpoints: Endpoints) -> None:
    business = Business(stumbles_over={"stumble"})
    async with desk_of(endpoints.mongo_url, business.service()) as desk:
        await desk.process(desk.toy("A", "more"), desk.toy("A", "stumble"))
        await desk.database.collection("kept").update_one({"_id": "A"}, {"$unset": {"due_at": ""}})
        await desk.store.prepare()
        document = await desk.document("A")
    assert document["due_at"] == NOW + DUE


async def test_entries_of_a_topic_that_was_made_again_are_published_once_more_and_then_leave(
    endpoints: Endpoints,
) -> None:
    """Their offsets lie beyond everything the group has committed in the new topic."""
    async with desk_of(endpoints.mongo_url, Business().service(), history_bound=10) as desk:
        for _ in range(10):
            await desk.process(desk.toy("A", "more"))
        desk.committed, desk.sent = 0, 0
        desk.restart()
        desk.outgoing.clear()
        published = []
        for number in range(100, 120):
            await desk.process(desk.toy("A", "more", str(number)))
            published.append(len(desk.outgoing))
            desk.outgoing.clear()
        document = await desk.document("A")

    assert published == [11, *[1] * 19]
    assert 5 <= len(document["history"]) <= 10


@pytest.mark.parametrize("counted", [True, False])
async def test_documents_over_a_megabyte_are_counted(endpoints: Endpoints, counted: bool) -> None:
    async with desk_of(endpoints.mongo_url, Business().service()) as desk:
        for _ in range(6 if counted else 4):
            await desk.process(desk.toy("A", "keep"))
        found = await desk.store.large("kept")
    assert (found.documents, found.bytes > 1_000 * KB) == ((1, True) if counted else (0, False))


async def test_a_database_that_was_dropped_gets_its_indexes_back(endpoints: Endpoints) -> None:
    async with desk_of(endpoints.mongo_url, Business().service()) as desk:
        there = await desk.store.has_indexes()
        await desk.database.collection("kept").drop()
        await desk.process(desk.toy("A", "more"))
        dropped = await desk.store.has_indexes()
        await desk.store.prepare()
        again = await desk.store.has_indexes()
    assert (there, dropped, again) == (True, False, True)
