"""Given events, when a message, then events: the life of one notification."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notification.mail.decide import Rules, decide, pause_after
from services.notification.mail.private_events import NotificationDue
from services.notification.mail.state import Notification, Status
from shared.events.contracts import ContractType
from shared.events.envelope import Event, Message
from shared.events.internal import MailAttempted
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.events.topics import key_of
from shared.events.values import Language
from shared.runtime.record_faults import is_nameless, key_differs
from tests.builders.notification import (
    ACCEPTED,
    CODE,
    CONTRACT,
    CUSTOMER,
    INQUIRY,
    NOW,
    ONE_OF_EACH,
    Notifications,
    opened,
    progressed,
    recorded,
    recorded_servicepac,
    rejected,
    scheduled,
    types,
)

BUSY = ("smtp_451", False)
UNKNOWN_MAILBOX = ("smtp_550", True)


def outcome_of(state: Notification, attempt: int, error: str | None = None) -> MailAttempted:
    return MailAttempted(
        notification_id=state.notification_id,
        attempt=attempt,
        recipient_hash="0" * 32,
        error=error,
    )


def test_an_event_makes_one_mail_due_at_once() -> None:
    world = Notifications(opened())

    happened = world.receive(scheduled())

    assert types(happened) == ["notification.due"]
    assert world.last.next_at == world.last.due_at == NOW
    assert world.last.customer_id == CUSTOMER
    assert world.last.contract_number == CONTRACT


def test_only_what_the_words_need_is_kept() -> None:
    world = Notifications(scheduled())

    assert set(world.last.facts) == {
        "explanation",
        "received_on",
        "complete_on",
        "notice_ends_on",
        "effective_on",
        "last_billable_on",
    }


def test_a_decision_answers_the_inquiry_that_brought_it_about() -> None:
    world = Notifications(scheduled(answers_inquiry_id="inq-evidence"))

    assert world.last.inquiry_id == "inq-evidence"


def test_an_inquirys_progress_finds_its_customer_in_the_opening() -> None:
    world = Notifications(opened(), progressed())

    assert world.last.customer_id == CUSTOMER
    assert world.last.inquiry_id == INQUIRY


def test_progress_of_an_inquiry_that_never_came_keeps_no_customer() -> None:
    assert Notifications(progressed()).last.customer_id == ""


@pytest.mark.parametrize(
    ("ids", "inquiry_id", "customer_id"),
    [
        ({"inquiry_id": ""}, None, CUSTOMER),
        ({"inquiry_id": INQUIRY, "answers_inquiry_id": " "}, INQUIRY, CUSTOMER),
        ({"inquiry_id": "\t", "customer_id": ""}, None, "unknown"),
        ({"inquiry_id": "", "customer_id": "\u200b"}, None, "unknown"),
        ({"inquiry_id": "inq-other", "customer_id": " "}, "inq-other", ""),
    ],
)
def test_what_became_of_a_mail_is_told_under_a_key_that_its_readers_take(
    ids: dict[str, str | None], inquiry_id: str | None, customer_id: str
) -> None:
    world = Notifications(opened(), scheduled(**ids))

    [sent] = world.attempted(ACCEPTED)

    assert isinstance(sent, NotificationSent)
    assert (sent.inquiry_id, sent.customer_id) == (inquiry_id, customer_id)
    assert not is_nameless(sent)
    assert not key_differs(sent.ce_type, dict(sent), key_of(sent).encode())


def test_a_rejection_keeps_the_contact_and_the_language_that_the_submission_gave() -> None:
    world = Notifications(rejected(language=Language.EN))

    assert world.last.contact == rejected().contact
    assert world.last.language is Language.EN


def test_an_accepted_mail_is_sent() -> None:
    world = Notifications(opened(), scheduled())

    happened = world.attempted(ACCEPTED)

    assert happened == [
        NotificationSent(
            notification_id=world.last.notification_id,
            template="cancellation_scheduled",
            recipient_hash="0" * 32,
            customer_id=CUSTOMER,
            inquiry_id=INQUIRY,
            attempts=1,
        )
    ]
    assert world.last.next_at is None


def test_the_words_are_forgotten_once_the_mail_has_ended() -> None:
    world = Notifications(rejected())

    world.attempted(ACCEPTED)

    assert world.last.facts == {}
    assert world.last.contact is None


def test_a_passing_failure_is_tried_again_after_a_pause() -> None:
    world = Notifications(scheduled())

    happened = world.attempted(BUSY)

    assert types(happened) == ["notification.retry"]
    assert world.last.attempts == 1
    assert world.last.error == "smtp_451"
    assert world.last.next_at == NOW + timedelta(seconds=1)


def test_a_permanent_failure_ends_the_notification() -> None:
    world = Notifications(scheduled())

    (failed,) = world.attempted(UNKNOWN_MAILBOX)

    assert isinstance(failed, NotificationFailed)
    assert failed.error == "smtp_550"
    assert failed.attempts == 1
    assert world.last.status is Status.FAILED
    assert world.last.next_at is None


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (10, 512), (11, 900), (12, 900), (999, 900)]
)
def test_pauses_double_from_a_second_to_a_quarter_of_an_hour(attempt: int, seconds: int) -> None:
    assert pause_after(Rules(), attempt) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("later", "then"),
    [
        (timedelta(hours=24) - timedelta(seconds=1), "notification.retry"),
        (timedelta(hours=24), "notification.failed.v1"),
        (timedelta(days=3), "notification.failed.v1"),
    ],
)
def test_a_mail_is_given_up_when_its_next_try_would_come_after_a_day(
    later: timedelta, then: str
) -> None:
    world = Notifications(scheduled())
    world.now = NOW + later

    assert types(world.attempted(BUSY)) == [then]


def test_a_mail_that_never_goes_through_fails_within_a_day() -> None:
    world = Notifications(scheduled())

    attempts = world.attempted_until_it_ends(BUSY)

    assert world.last.status is Status.FAILED
    assert len(attempts) == 105
    assert attempts[-1] <= NOW + timedelta(hours=24) < attempts[-1] + timedelta(minutes=15)


def test_a_mail_that_comes_through_late_is_sent_all_the_same() -> None:
    world = Notifications(scheduled())
    world.now = NOW + timedelta(days=3)

    assert types(world.attempted(ACCEPTED)) == ["notification.sent.v1"]


def test_a_failure_that_another_attempt_has_overtaken_changes_nothing() -> None:
    world = Notifications(scheduled())
    stale = outcome_of(world.last, attempt=1, error="timeout")
    world.attempted(BUSY)

    assert world.receive(stale, "reported by a worker that lost its lease") == []


def test_a_success_counts_even_when_another_attempt_has_overtaken_it() -> None:
    world = Notifications(scheduled())
    stale = outcome_of(world.last, attempt=1)
    world.attempted(BUSY)

    assert types(world.receive(stale)) == ["notification.sent.v1"]


@pytest.mark.parametrize("first", [ACCEPTED, UNKNOWN_MAILBOX])
@pytest.mark.parametrize("second", [None, "timeout"])
def test_nothing_happens_to_a_notification_that_has_ended(
    first: tuple[str | None, bool], second: str | None
) -> None:
    world = Notifications(scheduled())
    world.attempted(first)

    assert world.receive(outcome_of(world.last, attempt=2, error=second)) == []


def test_an_outcome_without_its_notification_changes_nothing() -> None:
    stray = MailAttempted(notification_id="unknown", attempt=1, recipient_hash="")

    assert Notifications().receive(stray) == []


def test_a_repeated_record_of_a_servicepac_mails_its_code_once() -> None:
    world = Notifications(recorded_servicepac())

    assert world.receive(recorded_servicepac(title="Nuevo título")) == []


def test_a_code_that_an_earlier_release_published_itself_is_mailed_once() -> None:
    world = Notifications(recorded(type=ContractType.SERVICEPAC, activation_code=CODE))

    assert world.last.template == "servicepac_activation_code"
    assert world.receive(recorded_servicepac()) == []


def test_a_code_mail_keeps_the_id_that_the_previous_release_gave_it() -> None:
    """A database of the release before has the notification under this id."""
    world = Notifications(recorded_servicepac())

    assert world.last.notification_id == "f09ed2da-081d-5029-98b6-a0e2f885070c"


def test_a_new_code_for_a_servicepac_is_mailed() -> None:
    world = Notifications(recorded_servicepac())

    assert types(world.receive(recorded_servicepac(activation_code="KEY-NEW"))) == [
        "notification.due"
    ]


@pytest.mark.parametrize("event", ONE_OF_EACH.values(), ids=ONE_OF_EACH)
def test_deciding_is_a_pure_function(event: Event) -> None:
    message = Message("/services/test", "1", event, replicas=_NOTHING_KNOWN)

    first = decide(Rules(), message, None, NOW)

    assert list(first) == list(decide(Rules(), message, None, NOW))
    assert [type(due) for due in first] == [NotificationDue]


class _NothingKnown(dict):  # type: ignore[type-arg]
    def __missing__(self, _key: object) -> None:
        return None


_NOTHING_KNOWN = _NothingKnown()
