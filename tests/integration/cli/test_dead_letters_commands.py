"""`desk dead-letters` as an operator types it, against a running desk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from desk.local.supervisor import Desk
from shared.events.envelope import message_uuid
from shared.events.reference import reference_of
from shared.events.topics import DEAD_LETTERS
from tests.builders import clients
from tests.builders.desk_command import Ran, desk
from tests.integration.cli.parked_desk import body

pytestmark = pytest.mark.asyncio(loop_scope="session")

TYPE = "submission.inquiry.v1"
WHY = ("--why", "a test", "--by", "operadora")


async def publish(running: Desk, ce_id: str, value: bytes) -> None:
    """A submission without a key: nobody can say whom to answer."""
    headers = {"ce_specversion": "1.0", "ce_source": "/channels/web", "ce_type": TYPE}
    kafka = running.endpoints.kafka_bootstrap_servers
    async with clients.producer(kafka) as producer:
        await producer.send_and_wait(
            "desk.submissions",
            value,
            headers=[(n, v.encode()) for n, v in (headers | {"ce_id": ce_id}).items()],
        )


async def run(here: Path, *arguments: str, stdin: str = "") -> Ran:
    return await desk("dead-letters", *arguments, cwd=here, stdin=stdin, env={"COLUMNS": "200"})


async def open_letters(here: Path, ce_id: str, *more: str) -> list[dict[str, Any]]:
    listed = await run(here, "list", "--letters", "--json", *more)
    assert listed.code == 0, listed.err
    mine = f"/channels/web {ce_id}"
    return [row for row in listed.json["letters"] if row["message_id"] == mine]


async def letter_of(running: Desk, ce_id: str) -> str:
    """The id of the letter that a cut-off submission of its own became."""
    kafka = running.endpoints.kafka_bootstrap_servers
    async with clients.consumer(kafka, DEAD_LETTERS, group_id=None) as letters:
        for partition, end in (await letters.end_offsets([*letters.assignment()])).items():
            letters.seek(partition, end)
        await publish(running, ce_id, b'{"text": "cut o')
        async with asyncio.timeout(90):
            while dict((letter := await letters.getone()).headers)["ce_id"] != ce_id.encode():
                pass
    return f"{letter.partition}-{letter.offset}"


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A file with a whole submission in it."""
    file = tmp_path / "whole.json"
    file.write_text(json.dumps(body("C-dl-edit", "Duda de prueba")))
    return file


async def test_a_submission_that_nobody_could_read_ends_as_an_inquiry_once_corrected(
    here: Path, running: Desk, whole: Path
) -> None:
    letter = await letter_of(running, "dl-edit")

    looked = await run(here, "edit", letter, "--file", str(whole), *WHY, "--dry-run")
    edited = await run(here, "edit", letter, "--file", str(whole), *WHY)
    reference = reference_of(message_uuid("/channels/web", "dl-edit"))
    told = await desk("inquiry", reference, cwd=here)
    shown = await run(here, "show", letter, "--json")
    again = await run(here, "edit", letter, "--file", str(whole), *WHY)

    assert (looked.code, "inquiry.opened.v1" in looked.out) == (0, True)
    assert edited.code == 0, edited.err
    assert "corrected and decided" in edited.out
    assert told.code == 0, told.err
    assert await open_letters(here, "dl-edit") == []
    [act] = shown.json["acts"]
    assert (act["by"], act["why"], act["changed"]) == ("operadora", "a test", [""])
    assert shown.json["value"] == '{"text": "cut o'
    assert (again.code, "already edited by operadora" in again.err) == (1, True)


async def test_a_correction_that_intake_would_reject_is_not_sent(here: Path, running: Desk) -> None:
    letter = await letter_of(running, "dl-reject")
    wrong = json.dumps(body("C-dl-reject", "x") | {"channel": "pigeon", "subject": None})

    ran = await run(here, "edit", letter, "--file", "-", *WHY, stdin=wrong)

    assert (ran.code, ran.out) == (2, "")
    assert "nothing was sent" in ran.err
    assert "channel: not_allowed" in ran.err
    assert "subject: missing" in ran.err
    assert [row["id"] for row in await open_letters(here, "dl-reject")] == [letter]


async def test_what_would_fail_again_is_not_replayed_and_fails_again_if_forced(
    here: Path, running: Desk
) -> None:
    letter = await letter_of(running, "dl-again")

    looked = await run(here, "replay", letter, "--dry-run")
    kept = await run(here, "replay", letter)
    forced = await run(here, "replay", letter, "--force", "--by", "operadora")
    [newer] = await open_letters(here, "dl-again")
    of_both = await open_letters(here, "dl-again", "--all")

    assert (looked.code, "would fail again: unreadable" in looked.out) == (1, True)
    assert (kept.code, "not sent, because it would fail again" in kept.out) == (1, True)
    assert forced.code == 1
    assert f"failed again: unreadable: key is missing ({newer['id']})" in forced.out
    assert [row["id"] for row in of_both] == [letter, newer["id"]]


async def test_a_discarded_letter_is_listed_no_more_but_shown_with_its_reason(
    here: Path, running: Desk
) -> None:
    letter = await letter_of(running, "dl-discard")

    discarded = await run(here, "discard", letter, *WHY)
    again = await run(here, "discard", letter, *WHY)
    replayed = await run(here, "replay", letter)
    shown = await run(here, "show", letter)

    assert (discarded.code, discarded.out) == (0, f"{letter}: discarded\n")
    assert (again.code, "already discarded by operadora" in again.out) == (0, True)
    assert (replayed.code, "already discarded by operadora: a test" in replayed.out) == (0, True)
    assert await open_letters(here, "dl-discard") == []
    assert "discarded by operadora: a test" in shown.out
    assert '{"text": "cut o' in shown.out


async def test_letters_are_listed_by_group_with_counts_ages_and_an_example(
    here: Path, running: Desk
) -> None:
    letter = await letter_of(running, "dl-list")
    asked = ("--service", "inquiry_intake", "--reason", "unreadable", "--error", "key is")

    listed = await run(here, "list", *asked)
    [group] = (await run(here, "list", "--json", *asked)).json["letters"]
    nobody = await run(here, "list", "--service", "notification", "--reason", "too_large")
    lines = await run(here, "list", "--letters", *asked)

    assert "inquiry_intake: key is missing" in listed.out
    assert f"newest just now, such as {group['example']}" in listed.out
    assert group["count"] >= 1
    assert "No open dead letters." in nobody.out
    assert f"{letter}  just now  inquiry_intake  unreadable  desk.submissions/" in lines.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "0-999999"], "there is no dead letter 0-999999"),
        (["show", "99-0"], "there is no dead letter 99-0"),
        (["replay", "0-999999", "0-999998"], "no dead letter 0-999999, 0-999998"),
        (["discard", "0-999999", "--why", "x"], "there is no dead letter"),
    ],
)
async def test_a_letter_that_is_not_there_is_told(
    here: Path, running: Desk, arguments: list[str], said: str
) -> None:
    ran = await run(here, *arguments)

    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
