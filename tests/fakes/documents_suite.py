"""The database suite of sessions, codes and the outbox, on a fake in memory and on MongoDB.

A subclass has a fixture `database`. What a test looks up itself, it asks as the portal does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.customer_portal.outbox import RELAY_AFTER, AlreadySent, Outbox
from shared.events.submissions import FollowUpSubmitted
from shared.kafka.records import Envelope
from shared.mongo.client import Database
from shared.outage import Outage
from shared.web.one_time_codes import VALID, WRONG_ONES, OneTimeCodes
from shared.web.pages import NotFound
from shared.web.passkeys import Passkeys, RelyingParty
from shared.web.sessions import (
    BY_CODE,
    NOTED_EVERY,
    Holder,
    Operator,
    Role,
    Session,
    Sessions,
    Visitor,
    key_of,
)
from shared.web.staff import StaffAccounts, StaffExists, UnknownStaff

IDLE, LIFE = timedelta(minutes=30), timedelta(hours=12)
KEPT = timedelta(days=30)
ANA, BEA = Holder("C-1"), Holder("C-2")
ADDRESS = "ana@example.test"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, span: timedelta) -> None:
        self.now += span


class Broker:
    """Keeps the ids that it is given, or is down."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.down = False

    async def publish(self, outgoing: Sequence[Envelope]) -> None:
        if self.down:
            raise Outage("kafka", "down")
        self.ids += [dict(event.headers)["ce_id"].decode() for event in outgoing]


def follow_up(at: datetime, text: str = "Hola") -> FollowUpSubmitted:
    return FollowUpSubmitted.model_validate(
        {
            "channel": "web",
            "received_at": at.isoformat(),
            "language": "es",
            "customer_id": ANA.customer_id,
            "inquiry_id": "i-1",
            "text": text,
        }
    )


class DocumentsSuite:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    async def sessions(self, database: Database, clock: Clock) -> Sessions:
        made = Sessions(database, idle=IDLE, life=LIFE, now=clock)
        await made.prepare()
        return made

    @pytest.fixture
    async def codes(self, database: Database, clock: Clock) -> OneTimeCodes:
        made = OneTimeCodes(database, b"key", clock)
        await made.prepare()
        return made

    @pytest.fixture
    async def staff(self, database: Database, sessions: Sessions, clock: Clock) -> StaffAccounts:
        passkeys = Passkeys(database, RelyingParty("Empresa", "https://desk.example"), clock)
        made = StaffAccounts(database, sessions, passkeys, clock)
        await made.prepare()
        return made

    @pytest.fixture
    def broker(self) -> Broker:
        return Broker()

    @pytest.fixture
    async def outbox(self, database: Database, broker: Broker, clock: Clock) -> Outbox:
        made = Outbox(database, broker, kept=KEPT, now=clock)
        await made.prepare()
        return made

    async def kept(self, database: Database, collection: str) -> list[dict[str, Any]]:
        return await database.collection(collection).find({}).to_list(100)

    # Staff

    async def test_a_session_is_a_customers_or_a_member_of_staffs_and_never_both(
        self, sessions: Sessions, staff: StaffAccounts
    ) -> None:
        marta = (await staff.add("marta", "marta@desk.example", [Role.AGENT])).operator
        of_ana = await sessions.sign_in(await sessions.read(None), ANA)

        of_marta = await sessions.sign_in_staff(of_ana, marta, BY_CODE)

        found = await sessions.read(of_marta.id)
        assert (found.holder, found.operator) == (None, marta)
        assert (await sessions.read(of_ana.id)).holder is None
        again = await sessions.read((await sessions.sign_in(of_marta, ANA)).id)
        assert (again.holder, again.operator) == (ANA, None)
        assert (await sessions.read(of_marta.id)).operator is None

    @pytest.mark.parametrize("act", ["remove", "change_roles"])
    async def test_an_account_that_is_removed_or_has_other_roles_is_signed_out_of_every_browser(
        self, sessions: Sessions, staff: StaffAccounts, act: str
    ) -> None:
        marta = (await staff.add("marta", "marta@desk.example", [Role.OPERATOR])).operator
        other = (await staff.add("luis", "luis@desk.example", [Role.AGENT])).operator
        first, second, third = [
            await sessions.sign_in_staff(await sessions.read(None), who, BY_CODE)
            for who in (marta, marta, other)
        ]

        if act == "remove":
            await staff.remove("marta")
        else:
            await staff.change_roles("marta", [Role.READER])

        for session in (first, second):
            assert (await sessions.read(session.id)).operator is None
        assert (await sessions.read(third.id)).operator == other

    async def test_a_session_that_began_while_its_account_was_removed_stands_for_nobody(
        self, sessions: Sessions, staff: StaffAccounts
    ) -> None:
        marta = (await staff.add("marta", "marta@desk.example", [Role.OPERATOR])).operator
        await staff.remove("marta")

        late = await sessions.sign_in_staff(await sessions.read(None), marta, BY_CODE)

        assert late.operator is not None
        assert await staff.standing(late.operator) is None
        made_again = await staff.add("marta", "marta@desk.example", [Role.READER])
        assert await staff.standing(late.operator) is None
        assert made_again.id != marta.account

    async def test_a_role_that_is_taken_away_ends_at_once(self, staff: StaffAccounts) -> None:
        before = (await staff.add("marta", "marta@desk.example", [Role.OPERATOR])).operator

        await staff.change_roles("marta", [Role.READER, Role.AUDITOR])

        now = await staff.standing(before)
        assert now is not None
        assert now.roles == {Role.READER, Role.AUDITOR}

    async def test_whom_a_provider_vouches_for_keeps_the_roles_that_it_named(
        self, sessions: Sessions, staff: StaffAccounts
    ) -> None:
        vouched = Operator("eva@desk.example", frozenset({Role.AGENT}))
        session = await sessions.sign_in_staff(await sessions.read(None), vouched, BY_CODE)

        found = (await sessions.read(session.id)).operator

        assert found is not None
        assert await staff.standing(found) == vouched

    async def test_an_account_has_a_name_and_an_address_of_its_own(
        self, staff: StaffAccounts
    ) -> None:
        await staff.add("marta", "marta@desk.example", [Role.AGENT])

        for name, email in (("marta", "m@desk.example"), ("m", " MARTA@desk.example".strip())):
            with pytest.raises(StaffExists):
                await staff.add(name, email, [Role.AGENT])
        for name, email, roles in (
            ("Marta", "m@desk.example", [Role.AGENT]),
            ("m", "nobody", [Role.AGENT]),
            ("m", "m@desk.example", []),
        ):
            with pytest.raises(ValueError, match=r"name|mail|role"):
                await staff.add(name, email, roles)
        for act in (staff.remove("luis"), staff.change_roles("luis", [Role.AGENT])):
            with pytest.raises(UnknownStaff):
                await act
        assert [it.name for it in await staff.listed()] == ["marta"]
        found = await staff.of_address("Marta@Desk.Example")
        assert found is not None
        assert found.name == "marta"

    # Sessions

    async def test_a_visitor_leaves_nothing_in_the_database(
        self, sessions: Sessions, database: Database
    ) -> None:
        first = await sessions.read(None)

        again = await sessions.read(first.id)

        assert first.is_new
        assert again.visitor == first.visitor
        assert again.holder is None
        assert await self.kept(database, "sessions") == []

    async def test_signing_in_gives_another_id_and_the_one_before_is_worth_nothing(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        before = await sessions.read(None)

        after = await sessions.sign_in(before, ANA)

        assert after.id != before.id
        found = await sessions.read(after.id)
        assert (found.holder, found.signed_in_at) == (ANA, clock.now)
        assert (await sessions.read(before.id)).holder is None
        assert after.visitor == found.visitor == before.visitor, "what was sent stays in reach"

    async def test_signing_in_as_somebody_else_ends_the_session_before(
        self, sessions: Sessions
    ) -> None:
        first = await sessions.sign_in(await sessions.read(None), ANA)

        second = await sessions.sign_in(first, BEA)

        assert (await sessions.read(first.id)).holder is None
        assert (await sessions.read(second.id)).holder == BEA

    async def test_the_database_does_not_know_the_cookie(
        self, sessions: Sessions, database: Database
    ) -> None:
        session = await sessions.sign_in(await sessions.read(None), ANA)

        [kept] = await self.kept(database, "sessions")
        assert session.id not in repr(kept)
        assert kept["_id"] == key_of(session.id)

    async def test_a_session_ends_when_it_is_idle(self, sessions: Sessions, clock: Clock) -> None:
        session = await sessions.sign_in(await sessions.read(None), ANA)
        clock.pass_by(IDLE - timedelta(seconds=1))
        assert (await sessions.read(session.id)).holder == ANA

        clock.pass_by(IDLE - timedelta(seconds=1))
        assert (await sessions.read(session.id)).holder == ANA, "its use was noted"

        clock.pass_by(IDLE)
        assert (await sessions.read(session.id)).holder is None

    async def test_a_use_is_noted_once_a_minute(
        self, sessions: Sessions, database: Database, clock: Clock
    ) -> None:
        session = await sessions.sign_in(await sessions.read(None), ANA)
        begun = clock.now
        clock.pass_by(NOTED_EVERY - timedelta(seconds=1))
        await sessions.read(session.id)
        [kept] = await self.kept(database, "sessions")
        assert kept["seen_at"] == begun

        clock.pass_by(timedelta(seconds=1))
        await sessions.read(session.id)
        [kept] = await self.kept(database, "sessions")
        assert kept["seen_at"] == clock.now

    async def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        session = await sessions.sign_in(await sessions.read(None), ANA)
        clock.pass_by(IDLE / 2)
        assert (await sessions.read(session.id, is_use=False)).holder == ANA

        clock.pass_by(IDLE / 2)

        assert (await sessions.read(session.id)).holder is None

    async def test_a_session_ends_however_busy_it_is(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        session = await sessions.sign_in(await sessions.read(None), ANA)

        for _ in range(int(LIFE / IDLE) * 2):
            clock.pass_by(IDLE / 2)
            holder = (await sessions.read(session.id)).holder
            assert holder == (ANA if clock.now < datetime(2026, 11, 27, 22, tzinfo=UTC) else None)
        assert holder is None

    async def test_signing_out_ends_this_browsers_session_and_revoking_all_of_them(
        self, sessions: Sessions
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

    # One-time codes

    async def test_a_code_works_once_in_the_browser_that_asked_for_it(
        self, codes: OneTimeCodes
    ) -> None:
        code = await codes.issue("browser", ADDRESS)

        assert await codes.use("another browser", code) is None
        assert await codes.use("browser", f" {code[:4]} {code[4:]} ") == ADDRESS
        assert await codes.use("browser", code) is None

    async def test_another_code_takes_the_place_of_the_first_and_of_its_tries(
        self, codes: OneTimeCodes
    ) -> None:
        first = await codes.issue("browser", ADDRESS)
        for _ in range(WRONG_ONES):
            assert await codes.use("browser", "no code") is None

        second = await codes.issue("browser", "bea@example.test")

        assert await codes.address_of("browser") == "bea@example.test"
        if first != second:
            assert await codes.use("browser", first) is None
        assert await codes.use("browser", second) == "bea@example.test"

    async def test_a_code_is_worth_nothing_after_ten_minutes(
        self, codes: OneTimeCodes, clock: Clock
    ) -> None:
        code = await codes.issue("browser", ADDRESS)
        clock.pass_by(VALID)

        assert await codes.use("browser", code) is None
        assert await codes.address_of("browser") is None

    async def test_five_wrong_codes_end_the_right_one(self, codes: OneTimeCodes) -> None:
        code = await codes.issue("browser", ADDRESS)
        for _ in range(WRONG_ONES):
            assert await codes.use("browser", wrong(code)) is None

        assert await codes.use("browser", code) is None

    async def test_of_many_tries_at_once_no_more_than_five_are_compared(
        self, codes: OneTimeCodes
    ) -> None:
        code = await codes.issue("browser", ADDRESS)

        tries = [wrong(code, number) for number in range(1, WRONG_ONES + 1)]
        await asyncio.gather(*(codes.use("browser", tried) for tried in tries))

        assert await codes.use("browser", code) is None

    async def test_of_two_who_come_with_the_same_code_one_has_it(self, codes: OneTimeCodes) -> None:
        code = await codes.issue("browser", ADDRESS)

        both = await asyncio.gather(*(codes.use("browser", code) for _ in range(2)))

        assert sorted(both, key=str) == [None, ADDRESS]

    async def test_the_database_does_not_know_the_code(
        self, codes: OneTimeCodes, database: Database
    ) -> None:
        code = await codes.issue("browser", ADDRESS)

        assert code not in repr(await self.kept(database, "one_time_codes"))

    # Submissions

    async def test_a_submission_is_published_once_and_read_by_who_sent_it(
        self, outbox: Outbox, broker: Broker, clock: Clock
    ) -> None:
        ana = Session("a", Visitor("browser"), ANA)

        await outbox.submit(ana, "s-1", follow_up(clock.now))
        await outbox.submit(ana, "s-1", follow_up(clock.now + timedelta(minutes=1)))

        assert broker.ids == ["s-1"]
        sent = await outbox.read("s-1", ana.visitor, ANA)
        assert (sent.sending, sent.at, sent.data["text"]) == (False, clock.now, "Hola")
        for visitor, holder in (("browser", None), ("browser", BEA), ("other", None)):
            with pytest.raises(NotFound):
                await outbox.read("s-1", Visitor(visitor), holder)
        assert (await outbox.read("s-1", Visitor("other"), ANA)).id == "s-1"

    async def test_of_the_same_form_at_once_one_is_published(
        self, outbox: Outbox, broker: Broker, clock: Clock
    ) -> None:
        ana = Session("a", Visitor("browser"), ANA)

        await asyncio.gather(*(outbox.submit(ana, "s-1", follow_up(clock.now)) for _ in range(5)))

        assert broker.ids == ["s-1"]

    async def test_the_same_form_with_other_contents_is_told_so_and_the_first_ones_stand(
        self, outbox: Outbox, broker: Broker, clock: Clock
    ) -> None:
        ana = Session("a", Visitor("browser"), ANA)
        await outbox.submit(ana, "s-1", follow_up(clock.now))

        with pytest.raises(AlreadySent):
            await outbox.submit(ana, "s-1", follow_up(clock.now, "Otra cosa"))
        with pytest.raises(NotFound):
            await outbox.submit(Session("b", Visitor("browser"), BEA), "s-1", follow_up(clock.now))

        assert broker.ids == ["s-1"]
        assert (await outbox.read("s-1", ana.visitor, ANA)).data["text"] == "Hola"

    async def test_what_waits_for_the_broker_is_relayed_once_in_order_and_then_expires(
        self, outbox: Outbox, broker: Broker, database: Database, clock: Clock
    ) -> None:
        ana = Session("a", Visitor("browser"), ANA)
        broker.down = True
        for submission_id in ("s-2", "s-1"):  # kept in another order than they were sent
            await outbox.submit(ana, submission_id, follow_up(clock.now), about="i-1")
            clock.pass_by(timedelta(seconds=-1))
        broker.down = False
        await outbox.publish_waiting()
        assert broker.ids == [], "the request that kept it may be publishing it still"
        assert all("until" not in kept for kept in await self.kept(database, "submissions"))

        clock.pass_by(RELAY_AFTER + timedelta(seconds=3))
        await outbox.publish_waiting()
        await outbox.publish_waiting()

        assert broker.ids == ["s-1", "s-2"]
        assert [sent.id for sent in await outbox.follow_ups(ANA, "i-1")] == ["s-1", "s-2"]
        assert await outbox.follow_ups(BEA, "i-1") == []
        kept = await self.kept(database, "submissions")
        assert {submission["until"] for submission in kept} == {clock.now + KEPT}


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**8:08}"
