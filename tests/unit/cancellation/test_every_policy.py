"""All policies share the rules for second requests, withdrawal, the effective day and reminders."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.cancellation.service import FILE
from shared.events.envelope import Event, Ref
from tests.builders.cancellation import (
    COMPLETE,
    HOLDER,
    MAINTENANCE,
    MONTHLY,
    NUMBER,
    PASSPORT,
    STRANGER,
    Desk,
    approved,
    confirmed,
    contract,
    day,
    destroyed,
    evidence,
    instant,
    invoiced,
    public,
    refused,
    requested,
    told,
    withdrawal,
)

START = "2027-03-01 10:00"
SCHEDULED = (contract(MONTHLY), confirmed(START))  # effective 31 March 2027
ONE_SECOND = timedelta(seconds=1)
EFFECTIVE_ON = day("2027-03-31")
DATES = ("inquiry_id", "effective_on", "first_inquiry_id")


def test_a_second_cancellation_is_answered_with_the_first_ones_dates() -> None:
    desk = Desk(START, *SCHEDULED)

    answers = desk.hears(confirmed(START, "second", requested_end_on=day("2027-06-01")))

    assert told(answers, "rule", *DATES) == [
        ("already_scheduled", "already-scheduled", "second", EFFECTIVE_ON, "first")
    ]


def test_an_incomplete_second_request_is_answered_the_same() -> None:
    desk = Desk(START, *SCHEDULED)

    assert told(desk.hears(requested(START, "second")), *DATES) == [
        ("already_scheduled", "second", EFFECTIVE_ON, "first")
    ]


def test_after_it_took_effect_a_request_is_answered_with_those_dates() -> None:
    desk = Desk(START, *SCHEDULED)
    desk.until("2027-04-15")

    (answer,) = desk.hears(confirmed("2027-04-15", "second"))

    assert told([answer], "rule", *DATES) == [
        ("already_scheduled", "already-effective", "second", EFFECTIVE_ON, "first")
    ]
    assert answer.explanation.es == (
        "Este contrato ya está cancelado desde el 31 de marzo de 2027; no hace falta nada más."
    )


@pytest.mark.parametrize("now", ["2027-03-05", "2027-05-01"])
def test_evidence_for_what_is_already_cancelled_is_answered_with_the_dates(now: str) -> None:
    desk = Desk(START, *SCHEDULED)
    desk.until(now)

    assert told(desk.hears(destroyed(now)), *DATES) == [
        ("already_scheduled", "evidence", EFFECTIVE_ON, "first")
    ]


def test_a_strangers_request_learns_nothing_of_the_schedule() -> None:
    desk = Desk(START, *SCHEDULED)
    desk.hears(confirmed(START, "theirs", customer_id=STRANGER))

    assert told(desk.until("2027-03-01 10:01"), "inquiry_id", "cause") == [
        ("referred", "theirs", "contract_not_found")
    ]


def test_scheduling_one_of_several_open_requests_answers_the_others() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START, "a"), requested(START, "b"))

    answers = desk.hears(confirmed(START, "c"))

    assert told(answers, *DATES) == [
        ("scheduled", "c", EFFECTIVE_ON, None),
        ("already_scheduled", "a", EFFECTIVE_ON, "c"),
        ("already_scheduled", "b", EFFECTIVE_ON, "c"),
    ]


def test_evidence_that_completes_several_requests_schedules_the_oldest() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START, "a"), requested(START, "b"))

    answers = desk.hears(destroyed(START))

    assert told(answers, "answers_inquiry_id", *DATES) == [
        ("scheduled", "evidence", "a", EFFECTIVE_ON, None),
        ("already_scheduled", None, "b", EFFECTIVE_ON, "a"),
    ]
    assert [event.ce_type for event in desk.all_events].count("file.evidence_added") == 1


def test_evidence_joins_every_open_request() -> None:
    desk = Desk(START, contract(MAINTENANCE), requested(START, "a"), requested(START, "b"))

    answers = desk.hears(evidence(START, contact=COMPLETE))

    assert told(answers, "inquiry_id", "answers_inquiry_id", "missing") == [
        ("evidence_awaited", "a", "evidence", ("signature",)),
        ("evidence_awaited", "b", "evidence", ("signature",)),
    ]


def test_evidence_from_a_stranger_joins_nothing() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START))
    desk.hears(destroyed(START, customer_id=STRANGER))

    assert told(desk.until("2027-03-01 10:01"), "inquiry_id", "customer_id") == [
        ("referred", "evidence", STRANGER)
    ]


@pytest.mark.parametrize(
    ("wanted", "starts"),
    [
        (None, "2027-03-31 00:00"),
        ("2028-02-29", "2028-02-29 00:00"),
        ("2027-10-31", "2027-10-31 00:00"),
        ("2027-11-01", "2027-11-01 00:00"),
    ],
)
def test_it_takes_effect_at_the_start_of_the_effective_day(wanted: str | None, starts: str) -> None:
    asked = confirmed(START, requested_end_on=wanted and day(wanted))
    desk = Desk(START, contract(MONTHLY), asked)

    assert desk.due_at is not None
    assert desk.due_at.isoformat(sep=" ").startswith(starts)
    assert told(desk.until(starts), "inquiry_id", "effective_on") == [
        ("took_effect", "first", day(starts[:10]))
    ]
    assert desk.due_at is None


def test_billing_is_told_the_last_day_to_charge() -> None:
    desk = Desk(START, *SCHEDULED)

    assert told(desk.until("2027-03-31"), "last_billable_on", "policy", "rule") == [
        ("took_effect", day("2027-03-30"), "monthly-notice", "effective-day-reached")
    ]


def test_a_backdated_request_whose_day_has_passed_is_scheduled_and_takes_effect_at_once() -> None:
    desk = Desk("2027-06-01", contract(MONTHLY))

    scheduled = desk.hears(confirmed(START))
    after = desk.until("2027-06-01 00:00:01")

    assert told(scheduled + after, "effective_on") == [
        ("scheduled", EFFECTIVE_ON),
        ("took_effect", EFFECTIVE_ON),
    ]


@pytest.mark.parametrize(
    ("received", "answer", "withdrawn_on"),
    [
        ("2027-03-01 11:00", "withdrawn", "2027-03-01"),
        ("2027-03-30 23:59:59", "withdrawn", "2027-03-30"),
        ("2027-03-30T21:59:59Z", "withdrawn", "2027-03-30"),
        ("2027-03-31 00:00", "withdrawal_refused", None),
        ("2027-03-30T22:00Z", "withdrawal_refused", None),  # the 31st in Madrid
    ],
)
def test_it_can_be_withdrawn_until_the_day_before(
    received: str, answer: str, withdrawn_on: str | None
) -> None:
    desk = Desk(START, *SCHEDULED)

    answers = desk.hears(withdrawal(received))

    assert told(answers, "withdrawn_on") == [(answer, withdrawn_on and day(withdrawn_on))]


def test_what_is_withdrawn_never_takes_effect() -> None:
    desk = Desk(START, *SCHEDULED)

    answers = desk.hears(withdrawal(START))

    assert told(answers, "inquiry_id", "answers_inquiry_id") == [
        ("withdrawn", "first", "withdrawal")
    ]
    assert desk.until("2028-12-31") == []


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ((contract(MONTHLY), requested(START)), "monthly-notice"),
        ((contract(MAINTENANCE), requested(START)), "written-notice"),
        ((contract("servicepac"), requested(START)), "refer"),
        ((requested(START),), "refer"),
    ],
)
def test_an_open_request_is_withdrawn(given: tuple[Event, ...], policy: str) -> None:
    desk = Desk(START, *given)

    answers = desk.hears(withdrawal("2027-03-02"))

    names = ("inquiry_id", "answers_inquiry_id", "withdrawn_on", "policy", "rule")
    assert told(answers, *names) == [
        ("withdrawn", "first", "withdrawal", day("2027-03-02"), policy, "withdrawn-before-decision")
    ]
    assert desk.due_at is None


def test_all_the_customers_open_requests_are_withdrawn_and_no_one_elses() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START, "a"), requested(START, "b"))
    desk.hears(requested(START, "theirs", customer_id=STRANGER))

    assert told(desk.hears(withdrawal(START)), "inquiry_id") == [
        ("withdrawn", "a"),
        ("withdrawn", "b"),
    ]


def test_withdrawing_a_held_request_answers_its_evidence_too() -> None:
    desk = Desk(START, requested(START), destroyed(START))

    assert told(desk.hears(withdrawal(START)), "inquiry_id", "answers_inquiry_id") == [
        ("withdrawn", "first", "evidence"),
        ("withdrawn", "first", "withdrawal"),
    ]


@pytest.mark.parametrize(
    ("given", "customer"),
    [
        pytest.param((), HOLDER, id="unknown contract"),
        pytest.param((contract(MONTHLY),), HOLDER, id="nothing asked"),
        pytest.param((contract(PASSPORT), requested(START)), HOLDER, id="not required"),
        pytest.param(SCHEDULED, STRANGER, id="someone else's"),
    ],
)
def test_there_is_nothing_to_withdraw(given: tuple[Event, ...], customer: str) -> None:
    desk = Desk(START, *given)

    answers = desk.hears(withdrawal(START, customer_id=customer))

    names = ("inquiry_id", "cause", "policy", "rule", "policy_version")
    assert told(answers, *names) == [
        (
            "withdrawal_refused",
            "withdrawal",
            "nothing_scheduled",
            "refer",
            "nothing-to-withdraw",
            "2024-1",
        )
    ]


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param((confirmed(START), withdrawal(START)), id="withdrawn"),
        pytest.param((requested("2027-01-01"),), id="expired"),
    ],
)
def test_after_the_end_of_one_a_new_request_is_a_fresh_one(ended: tuple[Event, ...]) -> None:
    desk = Desk(START, contract(MONTHLY), *ended)
    desk.until("2027-03-02")

    assert told(desk.hears(confirmed("2027-03-02", "new")), *DATES) == [
        ("scheduled", "new", day("2027-04-01"), None)
    ]


def test_after_a_refusal_a_new_request_is_a_fresh_one() -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START), refused())

    assert told(desk.hears(confirmed(START, "new")), "inquiry_id") == [("referred", "new")]


def test_after_a_withdrawal_a_late_approval_schedules_nothing() -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START), withdrawal(START))

    assert desk.hears(approved()) == []


def test_there_is_only_one_reminder() -> None:
    desk = Desk(START, contract(MAINTENANCE), requested(START))

    reminded = desk.until("2027-03-25")
    asked_again = desk.hears(evidence("2027-03-25", contact=COMPLETE))
    later = desk.until("2027-03-31 23:59")

    assert told(reminded + asked_again + later, "missing") == [
        ("evidence_reminded", ("signature",)),
        ("evidence_awaited", ("signature",)),
    ]


def test_the_reminder_is_skipped_when_the_expiry_is_due_already() -> None:
    desk = Desk("2027-06-01", contract(MONTHLY), requested(START))

    assert told(desk.until("2027-06-02"), "rule", "due_on") == [
        ("expired", "evidence-not-received", day("2027-03-31"))
    ]


def test_a_request_that_comes_late_expires_even_if_one_of_its_day_expired_before() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START, "web"))
    desk.until("2027-04-02")
    desk.hears(requested(START, "post", channel="post"))

    assert told(desk.until("2027-04-03"), "inquiry_id") == [("expired", "post")]


def test_what_a_timer_says_of_its_due_time_does_not_count() -> None:
    desk = Desk(START, *SCHEDULED)
    desk.until("2027-03-30 23:59:59")
    before = desk.file
    assert desk.due_at is not None

    assert desk.woken(desk.due_at) == []
    assert desk.woken(instant("2099-01-01")) == []
    assert desk.file == before
    assert told(desk.until("2027-03-31")) == [("took_effect",)]


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (SCHEDULED, "2027-03-31"),
        ((contract(PASSPORT), invoiced("2027-02-01")), "2027-04-18"),
        ((contract(MONTHLY), requested(START)), "2027-03-24"),
    ],
    ids=["takes effect", "lapses", "reminds"],
)
def test_nothing_irreversible_happens_before_the_brokers_clock_says_so(
    given: tuple[Event, ...], due: str
) -> None:
    desk = Desk(START, *given)
    desk.history.now = instant("2027-06-01")
    timer = desk.history.timer(Ref(FILE, NUMBER), instant(due))
    forty_days_ahead = replace(timer, broker_time=instant(due) - ONE_SECOND)
    assert public(desk.history.receive(forty_days_ahead)) == []

    in_time = replace(timer, broker_time=instant(due))
    assert len(public(desk.history.receive(in_time))) == 1


def test_a_timer_that_was_overtaken_changes_nothing() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START))
    overtaken = desk.due_at
    assert overtaken is not None
    desk.hears(destroyed(START))

    assert desk.woken(overtaken) == []
    assert told(desk.until("2027-06-01")) == [("took_effect",)]


def test_a_request_keeps_its_policy_and_version_when_the_contracts_type_changes() -> None:
    desk = Desk(START, contract(MONTHLY), requested(START))
    desk.hears(contract(MAINTENANCE))

    answers = desk.hears(destroyed("2027-03-05"))

    assert told(answers, "policy", "complete_on", "effective_on") == [
        ("scheduled", "monthly-notice", day("2027-03-05"), day("2027-04-04"))
    ]


def test_a_request_received_after_the_change_is_decided_by_the_new_types_policy() -> None:
    desk = Desk(START, contract(MONTHLY), contract(MAINTENANCE))

    assert told(desk.hears(confirmed(START)), "policy") == [("scheduled", "written-notice")]


def test_a_request_sent_twice_under_two_message_ids_is_one_request() -> None:
    desk = Desk(START, *SCHEDULED)

    assert desk.hears(confirmed(START)) == []


def test_a_contract_that_has_ended_is_answered_by_the_policy_that_the_request_began_under() -> None:
    """The registry has changed the contract's type and its term while evidence was awaited."""
    desk = Desk(START, contract(MONTHLY), requested(START))
    desk.hears(contract(MAINTENANCE, ends_on=day("2027-03-02")))
    desk.until("2027-03-05")

    assert told(desk.hears(destroyed("2027-03-05")), "rule", "policy") == [
        ("not_required", "contract-already-ended", "monthly-notice")
    ]
