"""Every drill: injected, shown by the command that the runbook names, answered, put right."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from desk.commands.drill_faults import FAULTS
from desk.local.supervisor import desk_up
from tests.builders.desk_command import desk

pytestmark = [
    pytest.mark.long("a desk of its own, whose processes are stopped and restarted"),
    pytest.mark.asyncio(loop_scope="module"),
]

WITHIN_S = 240.0
"""Of a service on a busy machine that is started again and compares its clock."""
Shown = Callable[[Any], bool]


def checked(name: str, words: str) -> Shown:
    """`desk doctor` names the part, and why."""
    return lambda found: any(
        check["name"] == name and check["verdict"] != "ok" and words in check["found"]
        for check in found
    )


def waits(group: str) -> Shown:
    return lambda found: any(it["waiting"] == group and it["count"] > 0 for it in found["work"])


DOCTOR, WORK, LETTERS = ("doctor", "--json"), ("work", "--json"), ("dead-letters", "list", "--json")
SYMPTOMS: dict[str, tuple[tuple[str, ...], Shown]] = {
    "service-hangs": (DOCTOR, checked("cancellation", "it hangs")),
    "mail-server-hangs": (DOCTOR, checked("mail", "says nothing")),
    "setting-refused": (DOCTOR, checked("contract_archive", "HISTORY_KEPT_DAYS=1")),
    "referral-waits": (WORK, waits("referred")),
    "attachment-missing": (WORK, waits("unmade")),
    "credential-differs": (
        WORK,
        lambda found: found["silent"] == ["contract_archive asks for another credential"],
    ),
    "unknown-event-type": (LETTERS, lambda found: "unknown_type" in json.dumps(found)),
    "sender-not-allowed": (
        LETTERS,
        lambda found: "ce_source is not one that registry.contracts takes" in json.dumps(found),
    ),
    "channel-floods": (
        ("topics", "--json"),
        lambda found: any(
            it["topic"] == "desk.submissions" and it["per_second"] > 3 for it in found["topics"]
        ),
    ),
    "consents-missing": (DOCTOR, checked("rejections", "consent_missing")),
}
STAYS = {"consents-missing"}
"""Answers that were given are not taken back."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """Where a person would type the commands, beside a desk that `desk up` runs."""
    folder = tmp_path_factory.mktemp("drills")
    async with desk_up(folder / ".desk", say=lambda _line: None):
        yield folder


async def until(here: Path, command: tuple[str, ...], holds: Shown) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            ran = await desk(*command, cwd=here)
            if ran.out and holds(json.loads(ran.out)):
                return
            await asyncio.sleep(0.2)


def nothing_is_wrong(found: Any) -> bool:
    """Rejections of the last minutes are told on: they were given, and are not taken back."""
    return all(it["verdict"] == "ok" or it["name"] == "rejections" for it in found)


@pytest.mark.parametrize("number", range(1, len(FAULTS) + 1))
async def test_a_drill_is_shown_answered_and_put_right(here: Path, number: int) -> None:
    fault = FAULTS[number - 1]
    command, holds = SYMPTOMS[fault.name]
    await until(here, DOCTOR, nothing_is_wrong)

    started = await desk("drill", "start", str(number), cwd=here)
    await until(here, command, holds)
    wrong = await desk("drill", "answer", FAULTS[number - 2].name, cwd=here)
    right = await desk("drill", "answer", fault.name, cwd=here)
    ended = await desk("drill", "end", cwd=here)

    assert (started.code, wrong.code, right.code, ended.code) == (0, 1, 0, 0), ended.err
    assert fault.name not in started.out + wrong.out
    assert fault.was in right.out
    await until(here, DOCTOR, nothing_is_wrong)
    if fault.name not in STAYS:
        await until(here, command, lambda found: not holds(found))


async def test_an_end_after_a_start_that_was_killed_before_its_fault_puts_all_right(
    here: Path,
) -> None:
    for fault in FAULTS:
        noted = {"fault": fault.name, "tag": f"x{fault.name}", "hints": 0}
        if fault.name in ("service-hangs", "sender-not-allowed"):
            (here / ".desk" / "drill.json").write_text(json.dumps(noted))
            ended = await desk("drill", "end", cwd=here)
            assert (ended.code, ended.err) == (0, "")
    await until(here, DOCTOR, nothing_is_wrong)
