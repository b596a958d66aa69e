"""Further inputs of the reported kinds, each with the answer that the domain page gives."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.events.envelope import Event
from shared.events.values import Money
from tests.builders.cancellation import (
    MAINTENANCE,
    MONTHLY,
    PASSPORT,
    STRANGER,
    Desk,
    confirmed,
    contract,
    day,
    destroyed,
    invoiced,
    paid,
    requested,
    reversed_payment,
    told,
    voided,
    withdrawal,
)

RENEWING = contract(PASSPORT, auto_renewal=True)

NOTICES = [
    # complete on, wanted end, effective
    ("2027-01-31", None, "2027-03-02"),
    ("2028-01-30", None, "2028-02-29"),
    ("2028-01-31", None, "2028-03-01"),
    ("2028-02-29", None, "2028-03-30"),
    ("2027-03-27", None, "2027-04-26"),  # the clocks change in between
    ("2027-12-31", None, "2028-01-30"),
    ("2028-01-15", "2028-02-29", "2028-02-29"),
    ("2027-01-31", "2027-03-02", "2027-03-02"),
    ("2027-01-31", "2027-03-01", "2027-03-02"),
    ("2027-01-31", "2027-01-30", "2027-03-02"),
    ("2027-01-31", "2028-02-01", "2028-02-01"),
]


@pytest.mark.parametrize(("complete", "wanted", "effective"), NOTICES)
def test_thirty_days_notice_over_month_ends_and_leap_days(
    complete: str, wanted: str | None, effective: str
) -> None:
    desk = Desk(f"{complete} 10:00", contract(MONTHLY))

    answer = desk.hears(confirmed(f"{complete} 10:00", requested_end_on=wanted and day(wanted)))

    assert told(answer, "complete_on", "effective_on") == [
        ("scheduled", day(complete), day(effective))
    ]


EVIDENCE = [
    # received, heard, answer: asked on 10 January, due on 9 February
    ("2027-02-09 23:59", "2027-02-09 23:59", ("scheduled", day("2027-03-11"), None)),
    ("2027-01-31 12:00", "2027-02-05 12:00", ("scheduled", day("2027-03-02"), None)),
    ("2027-02-09 23:59", "2027-02-11 08:00", ("referred", None, "received_in_time")),
]


@pytest.mark.parametrize(("received", "heard", "answer"), EVIDENCE)
def test_evidence_counts_until_the_end_of_its_last_day(
    received: str, heard: str, answer: tuple[object, ...]
) -> None:
    desk = Desk("2027-01-10 10:00", contract(MONTHLY), requested("2027-01-10 10:00"))
    desk.until(heard)

    assert told(desk.hears(destroyed(received)), "effective_on", "cause") == [answer]


def test_one_reminder_seven_days_before_and_then_the_expiry() -> None:
    desk = Desk("2028-01-31 10:00", contract(MONTHLY), requested("2028-01-31 10:00"))

    assert told(desk.until("2028-02-24 00:00"), "due_on") == [
        ("evidence_reminded", day("2028-03-01"))
    ]
    assert told(desk.until("2028-03-01 23:59")) == []
    assert told(desk.until("2028-03-02 00:00"), "due_on") == [("expired", day("2028-03-01"))]


IN_DOLLARS = paid("2027-02-01").model_copy(
    update={"amount": Money(amount=Decimal(100), currency="USD")}
)
MONEY: list[tuple[str, str, list[Event], list[tuple[object, ...]]]] = [
    # what is tried, known from, facts, what comes of it until 2029
    ("75 days over a leap day", "2027-12-17", [invoiced("2027-12-17")],
     [("renewal.lapsed", day("2028-03-01"), None)]),
    ("issued on a leap day", "2028-02-29", [invoiced("2028-02-29")],
     [("renewal.lapsed", day("2028-05-14"), None)]),
    ("paid on day 75", "2027-01-31", [invoiced("2027-01-31"), paid("2027-04-16")], []),
    ("paid on day 76, known before", "2027-01-31", [invoiced("2027-01-31"), paid("2027-04-17")],
     [("renewal.lapsed", day("2027-04-16"), None), ("referred", None, "paid_after_lapse")]),
    ("another currency", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"),
      IN_DOLLARS],
     [("renewal.lapsed", day("2027-04-16"), None)]),
    ("a cent is missing", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"), paid("2027-02-01", amount="99.99")],
     [("renewal.lapsed", day("2027-04-16"), None)]),
    ("the last cent on day 75", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"), paid("2027-02-01", amount="99.99"),
      paid("2027-04-16", amount="0.01")], []),
    ("the last cent on day 76", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"), paid("2027-02-01", amount="99.99"),
      paid("2027-04-17", amount="0.01")],
     [("renewal.lapsed", day("2027-04-16"), None), ("referred", None, "paid_after_lapse")]),
    ("a credit note beside it", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"), invoiced("2027-02-01", "A-1", total="-40.00")],
     [("renewal.lapsed", day("2027-04-16"), None)]),
    ("more was paid than went back", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"), paid("2027-02-01", amount="120.00"),
      reversed_payment("2027-03-01", amount="20.00")], []),
    ("a cent too much went back", "2027-01-31",
     [invoiced("2027-01-31", total="100.00"), paid("2027-02-01", amount="120.00"),
      reversed_payment("2027-03-01", amount="20.01")],
     [("renewal.lapsed", day("2027-04-16"), None)]),
    ("voided in other capitals", "2027-01-31",
     [invoiced("2027-01-31", "FA-1"), voided("2027-02-01", " fa-1 ")], []),
    ("the replacement has its own 75 days", "2027-01-31",
     [invoiced("2027-01-31", "FA-1"), voided("2027-02-01", "FA-1"), invoiced("2027-02-01", "FA-2")],
     [("renewal.lapsed", day("2027-04-17"), None)]),
    ("voided, then paid all the same", "2027-01-31",
     [invoiced("2027-01-31"), voided("2027-02-01"), paid("2027-02-02")], []),
    ("0.00 and then corrected", "2027-01-31",
     [invoiced("2027-01-31", total="0.00"), invoiced("2027-01-31", "F-0002", total="10.00")],
     [("renewal.lapsed", day("2027-04-16"), None)]),
    ("not a renewal", "2027-01-31", [invoiced("2027-01-31", renewal=False)], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("since", "facts", "becomes"), [it[1:] for it in MONEY], ids=[it[0] for it in MONEY]
)
def test_what_becomes_of_a_renewals_money(
    since: str, facts: list[Event], becomes: list[tuple[object, ...]]
) -> None:
    desk = Desk(since, RENEWING, *facts)

    assert told(desk.until("2029-01-01"), "effective_on", "cause") == becomes


LATE = [
    # heard on, by: issued on 31 January, paid on day 75, lapsed since 17 April
    ("2027-04-17 00:01", "renewal.reinstated"),
    ("2027-05-17 23:59", "renewal.reinstated"),  # the 31st day after 16 April
    ("2027-05-18 00:00", "referred"),
]


@pytest.mark.parametrize(("heard", "answer"), LATE)
def test_a_payment_of_the_75th_day_that_is_reported_after_it(heard: str, answer: str) -> None:
    desk = Desk("2027-01-31", RENEWING, invoiced("2027-01-31"))
    desk.until(heard)

    assert told(desk.hears(paid("2027-04-16"))) == [(answer,)]


def test_a_reversal_after_day_75_is_a_professionals_and_one_before_lapses() -> None:
    late = Desk("2027-01-31", RENEWING, invoiced("2027-01-31"), paid("2027-04-16"))
    late.until("2027-04-20")
    early = Desk("2027-01-31", RENEWING, invoiced("2027-01-31"), paid("2027-02-01"))
    early.until("2027-04-10")

    assert told(late.hears(reversed_payment("2027-04-20")), "cause") == [
        ("referred", "payment_reversed")
    ]
    assert late.until("2029-01-01") == []
    assert early.hears(reversed_payment("2027-04-10")) == []
    assert told(early.until("2029-01-01")) == [("renewal.lapsed",)]


WITHDRAWALS = [
    # received, heard: scheduled on 31 January for 2 March
    ("2027-03-01 23:59", "2027-03-01 23:59", ("withdrawn", None)),
    ("2027-03-02 00:00", "2027-03-02 00:01", ("withdrawal_refused", "already_effective")),
    ("2027-03-01 23:59", "2027-03-03 09:00", ("referred", "received_in_time")),
    ("2027-01-31 09:59", "2027-02-02 09:00", ("withdrawal_refused", "nothing_scheduled")),
]


@pytest.mark.parametrize(("received", "heard", "answer"), WITHDRAWALS)
def test_a_withdrawal_counts_until_the_day_before(
    received: str, heard: str, answer: tuple[object, ...]
) -> None:
    desk = Desk("2027-01-31 10:00", contract(MONTHLY), confirmed("2027-01-31 10:00"))
    desk.until(heard)

    assert told(desk.hears(withdrawal(received)), "cause") == [answer]


def test_a_number_contracted_again_by_somebody_else_is_his_to_cancel() -> None:
    desk = Desk("2027-01-31 10:00", contract(MONTHLY), confirmed("2027-01-31 10:00"))
    desk.until("2027-06-01 10:00")
    desk.hears(contract(MONTHLY, customer_id=STRANGER, starts_on=day("2027-06-01")))

    mine = desk.hears(confirmed("2027-06-01 10:00", "second", customer_id=STRANGER))
    formers = desk.hears(withdrawal("2027-06-01 11:00"))

    assert told(mine, "effective_on") == [("scheduled", day("2027-07-01"))]
    assert told(formers) == [("withdrawal_refused",)]


def test_a_request_keeps_its_policy_when_the_type_changes() -> None:
    desk = Desk("2027-01-31 10:00", contract(MONTHLY), requested("2027-01-31 10:00"))
    desk.hears(contract(MAINTENANCE))

    assert told(desk.hears(destroyed("2027-02-01 10:00")), "policy", "effective_on") == [
        ("scheduled", "monthly-notice", day("2027-03-03"))
    ]


TERM_ENDS = [
    # asked on 31 January; the earliest day is 2 March
    (MONTHLY, "2027-03-01", "not_required", "ends-by-itself"),
    (MONTHLY, "2027-03-02", "scheduled", "notice-from-completion"),
    (MONTHLY, "2027-01-31", "not_required", "ends-by-itself"),
    (MONTHLY, "2027-01-30", "not_required", "contract-already-ended"),
    (MAINTENANCE, "2027-01-31", "scheduled", "notice-from-completion"),
    (MAINTENANCE, "2027-01-30", "not_required", "contract-already-ended"),
]


@pytest.mark.parametrize(("kind", "ends_on", "answer", "rule"), TERM_ENDS)
def test_a_term_that_ends_about_the_earliest_day(
    kind: str, ends_on: str, answer: str, rule: str
) -> None:
    desk = Desk("2027-01-31 10:00", contract(kind, ends_on=day(ends_on)))

    assert told(desk.hears(confirmed("2027-01-31 10:00")), "rule") == [(answer, rule)]
