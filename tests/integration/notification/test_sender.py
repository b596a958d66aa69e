"""The worker against a real SMTP server in this process."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from pymongo import InsertOne
from pymongo.errors import BulkWriteError
from structlog.testing import capture_logs

from services.notification.worker import open_worker
from shared.events.internal import MailAttempted, Outcome
from shared.events.values import Contact
from shared.mail.smtp import Mailer, MailRefused, MailServer
from shared.mongo.client import Database
from shared.runtime.decider import Dependencies, Perform, Work
from tests.builders.notification import (
    INQUIRY_EMAIL,
    PROFILE_EMAIL,
    Notifications,
    lapsed,
    opened,
    registered,
    rejected,
    scheduled,
)
from tests.integration.notification.mailbox import Mailbox

HASH_KEY = "clave-de-prueba"
SENDER = "soporte@contract-desk.example"


class Counts:
    """As much of a collection as counting mails needs."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}

    async def create_indexes(self, _indexes: Any) -> None: ...

    def find(self, query: Any) -> Any:
        found = [self.documents[day] for day in query["_id"]["$in"] if day in self.documents]

        async def to_list(_length: None) -> list[Any]:
            return found

        return SimpleNamespace(to_list=to_list)

    async def bulk_write(self, writes: Any, *, ordered: bool) -> Any:
        assert not ordered
        matched = 0
        new = [write._doc for write in writes if isinstance(write, InsertOne)]
        if taken := [document for document in new if document["_id"] in self.documents]:
            raise BulkWriteError({"writeErrors": [{"index": 0, "code": 11000} for _ in taken]})
        for write in writes:
            if isinstance(write, InsertOne):
                self.documents[write._doc["_id"]] = write._doc
                continue
            found = self.documents[write._filter["_id"]]
            if found["count"] == write._filter["count"]:
                self.documents[write._filter["_id"]] = found | write._doc["$set"]
                matched += 1
        return SimpleNamespace(matched_count=matched)


class Counting:
    """A database for counts alone."""

    def __init__(self) -> None:
        self._counts = Counts()

    def collection(self, _name: str) -> Counts:
        return self._counts


def new_database() -> Database:
    return cast(Database, Counting())


class Reports(Dependencies):
    """Remembers which dependencies the worker has reported as lost."""

    def __init__(self) -> None:
        self.lost_now: set[str] = set()
        self.changed = asyncio.Event()

    def lost(self, dependency: str) -> None:
        self.lost_now.add(dependency)
        self.changed.set()

    def back(self, *dependencies: str) -> None:
        self.lost_now.difference_update(dependencies)
        self.changed.set()

    async def next_change(self) -> set[str]:
        """Waits for the next report and returns the dependencies that are lost then."""
        self.changed.clear()
        async with asyncio.timeout(10):
            await self.changed.wait()
        return self.lost_now


@pytest.fixture(params=[False, True], ids=["one by one", "pipelined"])
async def mailbox(request: pytest.FixtureRequest) -> AsyncIterator[Mailbox]:
    """With commands one by one, and in groups where the server offers it (RFC 2920)."""
    mailbox = Mailbox(pipelining=request.param)
    await mailbox.open()
    yield mailbox
    await mailbox.close()


def settled(port: int) -> dict[str, Any]:
    return {
        "smtp_url": f"smtp://127.0.0.1:{port}",
        "smtp_timeout_seconds": 2.0,
        "recipient_hash_key": HASH_KEY,
    }


@pytest.fixture
async def sending(mailbox: Mailbox) -> AsyncIterator[Perform]:
    world = Notifications(**settled(mailbox.port))
    async with open_worker(world.settings)(new_database(), Reports()) as opened_worker:
        yield opened_worker


@pytest.fixture
def perform(sending: Perform) -> Perform:
    """Sends, and has what became of it reported at once."""
    return reporting_at_once(sending)


def reporting_at_once(sending: Perform) -> Perform:
    async def perform(work: Work) -> Outcome:
        async with work.until_reported:
            return await sending(work)

    return perform


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
async def watched(mailbox: Mailbox, reports: Reports) -> AsyncIterator[Perform]:
    """A worker that asks a mail server of which it hears nothing ten times a second."""
    world = Notifications(**settled(mailbox.port), smtp_check_seconds=0.1)
    async with open_worker(world.settings)(new_database(), reports) as opened_worker:
        yield reporting_at_once(opened_worker)


async def outcome_of(perform: Perform, world: Notifications) -> MailAttempted:
    outcome = await perform(world.work())
    assert isinstance(outcome, MailAttempted)
    return outcome


async def test_a_due_mail_reaches_its_recipient(perform: Perform, mailbox: Mailbox) -> None:
    world = Notifications(opened(), scheduled())

    outcome = await outcome_of(perform, world)

    assert outcome.error is None
    assert outcome.notification_id == world.last.notification_id
    assert outcome.attempt == 1
    (envelope,), (message,) = mailbox.envelopes, mailbox.messages
    assert envelope.rcpt_tos == [INQUIRY_EMAIL]
    assert envelope.mail_from == SENDER
    assert message["Message-ID"] == f"<{world.last.notification_id}@contract-desk.example>"
    html = message.get_body(("html",))
    assert html is not None
    assert "lunes, 5 de abril de 2027" in html.get_content()
    assert "está programada" in message["Subject"]


async def test_the_outcome_ends_the_notification(perform: Perform) -> None:
    world = Notifications(opened(), scheduled())

    (sent,) = world.receive(await perform(world.work()))

    assert sent.ce_type == "notification.sent.v1"


async def test_the_recipient_is_reported_as_a_keyed_hash(perform: Perform) -> None:
    shouted = opened(contact=Contact(email=INQUIRY_EMAIL.upper()))

    outcome = await outcome_of(perform, Notifications(shouted))

    expected = hmac.new(HASH_KEY.encode(), INQUIRY_EMAIL.encode(), hashlib.sha256).hexdigest()
    assert outcome.recipient_hash == expected[:32]
    assert INQUIRY_EMAIL not in outcome.model_dump_json().lower()


async def test_one_connection_serves_one_mail_after_another(
    perform: Perform, mailbox: Mailbox
) -> None:
    for world in (Notifications(opened()), Notifications(rejected())):
        await perform(world.work())

    assert len(mailbox.envelopes) == 2
    assert len(mailbox.connections) == 1


async def test_many_mails_at_once_use_no_more_connections_than_allowed(
    perform: Perform, mailbox: Mailbox
) -> None:
    mailbox.delay = 0.01
    works = [Notifications(opened(inquiry_id=f"inq-{n}")).work() for n in range(12)]

    outcomes = await asyncio.gather(*(perform(work) for work in works))

    assert [outcome.error for outcome in cast(list[MailAttempted], outcomes)] == [None] * 12
    assert len(mailbox.envelopes) == 12
    assert len(mailbox.connections) == 2


async def test_no_more_mails_go_out_than_a_crash_may_repeat_until_they_are_reported(
    mailbox: Mailbox,
) -> None:
    """A crash can repeat the mails that went out and were not yet reported."""
    works = [Notifications(opened(inquiry_id=f"inq-{n}")).work() for n in range(5)]
    sent: asyncio.Queue[Work] = asyncio.Queue()
    gone_out: list[int] = []
    world = Notifications(**settled(mailbox.port), smtp_connections=1, smtp_unreported=3)

    async with open_worker(world.settings)(new_database(), Reports()) as sending:

        async def send(work: Work) -> None:
            await sending(work)
            sent.put_nowait(work)

        async with asyncio.TaskGroup() as sends:
            for work in works:
                sends.create_task(send(work))
            for may_go_out in (3, 4, 5, 5, 5):
                mail = await sent.get()
                async with asyncio.timeout(30):
                    while len(mailbox.envelopes) < may_go_out:
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)  # whatever may go out has gone out
                gone_out.append(len(mailbox.envelopes))
                await mail.until_reported.aclose()

    assert gone_out == [3, 4, 5, 5, 5]
    assert len(mailbox.connections) == 1


ANSWERS = {
    "no such mailbox": ("RCPT", "550 5.1.1 <consulta@example.test> unknown", "smtp_550", True),
    "mailbox full for now": ("RCPT", "452 4.2.2 try later", "smtp_452", False),
    "greylisted": ("RCPT", "450 4.7.1 come back", "smtp_450", False),
    "message refused": ("DATA", "554 5.7.1 not this one", "smtp_554", True),
    "message put off": ("DATA", "451 4.3.0 not now", "smtp_451", False),
    "sender refused": ("MAIL", "553 5.7.1 not yours", "smtp_553", False),
    "server closing": ("MAIL", "421 4.3.2 going down", "smtp_421", False),
}


@pytest.mark.parametrize(("command", "answer", "error", "permanent"), ANSWERS.values(), ids=ANSWERS)
async def test_a_refusal_is_reported_in_a_machines_word(
    perform: Perform, mailbox: Mailbox, command: str, answer: str, error: str, permanent: bool
) -> None:
    mailbox.answers[command] = answer

    outcome = await outcome_of(perform, Notifications(opened()))

    assert (outcome.error, outcome.permanent) == (error, permanent)
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("command", "answer"), [(command, answer) for command, answer, *_ in ANSWERS.values()]
)
async def test_the_mail_after_a_refused_one_goes_through(
    perform: Perform, mailbox: Mailbox, command: str, answer: str
) -> None:
    mailbox.answers[command] = answer
    await perform(Notifications(opened()).work())
    mailbox.answers.clear()

    outcome = await outcome_of(perform, Notifications(rejected()))

    assert outcome.error is None
    assert len(mailbox.envelopes) == 1


async def test_a_refusal_is_logged_without_address_or_text(
    perform: Perform, mailbox: Mailbox
) -> None:
    mailbox.answers["RCPT"] = f"550 5.1.1 <{INQUIRY_EMAIL}> unknown"

    with capture_logs() as logs:
        await perform(Notifications(opened()).work())

    (line,) = logs
    assert line["error"] == "smtp_550"
    assert "@" not in str(logs)
    assert "Prueba" not in str(logs)


async def test_a_server_that_is_away_is_tried_again_later() -> None:
    world = Notifications(opened(), **settled(port=1))
    async with open_worker(world.settings)(new_database(), Reports()) as perform:
        outcome = await outcome_of(perform, world)

    assert (outcome.error, outcome.permanent) == ("smtp_unavailable", False)


async def test_a_server_that_went_away_and_came_back_gets_the_mail(
    perform: Perform, mailbox: Mailbox
) -> None:
    await perform(Notifications(opened()).work())
    await mailbox.close()
    away = await outcome_of(perform, Notifications(rejected()))
    await mailbox.open()
    again = await outcome_of(perform, Notifications(rejected()))

    assert away.error == "smtp_unavailable"
    assert again.error is None
    assert len(mailbox.envelopes) == 2


async def test_a_connection_that_the_server_hung_up_costs_no_attempt(
    perform: Perform, mailbox: Mailbox
) -> None:
    await perform(Notifications(opened()).work())
    await mailbox.close()
    await mailbox.open()

    outcome = await outcome_of(perform, Notifications(rejected()))

    assert outcome.error is None


async def test_a_connection_that_was_idle_for_long_is_not_trusted(
    perform: Perform, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.mail.smtp._IDLE_SECONDS", 0.0)

    for world in (Notifications(opened()), Notifications(rejected())):
        await perform(world.work())

    assert len(mailbox.envelopes) == 2
    assert len(mailbox.connections) == 2


async def test_a_greylisted_mail_is_tried_again_later_and_goes_out(
    perform: Perform, mailbox: Mailbox
) -> None:
    world = Notifications(opened())
    mailbox.answers["RCPT"] = "450 4.2.0 greylisted, try again in 5 minutes"
    began = world.now
    for _ in range(9):
        world.receive(await perform(world.work()))
        assert world.last.next_at is not None
        world.now = world.last.next_at
    mailbox.answers.clear()

    (sent,) = world.receive(await perform(world.work()))

    assert (sent.ce_type, sent.attempts) == ("notification.sent.v1", 10)  # type: ignore[attr-defined]
    assert world.now - began == timedelta(seconds=2**9 - 1)
    assert len(mailbox.envelopes) == 1


async def test_a_refused_recipient_fails_and_the_others_get_their_mails(
    watched: Perform, mailbox: Mailbox, reports: Reports
) -> None:
    worlds = [Notifications(opened(contact=Contact(email=who))) for who in ("a@x.test", "b@x.test")]
    mailbox.answers["RCPT a@x.test"] = "550 5.1.1 unknown"

    ended = [world.receive(await watched(world.work()))[0].ce_type for world in worlds]

    assert ended == ["notification.failed.v1", "notification.sent.v1"]
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["b@x.test"]]
    assert reports.lost_now == set()


async def test_a_connection_reset_after_the_data_repeats_the_mail_under_its_message_id(
    perform: Perform, mailbox: Mailbox
) -> None:
    """The server may have it: it can tell the second one by its Message-ID."""
    world = Notifications(opened())
    mailbox.resets_after_data = True
    world.receive(await perform(world.work()))
    mailbox.resets_after_data = False

    (sent,) = world.receive(await perform(world.work()))

    assert sent.ce_type == "notification.sent.v1"
    assert len(mailbox.envelopes) == 2
    first, second = mailbox.envelopes
    assert first.content == second.content
    assert len({message["Message-ID"] for message in mailbox.messages}) == 1


async def test_an_address_that_is_not_registered_gets_so_many_mails_an_hour_and_a_day(
    mailbox: Mailbox,
) -> None:
    limits = {"unregistered_mails_per_hour": 2, "unregistered_mails_per_day": 3}
    world = Notifications(**settled(mailbox.port), **limits)
    database, outcomes = new_database(), []
    for hour in range(3):
        for number in range(3):
            world.receive(opened(inquiry_id=f"inq-{hour}-{number}"))
            async with open_worker(world.settings)(database, Reports()) as worker:
                outcome = await reporting_at_once(worker)(world.work())
            outcomes.append(cast(MailAttempted, outcome))
        world.now += timedelta(hours=1)

    assert [outcome.error for outcome in outcomes] == [
        *(None, None, "rate_limited"),
        *(None, "rate_limited", "rate_limited"),
        *("rate_limited",) * 3,
    ]
    assert {outcome.permanent for outcome in outcomes if outcome.error} == {True}
    assert len(mailbox.envelopes) == 3


async def test_a_mail_within_the_limit_stays_so_at_its_next_attempt(mailbox: Mailbox) -> None:
    world = Notifications(opened(), **settled(mailbox.port), unregistered_mails_per_hour=1)
    async with open_worker(world.settings)(new_database(), Reports()) as worker:
        mailbox.answers["RCPT"] = "450 4.7.1 come back"
        world.receive(await reporting_at_once(worker)(world.work()))
        mailbox.answers.clear()
        world.now += timedelta(seconds=1)

        (sent,) = world.receive(await reporting_at_once(worker)(world.work()))

    assert sent.ce_type == "notification.sent.v1"


async def test_the_registered_address_is_not_limited(mailbox: Mailbox) -> None:
    world = Notifications(registered(), **settled(mailbox.port), unregistered_mails_per_hour=1)
    async with open_worker(world.settings)(new_database(), Reports()) as worker:
        for number in range(3):
            contact = Contact(email=PROFILE_EMAIL)
            world.receive(opened(inquiry_id=f"inq-{number}", contact=contact))
            world.receive(await reporting_at_once(worker)(world.work()))

    assert len(mailbox.envelopes) == 3


LOSSES = {
    "sender refused": {"MAIL": "553 5.7.1 not yours"},
    "closing": {"RCPT": "421 4.3.2 going down"},
}


@pytest.mark.parametrize("answers", LOSSES.values(), ids=LOSSES)
async def test_a_server_that_would_take_no_mail_is_lost_until_it_takes_one(
    watched: Perform, mailbox: Mailbox, reports: Reports, answers: dict[str, str]
) -> None:
    mailbox.answers.update(answers)
    await watched(Notifications(opened()).work())
    lost = set(reports.lost_now)
    mailbox.answers.clear()

    await watched(Notifications(rejected()).work())

    assert lost == {"smtp"}
    assert reports.lost_now == set()


async def test_an_idle_service_notices_that_the_mail_server_is_gone_and_back(
    watched: Perform, mailbox: Mailbox, reports: Reports
) -> None:
    await mailbox.close()
    gone = set(await reports.next_change())
    await mailbox.open()
    while await reports.next_change():
        pass

    assert gone == {"smtp"}
    assert mailbox.envelopes == []


ONE_RECIPIENT = {
    "no such mailbox": {"RCPT": "550 5.1.1 unknown"},
    "greylisted": {"RCPT": "450 4.7.1 come back"},
    "message refused": {"DATA": "554 5.7.1 not this one"},
}


@pytest.mark.parametrize("answers", ONE_RECIPIENT.values(), ids=ONE_RECIPIENT)
async def test_one_refused_recipient_does_not_make_the_server_a_lost_one(
    watched: Perform, mailbox: Mailbox, reports: Reports, answers: dict[str, str]
) -> None:
    mailbox.answers.update(answers)

    for _ in range(12):
        await watched(Notifications(opened()).work())

    assert reports.lost_now == set()


async def test_a_server_that_refuses_ten_different_recipients_in_a_row_is_lost(
    watched: Perform, mailbox: Mailbox, reports: Reports
) -> None:
    mailbox.answers["RCPT"] = "554 5.7.1 relay access denied"
    lost = []
    for number in range(10):
        contact = Contact(email=f"cliente{number}@example.test")
        await watched(Notifications(opened(contact=contact)).work())
        lost.append(bool(reports.lost_now))
    mailbox.answers.clear()
    await watched(Notifications(rejected()).work())

    assert lost == [False] * 9 + [True]
    assert reports.lost_now == set()


async def test_a_server_that_does_not_answer_is_a_timeout(mailbox: Mailbox) -> None:
    mailbox.delay = 1.0
    world = Notifications(opened(), **{**settled(mailbox.port), "smtp_timeout_seconds": 0.2})
    async with open_worker(world.settings)(new_database(), Reports()) as perform:
        outcome = await outcome_of(reporting_at_once(perform), world)
        mailbox.delay = 0.0
        after = await outcome_of(reporting_at_once(perform), Notifications(rejected()))

    assert (outcome.error, outcome.permanent) == ("timeout", False)
    assert after.error is None


async def test_without_an_address_the_server_is_not_asked(
    perform: Perform, mailbox: Mailbox
) -> None:
    outcome = await outcome_of(perform, Notifications(rejected(contact=None)))

    assert (outcome.error, outcome.permanent) == ("no_address", True)
    assert outcome.recipient_hash == ""
    assert mailbox.connections == []


async def test_a_mail_waits_for_the_inquiry_that_it_is_about(
    perform: Perform, mailbox: Mailbox
) -> None:
    world = Notifications(scheduled())
    decision = world.last
    waiting = await perform(world.work(decision))
    world.receive(waiting)
    world.receive(opened())

    (sent,) = world.receive(await perform(world.work(world.notifications[0])))

    assert cast(MailAttempted, waiting).error == "inquiry_unknown"
    assert sent.ce_type == "notification.sent.v1"


async def test_a_decision_that_overtakes_its_inquiry_loses_no_attempt(
    perform: Perform, mailbox: Mailbox
) -> None:
    world = Notifications(scheduled())
    sending = asyncio.create_task(outcome_of(perform, world))
    await asyncio.sleep(0.05)
    world.receive(opened())

    outcome = await sending

    assert (outcome.error, outcome.attempt) == (None, 1)
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[INQUIRY_EMAIL]]


async def test_a_lapse_without_any_address_waits(perform: Perform) -> None:
    outcome = await outcome_of(perform, Notifications(lapsed()))

    assert (outcome.error, outcome.permanent) == ("no_address", False)


def _knows(*told: Any) -> AuthResult:
    known = told[-1] == LoginPassword(b"desk@example.test", b"p:ss")
    return AuthResult(success=known, handled=False)


@pytest.fixture
async def guarded() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(authenticator=_knows, auth_require_tls=False)
    await mailbox.open()
    yield mailbox
    await mailbox.close()


async def test_a_mail_is_handed_in_with_user_and_password(guarded: Mailbox) -> None:
    server = MailServer("smtp", "127.0.0.1", guarded.port, "desk@example.test", "p:ss")
    mailer = Mailer(server, connections=1, unreported=1, timeout=2)

    mail = Notifications(opened()).composed()
    await mailer.send(SENDER, INQUIRY_EMAIL, mail, AsyncExitStack())
    await mailer.close()

    assert len(guarded.envelopes) == 1


async def test_a_login_that_the_server_does_not_know_may_be_put_right(guarded: Mailbox) -> None:
    server = MailServer("smtp", "127.0.0.1", guarded.port, "desk@example.test", "otra")
    mailer = Mailer(server, connections=1, unreported=1, timeout=2)

    mail = Notifications(opened()).composed()
    with pytest.raises(MailRefused) as refused:
        await mailer.send(SENDER, INQUIRY_EMAIL, mail, AsyncExitStack())

    assert (refused.value.error, refused.value.permanent) == ("smtp_authentication", False)
    await mailer.close()
