"""Cookies, tickets, and codes that come at once; the rest is `documents_suite.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from shared.mongo.client import Database
from shared.web.one_time_codes import WRONG_ONES, OneTimeCodes
from shared.web.sessions import Sessions
from shared.web.tickets import Tickets
from tests.builders.few_documents import FewDocuments
from tests.fakes.documents_suite import IDLE, LIFE, Clock


@pytest.fixture
def documents() -> FewDocuments:
    return FewDocuments()


@pytest.fixture
def sessions(documents: FewDocuments) -> Sessions:
    return Sessions(cast(Database, documents), idle=IDLE, life=LIFE, now=Clock())


@pytest.mark.parametrize("cookie", ["", "short", "x" * 44, "../../etc", "ñ" * 43])
async def test_a_cookie_that_is_none_of_ours_is_replaced(sessions: Sessions, cookie: str) -> None:
    session = await sessions.read(cookie)

    assert session.is_new
    assert session.id != cookie


@pytest.fixture
def codes(documents: FewDocuments) -> OneTimeCodes:
    return OneTimeCodes(cast(Database, documents), b"key", Clock())


def others_come_after(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def acted(*arguments: Any) -> Any:
        found = await act(*arguments)
        await asyncio.sleep(0)
        return found

    return acted


async def test_however_many_tries_come_at_once_five_are_compared(
    codes: OneTimeCodes, documents: FewDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await codes.issue("browser", "ana@example.test")
    kept = documents.collection("one_time_codes")
    for name in ("update_one", "find_one_and_delete"):
        monkeypatch.setattr(kept, name, others_come_after(getattr(kept, name)))
    wrong = [f"{(int(code) + number) % 10**8:08}" for number in range(1, WRONG_ONES + 1)]

    *_, last = await asyncio.gather(*(codes.use("browser", it) for it in (*wrong, code)))

    assert last is None


def test_a_ticket_is_worth_something_only_where_it_was_issued() -> None:
    tickets = Tickets(b"key")
    ticket = tickets.issue("session")

    submission_id = tickets.submission_id("session", ticket)

    assert submission_id == ticket.partition(".")[0]
    assert tickets.submission_id("another session", ticket) is None
    assert Tickets(b"another key").submission_id("session", ticket) is None
    other = tickets.issue("session")
    assert other != ticket
    swapped = f"{submission_id}.{other.partition('.')[2]}"
    for forged in ("", "x", ".", submission_id, swapped, f"{ticket}0", None):
        assert tickets.submission_id("session", forged) is None
