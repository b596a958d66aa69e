"""`renewal-lapse` (F10): an automatic renewal that is not paid in 75 days."""

import pytest

from services.cancellation.file.decide import Rules
from services.cancellation.policies.terms import PolicyTerms
from shared.events.contracts import ContractRecorded
from shared.events.envelope import Event
from tests.builders.cancellation import (
    MONTHLY,
    PASSPORT,
    Desk,
    contract,
    day,
    invoiced,
    paid,
    told,
)

RENEWING = contract(PASSPORT, auto_renewal=True)
NAMES = ("invoice_number", "issued_on", "effective_on", "last_billable_on", "inquiry_id")


@pytest.mark.parametrize(
    ("issued", "decided_at", "effective", "last_billable"),
    [
        ("2027-01-01", "2027-03-18", "2027-03-17", "2027-03-16"),
        ("2026-12-31", "2027-03-17", "2027-03-16", "2027-03-15"),
        ("2028-01-01", "2028-03-17", "2028-03-16", "2028-03-15"),  # over 29 February
        ("2027-12-16", "2028-03-01", "2028-02-29", "2028-02-28"),
        ("2028-02-29", "2028-05-15", "2028-05-14", "2028-05-13"),
        ("2027-01-11", "2027-03-28", "2027-03-27", "2027-03-26"),  # decided as clocks go forward
        ("2027-01-12", "2027-03-29", "2027-03-28", "2027-03-27"),
        ("2027-08-16", "2027-10-31", "2027-10-30", "2027-10-29"),  # and back
        ("2027-08-17", "2027-11-01", "2027-10-31", "2027-10-30"),
    ],
)
def test_unpaid_it_lapses_at_the_start_of_day_76(
    issued: str, decided_at: str, effective: str, last_billable: str
) -> None:
    desk = Desk(issued, RENEWING, invoiced(issued))

    before = desk.until(f"{effective} 23:59:59")
    after = desk.until(f"{decided_at} 00:00")

    assert before == []
    assert told(after, *NAMES) == [
        ("renewal.lapsed", "F-0001", day(issued), day(effective), day(last_billable), None)
    ]


@pytest.mark.parametrize(
    ("paid_on", "lapses"),
    [
        ("2027-01-01", 0),
        ("2027-03-16", 0),  # day 74
        ("2027-03-17", 0),  # day 75
        ("2027-03-18", 1),  # day 76
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1), (1, 2, 0)])
def test_paid_by_day_75_nothing_happens_in_whatever_order_it_is_learned(
    order: tuple[int, ...], paid_on: str, lapses: int
) -> None:
    given = (RENEWING, invoiced("2027-01-01"), paid(paid_on))
    desk = Desk("2027-01-02", *(given[place] for place in order))

    assert (
        told(desk.until("2028-01-01"), "cause")
        == [
            ("renewal.lapsed", None),
            ("referred", "paid_after_lapse"),
        ][: 2 * lapses]
    )


@pytest.mark.parametrize(
    "given",
    [
        (contract(PASSPORT, auto_renewal=False), invoiced("2027-01-01")),
        (contract(MONTHLY, auto_renewal=True), invoiced("2027-01-01")),
        (RENEWING, invoiced("2027-01-01", renewal=False)),
        (invoiced("2027-01-01"),),
    ],
)
def test_nothing_else_lapses(given: tuple[Event, ...]) -> None:
    assert Desk("2027-01-02", *given).until("2028-01-01") == []


def test_facts_that_come_late_are_decided_by_the_timer_that_is_due_at_once() -> None:
    desk = Desk("2027-01-02", invoiced("2027-01-01"))
    desk.until("2027-06-01")

    assert desk.hears(RENEWING) == []
    assert told(desk.until("2027-06-01 00:01"), "effective_on") == [
        ("renewal.lapsed", day("2027-03-17"))
    ]


def test_facts_that_come_late_find_the_payment() -> None:
    desk = Desk("2027-01-02", invoiced("2027-01-01"), paid("2027-03-17"))
    desk.until("2027-06-01")

    assert desk.hears(RENEWING) == []


def test_an_invoice_that_comes_late_waits_for_the_payment_right_behind_it() -> None:
    desk = Desk("2027-06-01", RENEWING)

    answers = [*desk.hears(invoiced("2027-01-01")), *desk.hears(paid("2027-02-01"))]

    assert [*answers, *desk.until("2028-01-01")] == []


def test_an_invoice_that_comes_late_and_is_unpaid_lapses_by_its_timer() -> None:
    desk = Desk("2027-06-01", RENEWING, invoiced("2027-01-01"))

    assert told(desk.until("2027-06-01 00:01")) == [("renewal.lapsed",)]


def test_a_second_invoice_of_the_same_day_that_comes_after_the_lapse_is_no_second_lapse() -> None:
    desk = Desk("2027-01-02", RENEWING, invoiced("2027-01-01", "F-1"))
    desk.until("2027-03-20")

    assert desk.hears(invoiced("2027-01-01", "F-2")) == []
    assert desk.until("2028-01-01") == []


def test_an_invoice_sent_again_does_not_lapse_again() -> None:
    desk = Desk("2027-01-02", RENEWING, invoiced("2027-01-01"), invoiced("2027-01-01"))
    desk.until("2027-03-20")
    desk.hears(invoiced("2027-01-01"))

    assert desk.until("2028-01-01") == []


def test_a_corrected_invoice_date_moves_the_lapse() -> None:
    desk = Desk("2027-01-02", RENEWING, invoiced("2027-01-01"), invoiced("2027-01-11"))

    assert told(desk.until("2028-01-01"), "effective_on") == [("renewal.lapsed", day("2027-03-27"))]


def test_each_invoice_lapses_by_the_terms_of_its_own_day() -> None:
    rules = Rules(
        terms=(
            PolicyTerms(version="old", holds_from=day("2020-01-01")),
            PolicyTerms(version="new", holds_from=day("2027-02-01"), lapse_days=10),
        )
    )
    old = Desk("2027-01-31", RENEWING, invoiced("2027-01-31"), rules=rules)
    new = Desk("2027-02-01", RENEWING, invoiced("2027-02-01"), rules=rules)

    names = ("policy_version", "effective_on")
    assert told(old.until("2028-01-01"), *names) == [("renewal.lapsed", "old", day("2027-04-16"))]
    assert told(new.until("2028-01-01"), *names) == [("renewal.lapsed", "new", day("2027-02-11"))]


def test_billing_reads_whose_renewal_lapsed_and_why() -> None:
    desk = Desk("2027-01-02", RENEWING, invoiced("2027-01-01"))

    (answer,) = desk.until("2027-03-18")

    assert (answer.customer_id, answer.policy, answer.rule) == (
        "C-0001",
        "renewal-lapse",
        "unpaid-in-time",
    )
    assert answer.explanation.es == (
        "La factura de renovación automática emitida el 1 de enero de 2027 no se ha pagado en "
        "plazo, así que la renovación queda cancelada con efecto el 17 de marzo de 2027. El último "
        "día que se factura es el 16 de marzo de 2027."
    )


def test_a_licence_that_no_longer_renews_does_not_lapse() -> None:
    stops: ContractRecorded = contract(PASSPORT, auto_renewal=False)

    assert Desk("2027-01-02", RENEWING, invoiced("2027-01-01"), stops).until("2028-01-01") == []


def test_a_date_corrected_after_the_lapse_does_not_lapse_it_again() -> None:
    desk = Desk("2027-01-02", RENEWING, invoiced("2027-01-01"))
    desk.until("2027-03-20")
    desk.hears(invoiced("2027-01-11"))

    assert desk.until("2028-01-01") == []
