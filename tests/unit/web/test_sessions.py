"""Sessions: what a cookie is worth, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.mongo.client import Database
from shared.web.one_time_codes import WRONG_ONES, OneTimeCodes
from shared.web.sessions import Holder, Sessions, key_of
from shared.web.tickets import Tickets
from tests.builders.few_documents import FewDocuments

IDLE, LIFE = timedelta(minutes=30), timedelta(hours=12)
ANA, BEA = Holder("C-1"), Holder("C-2")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, span: timedelta) -> None:
        self.now += span


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def documents() -> FewDocuments:
    return FewDocuments()


@pytest.fixture
def sessions(documents: FewDocuments, clock: Clock) -> Sessions:
    return Sessions(cast(Database, documents), idle=IDLE, life=LIFE, now=clock)


async def test_a_visitor_leaves_nothing_in_the_database(
    sessions: Sessions, documents: FewDocuments
) -> None:
    first = await sessions.read(None)

    again = await sessions.read(first.id)

    assert first.is_new
    assert again.visitor == first.visitor
    assert again.holder is None
    assert documents.collection("sessions").documents == {}


async def test_signing_in_gives_another_id_and_the_one_before_is_worth_nothing(
    sessions: Sessions,
) -> None:
    before = await sessions.read(None)

    after = await sessions.sign_in(before, ANA)

    assert after.id != before.id
    assert (await sessions.read(after.id)).holder == ANA
    assert (await sessions.read(before.id)).holder is None
    assert after.visitor == before.visitor, "what the visitor sent stays in reach"


async def test_signing_in_as_somebody_else_ends_the_session_before(sessions: Sessions) -> None:
    first = await sessions.sign_in(await sessions.read(None), ANA)

    second = await sessions.sign_in(first, BEA)

    assert (await sessions.read(first.id)).holder is None
    assert (await sessions.read(second.id)).holder == BEA


async def test_the_database_does_not_know_the_cookie(
    sessions: Sessions, documents: FewDocuments
) -> None:
    session = await sessions.sign_in(await sessions.read(None), ANA)

    assert session.id not in repr(documents.collection("sessions").documents)
    assert key_of(session.id) in documents.collection("sessions").documents


@pytest.mark.parametrize("cookie", ["", "short", "x" * 44, "../../etc", "ñ" * 43])
async def test_a_cookie_that_is_none_of_ours_is_replaced(sessions: Sessions, cookie: str) -> None:
    session = await sessions.read(cookie)

    assert session.is_new
    assert session.id != cookie


async def test_a_session_ends_when_it_is_idle(sessions: Sessions, clock: Clock) -> None:
    session = await sessions.sign_in(await sessions.read(None), ANA)
    clock.pass_by(IDLE - timedelta(seconds=1))
    assert (await sessions.read(session.id)).holder == ANA

    clock.pass_by(IDLE - timedelta(seconds=1))
    assert (await sessions.read(session.id)).holder == ANA, "its use was noted"

    clock.pass_by(IDLE)
    assert (await sessions.read(session.id)).holder is None


async def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(
    sessions: Sessions, clock: Clock
) -> None:
    session = await sessions.sign_in(await sessions.read(None), ANA)
    clock.pass_by(IDLE / 2)
    assert (await sessions.read(session.id, is_use=False)).holder == ANA

    clock.pass_by(IDLE / 2)

    assert (await sessions.read(session.id)).holder is None


async def test_a_session_ends_however_busy_it_is(sessions: Sessions, clock: Clock) -> None:
    session = await sessions.sign_in(await sessions.read(None), ANA)

    for _ in range(int(LIFE / IDLE) * 2):
        clock.pass_by(IDLE / 2)
        holder = (await sessions.read(session.id)).holder
        assert holder == (ANA if clock.now < datetime(2026, 11, 27, 22, tzinfo=UTC) else None)
    assert holder is None


async def test_signing_out_ends_this_browsers_session_and_revoking_all_of_them(
    sessions: Sessions,
) -> None:
    here = await sessions.sign_in(await sessions.read(None), ANA)
    there = await sessions.sign_in(await sessions.read(None), ANA)
    other = await sessions.sign_in(await sessions.read(None), BEA)

    await sessions.sign_out(here)
    assert (await sessions.read(here.id)).holder is None
    assert (await sessions.read(there.id)).holder == ANA

    await sessions.revoke_all(ANA)
    assert (await sessions.read(there.id)).holder is None
    assert (await sessions.read(other.id)).holder == BEA


@pytest.fixture
def codes(documents: FewDocuments, clock: Clock) -> OneTimeCodes:
    return OneTimeCodes(cast(Database, documents), b"key", clock)


async def test_a_code_works_once_in_the_browser_that_asked_for_it(codes: OneTimeCodes) -> None:
    code = await codes.issue("browser", "ana@example.test")

    assert await codes.use("another browser", code) is None
    assert await codes.use("browser", f" {code[:4]} {code[4:]} ") == "ana@example.test"
    assert await codes.use("browser", code) is None


async def test_a_code_is_worth_nothing_after_ten_minutes(codes: OneTimeCodes, clock: Clock) -> None:
    code = await codes.issue("browser", "ana@example.test")
    clock.pass_by(timedelta(minutes=10))

    assert await codes.use("browser", code) is None


async def test_five_wrong_codes_end_the_right_one(codes: OneTimeCodes) -> None:
    code = await codes.issue("browser", "ana@example.test")
    wrong = f"{(int(code) + 1) % 10**8:08}"
    for _ in range(WRONG_ONES):
        assert await codes.use("browser", wrong) is None

    assert await codes.use("browser", code) is None


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


async def test_of_two_who_come_with_the_same_code_one_has_it(codes: OneTimeCodes) -> None:
    code = await codes.issue("browser", "ana@example.test")

    both = await asyncio.gather(*(codes.use("browser", code) for _ in range(2)))

    assert sorted(both, key=str) == [None, "ana@example.test"]


async def test_the_database_does_not_know_the_code(
    codes: OneTimeCodes, documents: FewDocuments
) -> None:
    code = await codes.issue("browser", "ana@example.test")

    assert code not in repr(documents.collection("one_time_codes").documents)


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
