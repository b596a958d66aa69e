"""A running desk gets right the cases that users of other systems reported as wrong."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
import pytest_asyncio

from desk.local.supervisor import Desk
from tests.e2e.reported import CASES, Answers, Run, mails_to, matching, send_all


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def answers(running_desk: Desk) -> Answers:
    """Sends all cases side by side and returns the desk's answers."""
    run = Run(uuid4().hex[:6].upper())
    return await send_all(running_desk.endpoints.kafka_bootstrap_servers, CASES, run)


@pytest.mark.parametrize("name", CASES)
async def test_a_reported_case_gets_the_decided_answer(
    answers: Answers, running_desk: Desk, name: str
) -> None:
    case, found = answers.run.case(name), answers.to(name)
    said = [f"{a.type} {json.dumps(a.data)[:300]} {a.headers.get('dl_error', '')}" for a in found]
    for wanted in case["then"]:
        times = len(matching(found, wanted))
        assert times, (case["report"], wanted, said)
        assert times == wanted.get("times", times), (case["report"], wanted, said)
    for unwanted in case["never"]:
        assert not matching(found, unwanted), (case["report"], unwanted, said)
    mail = case.get("mail", {})
    if not mail:
        return
    directory = running_desk.directory / "mail"
    for address in mail.get("told", ()):
        assert [*mails_to(directory, address)], f"nobody told {address}"
    words = "\n".join(
        text
        for address in set(re.findall(r"[\w.]+@ejemplo-\w+\.es", json.dumps(case["steps"])))
        for text in mails_to(directory, address)
    )
    assert words
    for phrase in mail.get("never_says", ()):
        assert phrase not in words
