"""Operators replay, rehearse, correct and discard messages parked behind a defect, on the wire."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from desk.local.stack import Endpoints
from shared.events.operations import DeadLetterDiscarded, DeadLetterEdited, DeadLetterReplayed
from shared.operations.dead_letters.correct import Correction
from shared.operations.dead_letters.discard import discard, discards
from shared.operations.dead_letters.dry_run import types_of
from shared.operations.dead_letters.edit import draft, edit
from shared.operations.dead_letters.errors import IdentityCorrected, StillFaulty
from shared.operations.dead_letters.resend import resend
from shared.operations.dead_letters.stop import ReplayedTooOften
from shared.operations.dead_letters.topic import dead_letter_topic
from shared.operations.sender import ReplaySession
from tests.integration.cli.parked_desk import Play, deploy_the_fix, ids, playing

ROOT = Path(__file__).parents[3]
MANY = 12


@pytest.fixture(autouse=True)
def not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.operations.sender.DECIDED_WITHIN_S", 5.0)


async def replaying(
    play: Play, endpoints: Endpoints, per_second: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.cli.replaying_process"),
        *(endpoints.kafka_bootstrap_servers, endpoints.mongo_url, play.name, play.customer),
        per_second,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_a_replay_killed_in_the_middle_and_run_again_loses_and_doubles_nothing(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", *["go on"] * (MANY - 1))
        await play.given_up(MANY)
        deploy_the_fix(monkeypatch)

        killed = await replaying(play, endpoints, "5")
        first = await play.answered(4)
        killed.kill()
        said, _ = await killed.communicate()
        again = await replaying(play, endpoints, "1000")
        told, _ = await again.communicate()
        rest = await play.answered(MANY - 4)
        left, decided, still = await play.waiting(), await play.decided(), await play.open()

    assert (killed.returncode, said) == (-9, b"")
    assert again.returncode == 0
    assert told.decode().split()[1] == "None"
    assert [*first, *rest] == ids(play, range(MANY))
    assert (left, decided) == (None, MANY)
    assert len(still) <= 1  # what was sent, but not yet written down, when it was killed


async def test_a_replay_that_died_before_writing_it_down_sends_once_more_and_nothing_is_doubled(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise InterruptedError

    async with playing(endpoints) as play:
        await play.publish("stumble", "go on", "go on")
        await play.given_up(3)
        deploy_the_fix(monkeypatch)
        with monkeypatch.context() as dying:
            dying.setattr(ReplaySession, "record", dies)
            with pytest.raises(InterruptedError):
                await play.replay()
        unwritten = await play.open()
        [first] = await play.answered(1)

        outcome = await play.replay()
        rest = await play.answered(2)
        [letter] = await play.open()
        async with play.post() as session:
            [resent] = [it async for it in resend([letter], session)]
        decided, still = await play.decided(), await play.open()

    assert len(unwritten) == 3
    assert (outcome.decided, outcome.stopped_by) == (2, None)
    assert [first, *rest] == ids(play, range(3))
    assert (resent.stopped_by, decided, still) == (None, 3, [])


async def test_each_replay_leaves_an_audit_event_that_says_who_and_where_it_went(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", "go on")
        await play.given_up(2)
        written = await play.letters()
        deploy_the_fix(monkeypatch)
        await play.replay()
        trail, still = await play.trail(), await play.open()

    told = [event for letter in written for event in trail.on(letter.id)]
    assert [type(event) for event in told] == [DeadLetterReplayed] * 2
    assert [(event.by, event.reason) for event in told] == [
        ("operator", "defect"),
        ("operator", "blocked"),
    ]
    assert all("stumble" not in event.model_dump_json() for event in told)
    assert still == []


async def test_what_fails_for_the_third_time_is_not_sent_again_unless_forced(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.operations.sender.DECIDED_WITHIN_S", 0.3)
    async with playing(endpoints) as play:
        await play.publish("stumble")
        await play.given_up(1)
        for _ in range(3):
            await play.replay()
            await play.given_up(1)

        refused = await play.replay()
        sent = len(await play.letters())
        monkeypatch.setattr("shared.operations.sender.DECIDED_WITHIN_S", 5.0)
        deploy_the_fix(monkeypatch)
        forced = await play.replay(force=True)

    assert refused.decided == 0
    assert isinstance(refused.stopped_by, ReplayedTooOften)
    assert refused.stopped_by.times == 3
    assert sent == 4
    assert (forced.decided, forced.stopped_by) == (1, None)


async def test_a_dry_run_says_what_each_would_bring_on_those_before_it_and_changes_nothing(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", "go on")
        await play.given_up(2)
        before, letters = await play.waiting(), await play.letters()

        async with dead_letter_topic(play.settings) as box:
            whole = [(await box.fetch(letter.id)).original for letter in letters]
        [unfixed] = await play.asked.dry_run(whole, until_fault=True)
        deploy_the_fix(monkeypatch)
        fixed = await play.asked.dry_run(whole)
        [out_of_turn] = await play.asked.dry_run(whole[1:])
        after, decided = await play.waiting(), await play.decided()
        letters_after = await play.letters()

    assert unfixed.events == ()
    assert str(unfixed.fault).startswith("defect: ZeroDivisionError")
    assert [types_of(outcome) for outcome in fixed] == [["submission.rejected.v1"]] * 2
    assert str(out_of_turn.fault).startswith("blocked")
    assert (after, decided, letters_after) == (before, 0, letters)


async def test_a_corrected_head_is_decided_and_what_waits_behind_it_follows(
    endpoints: Endpoints,
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", "go on", "go on")
        await play.given_up(3)
        [head, *_] = await play.letters()
        services = {play.service.name: play.asked}
        correction = Correction(fields=(("/text", json.dumps("walk")),))

        async with play.post() as session:
            made = await draft(head.id, correction, services, session)
            outcome = await edit(made, play.asked, session)
        answers = await play.answered(3)
        trail, left = await play.trail(), await play.waiting()

    [told] = trail.on(head.id)
    assert isinstance(told, DeadLetterEdited)
    assert told.changed == ("/text",)
    assert told.original_sha256 == head.sha256 != told.corrected_sha256
    assert (outcome.decided, outcome.stopped_by, left) == (2, None, None)
    assert answers == ids(play, range(3))


async def test_what_is_corrected_while_others_wait_before_it_keeps_its_place(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", "go on", "stumble")
        await play.given_up(3)
        last = (await play.letters())[-1]
        services = {play.service.name: play.asked}
        correction = Correction(fields=(("/text", json.dumps("walk")),))

        async with play.post() as session:
            made = await draft(last.id, correction, services, session)
            outcome = await edit(made, play.asked, session)
        await play.given_up(1)
        newest = (await play.letters())[-1]
        deploy_the_fix(monkeypatch)
        replayed = await play.replay()
        answers = await play.answered(3)
        async with dead_letter_topic(play.settings) as box:
            sent = (await box.fetch(newest.id)).value

    assert (outcome.waits, outcome.stopped_by) == (True, None)
    assert (newest.message_id, newest.reason) == (last.message_id, "blocked")
    assert json.loads(sent or b"")["text"] == "walk"
    assert (replayed.decided, replayed.stopped_by) == (3, None)
    assert answers == ids(play, range(3))


async def test_a_correction_must_stay_with_the_aggregate_that_waits_for_it(
    endpoints: Endpoints,
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble")
        await play.given_up(1)
        [head] = await play.letters()
        services = {play.service.name: play.asked}
        elsewhere = Correction(fields=(("/customer_id", '"C-elsewhere"'),))

        async with play.post() as session:
            with pytest.raises(StillFaulty) as refused:
                await draft(head.id, elsewhere, services, session)
            with pytest.raises(IdentityCorrected):
                await draft(head.id, Correction(headers=(("ce_id", "x"),)), services, session)
        still = await play.open()

    [fault] = refused.value.faults
    assert "no longer be decided in seen" in fault
    assert [letter.id for letter in still] == [head.id]


async def test_a_discarded_head_lets_the_next_through(endpoints: Endpoints) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", "go on", "go on")
        await play.given_up(3)
        [head, *_] = await play.letters()
        services = {play.service.name: play.asked}

        async with play.post() as session:
            [discardable] = await discards([head.id], services, session)
            outcome = await discard(discardable, services, session)
        waiting = await play.waiting()
        replayed = await play.replay()
        answers = await play.answered(2)
        trail, decided = await play.trail(), await play.decided()

    [told] = trail.on(head.id)
    assert isinstance(told, DeadLetterDiscarded)
    assert (told.why, told.kind, told.aggregate) == ("a test", "seen", play.customer)
    assert outcome.stopped_by is None
    assert waiting is not None
    assert [message_id.split()[-1] for message_id in waiting.waiting] == ids(play, [1, 2])
    assert (replayed.decided, replayed.stopped_by) == (2, None)
    assert (answers, decided) == (ids(play, [1, 2]), 2)
