"""Letters that nothing waits for, sent again; and what the command says of a replay."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desk.commands import replay as replay_runs
from desk.commands.addresses import Where
from desk.local.stack import Endpoints
from shared.events.envelope import Message
from shared.operations.dead_letters.correct import Correction
from shared.operations.dead_letters.edit import draft, edit
from shared.operations.dead_letters.resend import resend
from shared.operations.dead_letters.selection import Selection
from shared.operations.dead_letters.stop import FailedAgain
from shared.operations.sender import Pace
from shared.operations.service_client import ServiceClient
from shared.runtime.decider import Route, Service
from tests.builders.internal_port import asking
from tests.integration.cli.parked_desk import OPERATOR, Play, body, deploy_the_fix, ids, playing
from tests.integration.runtime import toy
from tests.integration.runtime.wire import collect

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.operations.sender.DECIDED_WITHIN_S", 5.0)


def lost(message: Message) -> Route:
    """A routing that stumbles over some words until it is fixed: nothing is parked then."""
    fields: dict[str, Any] = getattr(message.data, "fields", {})
    if fields.get("text") == "get lost" and not toy.FIXED:
        raise KeyError("the customer's own words")
    return toy.route(message)


async def test_letters_that_nothing_waits_for_are_sent_again_until_one_fails(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service("inquiry_intake", toy.build().deciders, lost)
    async with playing(endpoints, service) as play:
        await play.publish("get lost", "go on", "get lost")
        await play.given_up(2)
        [between] = await play.answered(1)
        first = await play.open()

        async with play.post() as session:
            unfixed = [it async for it in resend(first, session)]
        second = await play.open()
        deploy_the_fix(monkeypatch)
        async with play.post() as session:
            fixed = [it async for it in resend(second, session)]
        answers = await play.answered(2)
        still = await play.open()

    assert len(unfixed) == 1
    assert isinstance(unfixed[0].stopped_by, FailedAgain)
    assert unfixed[0].stopped_by.reason == "defect"
    assert unfixed[0].stopped_by.error.startswith("KeyError")
    assert [letter.message_id.split()[-1] for letter in second] == ids(play, [2, 0])
    assert [outcome.stopped_by for outcome in fixed] == [None, None]
    assert sorted([between, *answers]) == ids(play, range(3))
    assert still == []


async def test_a_correction_that_dies_again_is_told_with_its_new_letter(
    endpoints: Endpoints,
) -> None:
    service = Service("inquiry_intake", toy.build().deciders, lost)
    still_lost = body("C-1001", "get lost") | {"subject": "Otra prueba"}
    lenient = Service("inquiry_intake", service.deciders, toy.route)
    async with playing(endpoints, service) as play:
        await play.publish("get lost")
        await play.given_up(1)
        [letter] = await play.letters()
        correction = Correction(body=json.dumps(still_lost).encode())
        async with (
            asking(lenient, play.settings, play.database, play.store) as asked,
            play.post() as session,
        ):
            made = await draft(letter.id, correction, {play.service.name: asked}, session)
            outcome = await edit(made, play.asked, session)
        [newer] = await play.open()

    assert outcome.stopped_by == FailedAgain(newer.id, newer.reason, newer.error)


async def test_the_bytes_are_sent_again_as_they_came(endpoints: Endpoints) -> None:
    async with playing(endpoints) as play:
        submissions = await play.client.watch("desk.submissions")
        spaced = json.dumps(body(play.customer, "stumble"), indent=1).encode()
        headers: list[tuple[str, bytes | None]] = [
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{play.name}-0".encode()),
            ("ce_source", b"/channels/test"),
            ("ce_type", b"submission.inquiry.v1"),
            ("dl_note", b"the sender's own"),
        ]
        await play.client.publish("desk.submissions", play.customer, spaced, headers)
        await play.given_up(1)
        [letter] = await play.letters()
        async with play.post() as session:
            await session.resend(await session.topic.fetch(letter.id))
        [before, after] = await collect(submissions, 2, play.name)

    assert (before.key, before.value, before.headers) == (after.key, after.value, after.headers)


@asynccontextmanager
async def only(play: Play) -> AsyncIterator[dict[str, ServiceClient]]:
    yield {play.service.name: play.asked}


@pytest.mark.parametrize(
    ("color", "bar"), [({}, False), ({"FORCE_COLOR": "1"}, True)], ids=["a pipe", "a terminal"]
)
async def test_the_command_rehearses_and_then_lets_through_an_aggregate_and_says_so(
    endpoints: Endpoints,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    color: dict[str, str],
    bar: bool,
) -> None:
    async with playing(endpoints) as play:
        await play.publish("stumble", "go on")
        await play.given_up(2)
        for name, value in color.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(replay_runs, "services_of", lambda _url: only(play))
        where = Where(ROOT, kafka=endpoints.kafka_bootstrap_servers, mongo=endpoints.mongo_url)
        asked = replay_runs.Run(Selection(aggregate=play.customer), OPERATOR, Pace(1_000))
        capsys.readouterr()

        unfixed = await replay_runs.dry_run(where, asked)
        deploy_the_fix(monkeypatch)
        fixed = await replay_runs.dry_run(where, asked)
        untouched = await play.decided()
        capsys.readouterr()
        told = await replay_runs.run(where, asked)
        said = capsys.readouterr().out
        nothing = await replay_runs.run(where, asked)
        decided, still = await play.decided(), await play.open()

    assert replay_runs.failed(unfixed)
    assert "would fail again: defect: ZeroDivisionError" in unfixed[-1]["said"]
    assert [row["said"] for row in fixed] == [
        "would send 2 messages, in their order",
        "submission.rejected.v1",
        "submission.rejected.v1",
    ]
    assert untouched == 0
    assert [(row["decided"], row["stopped_by"]) for row in told] == [(2, None)]
    assert "2 messages let through; the record is no longer parked" in said
    assert ("replaying" in said) is bar
    assert (nothing, decided, still) == ([], 2, [])
