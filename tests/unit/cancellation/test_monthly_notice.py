"""`monthly-notice` (F11): destruction confirmed, then 30 days' notice from the complete request."""

import pytest

from services.cancellation.file.decide import Rules
from services.cancellation.policies.terms import PolicyTerms
from tests.builders.cancellation import (
    MONTHLY,
    Desk,
    contract,
    day,
    destroyed,
    requested,
    told,
)

DATES = ("rule", "received_on", "complete_on", "notice_ends_on", "effective_on", "last_billable_on")
NOTICE, WANTED = "notice-from-completion", "requested-end-date"


# fmt: off
SCHEDULES = [
    # received, requested end, rule, complete, notice ends, effective, last day charged
    # an ordinary month, and month ends
    ("2027-03-01", None, NOTICE, "2027-03-01", "2027-03-31", "2027-03-31", "2027-03-30"),
    ("2027-04-01", None, NOTICE, "2027-04-01", "2027-05-01", "2027-05-01", "2027-04-30"),
    ("2027-01-29", None, NOTICE, "2027-01-29", "2027-02-28", "2027-02-28", "2027-02-27"),
    ("2027-01-30", None, NOTICE, "2027-01-30", "2027-03-01", "2027-03-01", "2027-02-28"),
    ("2027-01-31", None, NOTICE, "2027-01-31", "2027-03-02", "2027-03-02", "2027-03-01"),
    ("2027-12-31", None, NOTICE, "2027-12-31", "2028-01-30", "2028-01-30", "2028-01-29"),
    # a leap year
    ("2028-01-30", None, NOTICE, "2028-01-30", "2028-02-29", "2028-02-29", "2028-02-28"),
    ("2028-01-31", None, NOTICE, "2028-01-31", "2028-03-01", "2028-03-01", "2028-02-29"),
    ("2028-02-29", None, NOTICE, "2028-02-29", "2028-03-30", "2028-03-30", "2028-03-29"),
    # the clocks change on 28 March and 31 October 2027: days are counted, not hours
    ("2027-03-28 01:30", None, NOTICE, "2027-03-28", "2027-04-27", "2027-04-27", "2027-04-26"),
    ("2027-10-31 02:30", None, NOTICE, "2027-10-31", "2027-11-30", "2027-11-30", "2027-11-29"),
    # late in the evening in UTC it is the next day in Madrid: in winter from 23:00, in summer 22:00
    ("2027-03-10T23:30Z", None, NOTICE, "2027-03-11", "2027-04-10", "2027-04-10", "2027-04-09"),
    ("2027-06-30T22:30Z", None, NOTICE, "2027-07-01", "2027-07-31", "2027-07-31", "2027-07-30"),
    ("2027-06-30T21:30Z", None, NOTICE, "2027-06-30", "2027-07-30", "2027-07-30", "2027-07-29"),
    # a requested end date counts when it is later than the notice; in the past it counts as none
    ("2027-03-01", "2027-03-30", NOTICE, "2027-03-01", "2027-03-31", "2027-03-31", "2027-03-30"),
    ("2027-03-01", "2027-03-31", NOTICE, "2027-03-01", "2027-03-31", "2027-03-31", "2027-03-30"),
    ("2027-03-01", "2027-04-01", WANTED, "2027-03-01", "2027-03-31", "2027-04-01", "2027-03-31"),
    ("2027-03-01", "2028-02-29", WANTED, "2027-03-01", "2027-03-31", "2028-02-29", "2028-02-28"),
    ("2027-03-01", "2026-01-01", NOTICE, "2027-03-01", "2027-03-31", "2027-03-31", "2027-03-30"),
]
# fmt: on


@pytest.mark.parametrize(
    ("received", "wanted", "rule", "complete", "notice_ends", "effective", "last_billable"),
    SCHEDULES,
)
def test_a_complete_request_is_scheduled(
    received: str,
    wanted: str | None,
    rule: str,
    complete: str,
    notice_ends: str,
    effective: str,
    last_billable: str,
) -> None:
    desk = Desk(received, contract(MONTHLY))

    answers = desk.hears(
        requested(received, destruction_confirmed=True, requested_end_on=wanted and day(wanted))
    )

    days = (complete, complete, notice_ends, effective, last_billable)
    assert told(answers, *DATES) == [("scheduled", rule, *map(day, days))]


@pytest.mark.parametrize(
    ("received", "due", "reminded", "expired"),
    [
        ("2027-03-01", "2027-03-31", "2027-03-24", "2027-04-01"),
        ("2027-01-31", "2027-03-02", "2027-02-23", "2027-03-03"),
        ("2028-01-30", "2028-02-29", "2028-02-22", "2028-03-01"),
        ("2028-02-29", "2028-03-30", "2028-03-23", "2028-03-31"),
        ("2027-03-07", "2027-04-06", "2027-03-30", "2027-04-07"),  # clocks go forward in between
        ("2027-10-08", "2027-11-07", "2027-10-31", "2027-11-08"),  # and back on reminder day
        ("2027-03-10T23:30:00+00:00", "2027-04-10", "2027-04-03", "2027-04-11"),
    ],
)
def test_without_confirmation_it_is_awaited_reminded_and_expires(
    received: str, due: str, reminded: str, expired: str
) -> None:
    desk = Desk(received, contract(MONTHLY))

    asked = desk.hears(requested(received))
    before_reminder = desk.until(f"{reminded} 00:00")
    before_expiry = desk.until(f"{expired} 00:00")

    missing = ("destruction_confirmation",)
    assert told(asked, "missing", "due_on", "rule") == [
        ("evidence_awaited", missing, day(due), "destruction-not-confirmed")
    ]
    assert told(before_reminder, "missing", "due_on") == [("evidence_reminded", missing, day(due))]
    assert told(before_expiry, "due_on") == [("expired", day(due))]


@pytest.mark.parametrize(
    ("confirmed_on", "complete", "effective"),
    [
        ("2027-03-01 18:00", "2027-03-01", "2027-03-31"),
        ("2027-03-15", "2027-03-15", "2027-04-14"),
        ("2027-03-28 03:00", "2027-03-28", "2027-04-27"),
        ("2027-03-31 23:59", "2027-03-31", "2027-04-30"),  # the last day counts
    ],
)
def test_notice_counts_from_the_day_of_the_confirmation(
    confirmed_on: str, complete: str, effective: str
) -> None:
    desk = Desk("2027-03-01", contract(MONTHLY), requested("2027-03-01"))
    desk.until(confirmed_on)

    answers = desk.hears(destroyed(confirmed_on))

    assert told(answers, "inquiry_id", "answers_inquiry_id", "complete_on", "effective_on") == [
        ("scheduled", "first", "evidence", day(complete), day(effective))
    ]


def test_a_confirmation_after_the_last_day_does_not_count() -> None:
    desk = Desk("2027-03-01", contract(MONTHLY), requested("2027-03-01"))
    desk.history.now = desk.history.now.replace(month=4, day=1)

    answers = [*desk.hears(destroyed("2027-04-01 00:00")), *desk.until("2027-04-01 00:01")]

    assert told(answers, "inquiry_id", "answers_inquiry_id") == [("expired", "first", "evidence")]


def test_a_confirmation_of_the_last_day_counts_even_if_it_comes_to_us_later() -> None:
    desk = Desk("2027-03-01", contract(MONTHLY), requested("2027-03-01"))
    desk.history.now = desk.history.now.replace(month=4, day=2)

    answers = desk.hears(destroyed("2027-03-31 23:30"))

    assert told(answers, "complete_on") == [("scheduled", day("2027-03-31"))]


def test_other_terms_are_another_notice() -> None:
    terms = PolicyTerms(version="2027-1", holds_from=day("2027-01-01"), monthly_notice_days=1)
    desk = Desk("2027-03-01", contract(MONTHLY), rules=Rules(terms=(terms,)))

    (answer,) = desk.hears(requested("2027-03-01", destruction_confirmed=True))

    assert told([answer], "policy_version", "effective_on") == [
        ("scheduled", "2027-1", day("2027-03-02"))
    ]
    assert "el preaviso es de 1 día." in answer.explanation.es
    assert "the notice is 1 day." in answer.explanation.en


def test_the_customer_reads_why() -> None:
    desk = Desk("2027-02-03", contract(MONTHLY))

    (answer,) = desk.hears(requested("2027-02-03", destruction_confirmed=True))

    assert answer.policy == "monthly-notice"
    assert answer.policy_version == "2024-1"
    assert answer.explanation.es == (
        "La cancelación de su licencia tiene efecto el 5 de marzo de 2027: su solicitud quedó "
        "completa el 3 de febrero de 2027 y el preaviso es de 30 días. El último día que se "
        "factura es el 4 de marzo de 2027."
    )
    assert answer.explanation.en == (
        "The cancellation of your licence takes effect on 5 March 2027: your request was complete "
        "on 3 February 2027 and the notice is 30 days. The last day charged is 4 March 2027."
    )
