"""Cases that users of other systems reported get the values that the domain page decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from services.cancellation.file.private_events import FactDisregarded, SuspensionAlarmed
from shared.events.agents import AgentActionRefused
from shared.events.contracts import ContractRecorded
from shared.events.envelope import Event
from shared.events.requests import ServiceRequest
from tests.builders.cancellation import (
    HOLDER,
    MAINTENANCE,
    MONTHLY,
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
    paid,
    refused,
    requested,
    reversed_payment,
    short,
    signature,
    told,
    voided,
    withdrawal,
)

T0 = "2027-03-01 10:00"
ISSUED, LAPSES_ON = "2026-12-11", "2027-02-24"  # 80 days ago; day 75
RENEWING = contract(PASSPORT, auto_renewal=True)
NEW_HOLDER = contract(MONTHLY, customer_id=STRANGER)


def term(starts: str, ends: str | None, **more: object) -> ContractRecorded:
    facts = {"starts_on": day(starts), "ends_on": ends and day(ends), **more}
    return contract(
        str(more.pop("kind", MONTHLY)), **{k: v for k, v in facts.items() if k != "kind"}
    )


def after(*given: Event, now: str = T0, then: str = "2027-03-01 10:01") -> Desk:
    desk = Desk(now, *given)
    desk.until(then)
    return desk


def lapsed(*more: Event) -> Desk:
    return after(RENEWING, invoiced(ISSUED), *more)


# The contract's own term

TERMS = [
    # type, starts, ends, asked for, answer, rule, what it names
    (MONTHLY, "2026-01-01", "2027-02-19", None, "not_required", "contract-already-ended"),  # b06
    (MAINTENANCE, "2026-01-01", "2027-02-19", None, "not_required", "contract-already-ended"),
    ("servicepac", "2026-01-01", "2027-02-19", None, "not_required", "contract-already-ended"),
    (PASSPORT, "2026-01-01", "2027-02-28", None, "not_required", "contract-already-ended"),
    (MONTHLY, "2026-01-01", "2027-02-28", None, "not_required", "contract-already-ended"),
    (MONTHLY, "2026-01-01", "2027-03-01", None, "not_required", "ends-by-itself"),
    (MONTHLY, "2026-01-01", "2027-03-11", None, "not_required", "ends-by-itself"),  # b05
    (MONTHLY, "2026-01-01", "2027-03-30", None, "not_required", "ends-by-itself"),
    (MONTHLY, "2026-01-01", "2027-03-31", None, "scheduled", "notice-from-completion"),
    (MONTHLY, "2026-01-01", "2027-04-30", "2027-05-01", "not_required", "ends-by-itself"),
    (MONTHLY, "2026-01-01", "2027-04-30", "2027-04-30", "scheduled", "requested-end-date"),
    (MONTHLY, "2026-01-01", "2027-04-30", "2027-02-01", "scheduled", "notice-from-completion"),
    (MAINTENANCE, "2026-01-01", "2027-03-01", None, "scheduled", "notice-from-completion"),
    (MONTHLY, "2027-09-17", None, None, "referred", "not-started"),  # b03
    (MONTHLY, "2027-04-01", None, None, "referred", "not-started"),
    (MONTHLY, "2027-03-31", None, None, "scheduled", "notice-from-completion"),
    (MONTHLY, "2027-09-17", None, "2027-10-01", "scheduled", "requested-end-date"),
    (MONTHLY, "2027-03-01", "2027-01-30", None, "referred", "contradictory-record"),  # r05
    (PASSPORT, "2027-03-01", "2027-01-30", None, "referred", "contradictory-record"),
    (PASSPORT, "2026-01-01", "2027-03-11", None, "not_required", "paid-at-the-start"),
    ("servicepac", "2026-01-01", "2027-03-11", None, "referred", "no-policy-for-type"),
    (MONTHLY, "2026-01-01", "9999-12-31", None, "scheduled", "notice-from-completion"),
]


@pytest.mark.parametrize(("kind", "starts", "ends", "wanted", "answer", "rule"), TERMS)
def test_the_contracts_own_term_comes_before_its_policy(
    kind: str, starts: str, ends: str | None, wanted: str | None, answer: str, rule: str
) -> None:
    desk = Desk(T0, term(starts, ends, kind=kind, auto_renewal=False))

    (event,) = desk.hears(confirmed(T0, requested_end_on=wanted and day(wanted)))

    assert told([event], "rule") == [(answer, rule)]
    named = {"contract-already-ended": ends, "ends-by-itself": ends}.get(rule)
    assert getattr(event, "ends_on", None) == (day(named) if named else None)


@pytest.mark.parametrize("ends", ["2027-02-19", "2027-03-11"])
def test_a_contract_that_renews_itself_neither_ends_nor_has_ended(ends: str) -> None:
    desk = Desk(T0, term("2026-01-01", ends, auto_renewal=True))

    assert told(desk.hears(confirmed(T0)), "effective_on") == [("scheduled", day("2027-03-31"))]


def test_what_ends_by_itself_is_asked_for_no_evidence() -> None:
    desk = Desk(T0, term("2026-01-01", "2027-03-11"))

    assert told(desk.hears(requested(T0)), "rule", "ends_on") == [
        ("not_required", "ends-by-itself", day("2027-03-11"))
    ]


def test_a_term_that_is_extended_decides_the_request_from_its_first_day_of_receipt() -> None:
    desk = Desk(T0, term("2026-01-01", "2027-03-11"), confirmed(T0))
    desk.until("2027-03-05")

    answers = desk.hears(term("2026-01-01", "2028-03-11"))

    names = ("received_on", "complete_on", "effective_on")
    assert told(answers, *names) == [
        ("scheduled", day("2027-03-01"), day("2027-03-01"), day("2027-03-31"))
    ]


def test_an_extended_term_asks_for_evidence_that_was_not_needed_before() -> None:
    desk = Desk(T0, term("2026-01-01", "2027-03-11"), requested(T0))
    desk.until("2027-05-01")

    answers = desk.hears(term("2026-01-01", "2028-03-11"))

    assert told(answers, "due_on") == [("evidence_awaited", day("2027-05-31"))]
    assert told(desk.hears(destroyed("2027-05-02")), "effective_on") == [
        ("scheduled", day("2027-06-01"))
    ]


UNSIGNED = requested(T0)
ENDED = ("not_required", "contract-already-ended", "2027-03-24")
REMINDED = ("evidence_reminded", "evidence-reminder", "2027-03-24")
EXPIRED = ("expired", "evidence-not-received", "2027-04-01")
RUN_OUT = [
    # what is heard after the request, what the two timers bring
    ([], [ENDED]),
    ([term("2026-01-01", "2027-03-23", kind=MAINTENANCE)], [ENDED]),
    ([term("2026-01-01", "2027-03-24", kind=MAINTENANCE)], [REMINDED, (*ENDED[:2], EXPIRED[2])]),
    ([term("2026-01-01", "2027-03-31", kind=MAINTENANCE)], [REMINDED, (*ENDED[:2], EXPIRED[2])]),
    ([term("2026-01-01", "2027-04-01", kind=MAINTENANCE)], [REMINDED, EXPIRED]),
    ([term("2026-01-01", None, kind=MAINTENANCE)], [REMINDED, EXPIRED]),
    ([term("2026-01-01", "2027-03-06", kind=MONTHLY)], [ENDED]),
    (
        [term("2026-01-01", "2027-03-06", kind=MAINTENANCE, auto_renewal=True)],
        [REMINDED, EXPIRED],
    ),
    (
        [term("2026-01-01", "2027-03-06", kind=MAINTENANCE, customer_id=STRANGER)],
        [REMINDED, EXPIRED],
    ),
    ([term("2027-03-07", "2027-03-06", kind=MAINTENANCE)], [REMINDED, EXPIRED]),
]


@pytest.mark.parametrize(("heard", "answers"), RUN_OUT)
def test_nothing_is_awaited_any_more_once_the_contract_has_ended_by_itself(
    heard: list[Event], answers: list[tuple[str, str, str]]
) -> None:
    desk = Desk(T0, term("2026-01-01", "2027-03-06", kind=MAINTENANCE))
    assert told(desk.hears(UNSIGNED)) == [("evidence_awaited",)]
    for event in heard:
        desk.hears(event)

    for name, rule, on in answers:
        assert desk.until(f"{day(on) - timedelta(days=1)} 23:59") == []
        assert told(desk.until(f"{on} 00:00"), "rule") == [(name, rule)]
    assert desk.until("2028-01-01") == []


def test_an_ended_contract_also_answers_the_evidence_that_came_after_its_last_day() -> None:
    desk = Desk(T0, contract(MAINTENANCE), requested("2027-02-01"))
    desk.until("2027-03-02")
    desk.hears(term("2026-01-01", "2027-03-02", kind=MAINTENANCE))
    desk.history.now = instant("2027-03-04")  # the clock was away as the evidence was due
    desk.hears(evidence("2027-03-04", signature=signature()))

    assert told(desk.until("2027-03-05"), "rule", "inquiry_id", "answers_inquiry_id") == [
        (*ENDED[:2], "first", "evidence")
    ]


def test_a_notice_that_was_withdrawn_is_not_decided_again() -> None:
    desk = Desk(T0, term("2026-01-01", "2027-03-11"), confirmed(T0), withdrawal(T0))

    assert desk.hears(term("2026-01-01", "2028-03-11")) == []


@pytest.mark.parametrize(
    "heard",
    [
        # The cancellation is scheduled for 31 March.
        (term("2026-01-01", None), confirmed(T0), term("2026-01-01", "2027-03-31")),
        # Somebody else holds the contract, so the cancellation is suspended.
        (
            contract(MONTHLY),
            confirmed(T0),
            NEW_HOLDER,
            term("2026-01-01", "2027-03-11", customer_id=STRANGER),
        ),
        # The request stands as notice, and the term ends as before, or sooner.
        (term("2026-01-01", "2027-03-11"), confirmed(T0), term("2026-01-01", "2027-03-10")),
    ],
    ids=["ends on the cancellation's day", "another's contract", "ends sooner"],
)
def test_another_term_that_decides_nothing_anew(heard: Sequence[Event]) -> None:
    *before, last = heard
    desk = Desk(T0, *before)

    assert desk.hears(last) == []


def test_a_term_cut_short_takes_the_place_of_the_scheduled_cancellation() -> None:
    desk = Desk(T0, term("2026-01-01", None), confirmed(T0))

    answers = desk.hears(term("2026-01-01", "2027-03-11"))

    assert told(answers, "rule", "ends_on") == [
        ("not_required", "ends-by-itself", day("2027-03-11"))
    ]
    assert desk.until("2028-01-01") == []


@pytest.mark.parametrize("lapses", [True, False], ids=["lapsed", "cancelled"])
@pytest.mark.parametrize(
    ("starts", "answer"),
    [("2027-06-01", "a new term"), ("2027-01-15", "the old one")],
)
def test_a_number_contracted_again_is_decided_anew(lapses: bool, starts: str, answer: str) -> None:
    old = [RENEWING, invoiced(ISSUED)] if lapses else [contract(MONTHLY), confirmed("2027-01-01")]
    desk = Desk(T0, *old)
    desk.until("2027-05-20")
    desk.hears(term(starts, None))

    expected = {
        (True, "a new term"): "scheduled",
        (False, "a new term"): "scheduled",
        (True, "the old one"): "not_required",
        (False, "the old one"): "already_scheduled",
    }[lapses, answer]
    assert told(desk.hears(confirmed("2027-07-01", "new"))) == [(expected,)]


def test_a_contract_cancelled_before_it_begins_stays_cancelled_when_its_record_changes() -> None:
    desk = Desk(
        T0, term("2027-09-17", None), confirmed(T0), approved(effective_on=day("2027-04-01"))
    )
    desk.until("2027-05-01")
    desk.hears(term("2027-09-17", None, auto_renewal=True))

    assert told(desk.hears(confirmed("2027-05-01", "again"))) == [("already_scheduled",)]


# Another holder


def suspended() -> Desk:
    return Desk(T0, contract(MONTHLY), confirmed(T0), NEW_HOLDER)  # for 31 March


def test_another_holder_suspends_the_scheduled_cancellation() -> None:  # b19
    desk = Desk(T0, contract(MONTHLY), confirmed(T0))

    answers = desk.hears(NEW_HOLDER)

    assert told(answers, "customer_id", "inquiry_id", "cause", "effective_on") == [
        ("suspended", HOLDER, "first", "holder_changed", day("2027-03-31"))
    ]
    assert desk.until("2028-01-01") == []


@pytest.mark.parametrize("customer", [HOLDER, STRANGER])
def test_nobody_withdraws_a_suspended_cancellation(customer: str) -> None:  # b19
    answers = suspended().hears(withdrawal(T0, customer_id=customer))

    assert told(answers, "cause", "rule") == [
        ("withdrawal_refused", "nothing_scheduled", "nothing-to-withdraw")
    ]


def test_the_new_holders_request_is_referred_and_can_be_taken_back() -> None:  # b19b
    desk = suspended()

    asked = desk.hears(confirmed(T0, "theirs", customer_id=STRANGER))
    withdrawn = desk.hears(withdrawal(T0, customer_id=STRANGER))

    assert told([*asked, *withdrawn], "inquiry_id") == [
        ("referred", "theirs"),
        ("withdrawn", "theirs"),
    ]


@pytest.mark.parametrize(
    ("effective_on", "when", "expected"),
    [
        (None, "2027-03-05", "2027-03-31"),
        ("2027-04-15", "2027-03-05", "2027-04-15"),
        (None, "2028-03-05", "2027-03-31"),  # the original date, however old
        ("2027-03-31", "2028-03-05", "2027-03-31"),
    ],
)
def test_a_professional_approves_a_suspended_cancellation(
    effective_on: str | None, when: str, expected: str
) -> None:
    desk = suspended()
    desk.until(when)

    answers = desk.hears(approved(effective_on=effective_on and day(effective_on)))
    answers += desk.until("2028-06-01")

    assert told(answers, "inquiry_id", "effective_on") == [
        ("scheduled", "first", day(expected)),
        ("took_effect", "first", day(expected)),
    ]


def test_a_professional_refuses_a_suspended_cancellation() -> None:
    desk = suspended()

    assert told(desk.hears(refused()), "inquiry_id") == [("refused", "first")]
    assert told(desk.hears(confirmed(T0, "theirs", customer_id=STRANGER))) == [("scheduled",)]


@pytest.mark.parametrize(
    ("when", "answers"),
    [("2027-03-30", [("scheduled", "2027-03-31")]), ("2027-03-31", [])],
)
def test_the_first_holder_named_again_in_time_has_it_scheduled_as_it_was(
    when: str, answers: list[tuple[str, str]]
) -> None:
    desk = suspended()
    desk.until(when)

    assert told(desk.hears(contract(MONTHLY)), "effective_on", "complete_on") == [
        (name, day(effective), day("2027-03-01")) for name, effective in answers
    ]


def test_an_undecided_suspension_alarms_once_a_week_before_its_date() -> None:
    desk = suspended()
    desk.until("2027-03-23 23:59")
    assert not [e for e in desk.all_events if isinstance(e, SuspensionAlarmed)]

    desk.until("2028-01-01")
    assert len([e for e in desk.all_events if isinstance(e, SuspensionAlarmed)]) == 1


def test_of_two_records_for_one_number_the_last_wins() -> None:  # b22
    desk = Desk(T0, contract(MONTHLY), NEW_HOLDER, confirmed(T0))

    assert told(desk.until("2027-03-01 10:01"), "cause") == [("referred", "contract_not_found")]


@pytest.mark.parametrize("news", [[approved()], [term("2027-05-01", None)]])
def test_a_suspended_cancellation_ends_the_term_in_which_it_was_asked_for(
    news: list[Event],
) -> None:
    desk = suspended()
    for event in [term("2027-05-01", None, customer_id=STRANGER), *news]:
        desk.hears(event)
    desk.until("2027-06-01")
    assert desk.file is not None
    assert desk.file.contract is not None

    holder = desk.file.contract.customer_id
    asked = confirmed("2027-06-01", "new", customer_id=holder)
    assert told(desk.hears(asked), "effective_on") == [("scheduled", day("2027-07-01"))]


def test_the_first_holder_named_again_with_a_term_cut_short_has_nothing_scheduled() -> None:
    answers = suspended().hears(term("2026-01-01", "2027-03-11"))

    assert told(answers, "rule", "ends_on") == [
        ("not_required", "ends-by-itself", day("2027-03-11"))
    ]


# Money

PAID_LATE = ("referred", "paid_after_lapse")
REVERSED = reversed_payment("2027-01-01")
INVOICES: list[tuple[str, list[Event], list[tuple[str, str]] | None]] = [
    # id, facts after the invoice's 80 days, what comes of the renewal
    ("b15b_zero", [invoiced(ISSUED, total="0.00")], []),
    ("credit note", [invoiced(ISSUED, total="-5.00")], []),
    ("a_other_customers", [invoiced(ISSUED, customer_id="C-OTRO")], []),
    ("b14_voided", [invoiced(ISSUED), voided("2027-01-01")], []),
    (
        "voided and issued again that day, under its number",
        [invoiced("2026-12-10"), voided(ISSUED), invoiced(ISSUED)],
        None,
    ),
    (
        "voided and issued again before that day, under its number",
        [invoiced("2026-12-01"), voided("2026-12-20"), invoiced(ISSUED)],
        None,
    ),
    ("the replacement voided", [invoiced("2026-12-10"), invoiced(ISSUED), voided(ISSUED)], []),
    ("voided first", [voided("2027-01-01"), invoiced(ISSUED)], []),
    ("b13b_case", [paid("2027-02-09", "f-0001"), invoiced(ISSUED)], []),
    ("blanks", [invoiced(ISSUED), paid("2027-02-09", "  F-0001 ")], []),
    ("invisible", [invoiced(ISSUED, "\ufeffF-0001"), paid("2027-02-09", "F-0001\u200b")], []),
    ("b32_partial", [paid("2026-12-21", amount="10.00"), invoiced(ISSUED, total="1000.00")], None),
    (
        "parts that add up",
        [
            paid("2026-12-21", amount="400.00"),
            invoiced(ISSUED, total="1000.00"),
            paid("2027-02-24", amount="600.00"),
        ],
        [],
    ),
    ("no amount pays in full", [invoiced(ISSUED, total="1000.00"), paid(LAPSES_ON)], []),
    ("a_paid_old", [paid("2026-05-05"), invoiced(ISSUED)], None),
    ("31 days before", [paid("2026-11-10"), invoiced(ISSUED)], []),
    ("32 days before", [paid("2026-11-09"), invoiced(ISSUED)], None),
    ("b14b_old number", [invoiced(ISSUED, "A"), paid("2026-12-31", "B")], None),
    (
        "b14b_reissued",
        [
            invoiced(ISSUED, "A"),
            paid("2026-12-31", "B"),
            invoiced("2026-12-13", "B"),
            voided("2026-12-13", "A"),
        ],
        [],
    ),
    ("b33_refunded", [invoiced(ISSUED), paid("2026-12-31"), reversed_payment("2027-01-01")], None),
    ("a reversal before its payment", [invoiced(ISSUED), REVERSED, paid("2026-12-31")], None),
    ("a reversal before the invoice", [REVERSED, paid("2026-12-31"), invoiced(ISSUED)], None),
    (
        "paid again, and the first payment was never reported",
        [invoiced(ISSUED), REVERSED, paid("2027-02-01")],
        [],
    ),
    (
        "part of a payment went back before it was reported",
        [
            invoiced(ISSUED, total="1000.00"),
            reversed_payment("2027-01-01", amount="10.00"),
            paid("2026-12-31", amount="1000.00"),
        ],
        None,
    ),
    (
        "more than that was paid",
        [
            invoiced(ISSUED, total="1000.00"),
            reversed_payment("2027-01-01", amount="10.00"),
            paid("2026-12-31", amount="1010.00"),
        ],
        [],
    ),
    (
        "what went back ahead is of two payments",
        [
            invoiced(ISSUED, total="1000.00"),
            reversed_payment("2027-01-01", amount="1000.00"),
            paid("2026-12-30", amount="600.00"),
            paid("2026-12-31", amount="600.00"),
            paid("2027-01-02", amount="799.00"),
        ],
        None,
    ),
    (
        "paid again",
        [
            invoiced(ISSUED),
            paid("2026-12-31"),
            reversed_payment("2027-01-01"),
            paid("2027-02-01"),
        ],
        [],
    ),
]


@pytest.mark.parametrize(
    ("facts", "answers"), [case[1:] for case in INVOICES], ids=[case[0] for case in INVOICES]
)
def test_what_counts_as_an_unpaid_renewal(
    facts: list[Event], answers: list[tuple[str, str]] | None
) -> None:
    expected = [("renewal.lapsed",)] if answers is None else answers
    desk = Desk("2027-01-01", RENEWING, *facts)

    assert told(desk.until(T0)) == expected


OTHERS = invoiced(ISSUED, customer_id=STRANGER)
OF_100, OF_80, OF_0 = (invoiced(ISSUED, total=total) for total in ("100.00", "80.00", "0.00"))
NO_RENEWAL = invoiced(ISSUED, renewal=False)
PAID_80 = paid("2027-02-09", amount="80.00")
WATCHED, LAPSED = "renewal.watched", "renewal.lapsed"
CORRECTIONS: list[tuple[str, list[Event], list[str]]] = [
    ("to nothing", [OF_100, OF_0], [WATCHED]),
    ("to nothing, and back", [OF_100, OF_0, OF_100], [WATCHED, LAPSED]),
    ("from nothing", [OF_0, OF_100], [WATCHED, LAPSED]),
    ("to what is paid", [OF_100, OF_80, PAID_80], [WATCHED]),
    ("to what has been paid", [OF_100, PAID_80, OF_80], [WATCHED]),
    ("to more than is paid", [OF_80, PAID_80, OF_100], [WATCHED, LAPSED]),
    ("to the holder", [OTHERS, invoiced(ISSUED)], [WATCHED, LAPSED]),
    ("to another", [invoiced(ISSUED), OTHERS], [WATCHED]),
    ("to no renewal's", [invoiced(ISSUED), NO_RENEWAL], [WATCHED]),
    (
        "to no renewal's, and back",
        [invoiced(ISSUED), NO_RENEWAL, invoiced(ISSUED)],
        [WATCHED, WATCHED, LAPSED],
    ),
    (
        "no renewal's, of another day",
        [invoiced(ISSUED), invoiced("2026-12-12", renewal=False)],
        [WATCHED, LAPSED],
    ),
    ("after it was voided", [OF_100, voided("2026-12-20"), OF_80], [WATCHED]),
    ("in another form", [OF_100, invoiced(ISSUED, " f-0001", total="100.0")], [WATCHED, LAPSED]),
]


@pytest.mark.parametrize(
    ("invoices", "answers"),
    [case[1:] for case in CORRECTIONS],
    ids=[case[0] for case in CORRECTIONS],
)
def test_billing_corrects_an_invoice_under_its_number_and_day(
    invoices: list[Event], answers: list[str]
) -> None:
    desk = Desk("2027-01-01", RENEWING)
    heard = [event for invoice in invoices for event in desk.hears(invoice)]

    assert [short(event) for event in [*heard, *desk.until(T0)]] == answers


@pytest.mark.parametrize("correction", [OF_0, NO_RENEWAL, OTHERS])
def test_a_correction_that_comes_before_the_timer_keeps_the_renewal_from_its_lapse(
    correction: Event,
) -> None:
    desk = Desk(T0, RENEWING, OF_100, correction)

    assert desk.until("2028-01-01") == []


BACK = reversed_payment(T0[:10])
NEXT_TERM = term("2027-03-01", None, kind=PASSPORT, auto_renewal=True)
OVER: list[tuple[str, list[Event], list[Event]]] = [
    # id, what is heard before and after day 75, then corrected in vain
    ("lapsed", [OF_100], []),
    ("paid late", [OF_100], [paid("2027-02-28")]),
    ("decided", [OF_100], [paid("2027-02-28"), refused()]),
    ("reinstated by an agent", [OF_100], [paid("2027-02-28"), approved()]),
    ("reversed", [OF_100, paid("2027-01-01")], [BACK]),
    ("of an earlier term", [OF_100], [NEXT_TERM]),
    ("overtaken by a new term", [invoiced("2026-12-10", "F-1"), OF_100], [NEXT_TERM]),
    ("paid in time", [OF_80, PAID_80], []),
    ("of nothing", [OF_0], []),
]
TOO_LATE_TO_CORRECT = [invoiced(ISSUED, total="120.00"), OF_0, NO_RENEWAL, OTHERS]


@pytest.mark.parametrize("correction", TOO_LATE_TO_CORRECT)
@pytest.mark.parametrize(
    ("before", "since"), [case[1:] for case in OVER], ids=[case[0] for case in OVER]
)
def test_what_is_over_when_billing_corrects_it_stays_as_it_is(
    before: list[Event], since: list[Event], correction: Event
) -> None:
    desk = Desk("2027-01-01", RENEWING, *before)
    desk.until(T0)
    for event in since:
        desk.hears(event)
    was = desk.file

    assert desk.hears(correction) == []
    assert desk.file == was
    assert desk.until("2028-01-01") == []


LATER, LATER_LAPSES_ON = "2026-12-16", "2027-03-01"


def test_of_two_unpaid_renewals_in_one_term_the_first_lapses_and_no_other() -> None:
    desk = Desk("2026-12-20", RENEWING, invoiced(LATER, "F-2"), invoiced(ISSUED, "F-1"))
    lapses = desk.until("2028-01-01")
    cancelled = desk.hears(confirmed("2028-01-01"))

    assert told(lapses, "invoice_number", "effective_on") == [
        ("renewal.lapsed", "F-1", day(LAPSES_ON))
    ]
    assert told(cancelled, "lapsed_on") == [("not_required", day(LAPSES_ON))]


def test_two_renewals_found_unpaid_at_once_are_one_lapse() -> None:
    desk = Desk("2027-06-01", RENEWING, invoiced(LATER, "F-2"), invoiced(ISSUED, "F-1"))

    assert told(desk.until("2028-01-01"), "invoice_number") == [("renewal.lapsed", "F-1")]


def test_once_the_first_lapse_is_undone_the_second_unpaid_renewal_lapses() -> None:
    desk = after(RENEWING, invoiced(ISSUED, "F-1"), invoiced(LATER, "F-2"))

    assert told(desk.hears(paid(LAPSES_ON, "F-1"))) == [("renewal.reinstated",)]
    assert told(desk.until("2028-01-01"), "invoice_number", "effective_on") == [
        ("renewal.lapsed", "F-2", day(LATER_LAPSES_ON))
    ]


def test_the_second_renewal_paid_after_the_lapse_is_referred() -> None:
    desk = after(RENEWING, invoiced(ISSUED, "F-1"), invoiced(LATER, "F-2"))

    assert told(desk.hears(paid("2027-02-25", "F-2")), "cause") == [PAID_LATE]
    assert desk.until("2028-01-01") == []


def test_the_unpaid_renewals_of_a_lapsed_term_do_not_lapse_in_the_next() -> None:
    desk = after(RENEWING, invoiced(ISSUED, "F-1"), invoiced(LATER, "F-2"))
    desk.until("2027-04-01")
    desk.hears(term("2027-04-01", None, kind=PASSPORT, auto_renewal=True))
    desk.hears(invoiced("2027-04-02", "F-3"))

    assert told(desk.until("2028-01-01"), "invoice_number") == [("renewal.lapsed", "F-3")]


def test_a_void_after_the_lapse_leaves_it_and_its_replacement_counts_in_a_new_term() -> None:
    desk = after(RENEWING, invoiced(ISSUED, "F-1"))

    assert desk.hears(voided("2027-03-01", "F-1")) == []
    assert desk.hears(invoiced("2027-03-01", "F-2")) == []
    renewed = desk.hears(term("2027-03-01", None, kind=PASSPORT, auto_renewal=True))
    assert told(renewed, "invoice_number") == [("renewal.watched", "F-2")]


def test_a_licence_that_renews_itself_lapses_whatever_its_last_day() -> None:  # a_ended_pa_lapse
    desk = Desk(T0, term("2026-01-01", "2027-01-30", kind=PASSPORT, auto_renewal=True))
    desk.hears(invoiced(ISSUED))

    assert told(desk.until("2027-03-01 10:01")) == [("renewal.lapsed",)]


def test_billing_hears_of_an_invoice_that_is_watched() -> None:
    desk = Desk("2026-12-11", invoiced(ISSUED))

    assert told(desk.hears(RENEWING), "invoice_number", "issued_on", "lapses_on") == [
        ("renewal.watched", "F-0001", day(ISSUED), day(LAPSES_ON))
    ]
    assert desk.hears(invoiced(ISSUED)) == []


@pytest.mark.parametrize("amount", [None, "1000.00", "0.01"])
def test_a_payment_reversed_past_day_75_is_referred_and_never_lapses(amount: str | None) -> None:
    desk = Desk("2027-01-01", RENEWING, invoiced(ISSUED, total="1000.00"), paid("2027-01-01"))
    desk.until(T0)

    answers = [*desk.hears(reversed_payment(T0[:10], amount=amount)), *desk.until("2028-01-01")]

    assert told(answers, "cause", "invoice_number", "inquiry_id") == [
        ("referred", "payment_reversed", "F-0001", None)
    ]


@pytest.mark.parametrize(
    ("decision", "answer"), [(approved(), "renewal.lapsed"), (refused(), "refused")]
)
def test_a_professional_decides_about_a_reversed_payment(decision: Event, answer: str) -> None:
    desk = Desk("2027-01-01", RENEWING, invoiced(ISSUED), paid("2027-01-01"))
    desk.until(T0)
    desk.hears(reversed_payment(T0[:10]))

    assert told([*desk.hears(decision), *desk.until("2028-01-01")]) == [(answer,)]


def test_paid_in_time_and_reported_late_is_reinstated() -> None:
    desk = lapsed()

    answers = desk.hears(paid("2027-02-24"))

    assert told(answers, "invoice_number", "paid_on", "lapsed_on", "inquiry_id") == [
        ("renewal.reinstated", "F-0001", day("2027-02-24"), day(LAPSES_ON), None)
    ]
    assert desk.until("2028-01-01") == []


@pytest.mark.parametrize(
    ("now", "since", "answer"),
    [
        ("2027-03-27", (), "renewal.reinstated"),  # 31 days after the lapse
        ("2027-03-28", (), "referred"),
        ("2027-03-05", (term("2027-03-02", None, kind=PASSPORT, auto_renewal=True),), "referred"),
        ("2027-03-05", (contract(PASSPORT, customer_id=STRANGER),), "referred"),
    ],
    ids=["day 31", "day 32", "a new term", "a new holder"],
)
def test_reinstating_is_automatic_for_31_days_without_a_new_term_or_holder(
    now: str, since: tuple[Event, ...], answer: str
) -> None:
    desk = lapsed(*since[:0])
    for event in since:
        desk.hears(event)
    desk.until(now)

    cause = None if answer == "renewal.reinstated" else "paid_in_time_reported_late"
    assert told(desk.hears(paid("2027-02-24")), "cause") == [(answer, cause)]


@pytest.mark.parametrize(
    ("decision", "answer"), [(approved(), "renewal.reinstated"), (refused(), "refused")]
)
def test_paid_after_day_75_the_lapse_stands_and_a_professional_decides(
    decision: Event, answer: str
) -> None:  # b17c
    desk = lapsed()

    assert told(desk.hears(paid("2027-02-28")), "cause") == [PAID_LATE]
    assert told(desk.hears(decision)) == [(answer,)]
    assert desk.hears(paid("2027-03-01")) == []


PAID_IN_TIME = ("referred", "paid_in_time_reported_late")
IN_TIME_AFTER_LATE: list[tuple[str, list[Event], list[tuple[str, str | None]]]] = [
    # when the payment of the last day is heard of, what else is heard before, what comes of it
    ("2027-03-27", [], [("renewal.reinstated", None)]),  # 31 days after the lapse
    ("2027-03-28", [], [PAID_IN_TIME]),
    ("2027-03-05", [contract(PASSPORT, customer_id=STRANGER)], [PAID_IN_TIME]),
    (
        "2027-03-05",
        [term("2027-03-02", None, kind=PASSPORT, auto_renewal=True)],
        [PAID_IN_TIME],
    ),
    ("2027-03-05", [refused()], []),
]


@pytest.mark.parametrize(
    ("heard", "since", "answers"),
    IN_TIME_AFTER_LATE,
    ids=["day 31", "day 32", "a new holder", "a new term", "decided"],
)
def test_a_payment_in_time_counts_after_a_late_one_was_reported(
    heard: str, since: list[Event], answers: list[tuple[str, str | None]]
) -> None:
    desk = lapsed(paid("2027-02-28"))
    for event in since:
        desk.hears(event)
    desk.until(heard)

    assert told(desk.hears(paid(LAPSES_ON)), "cause") == answers
    assert [*desk.hears(paid(LAPSES_ON)), *desk.until("2028-01-01")] == []


def test_a_part_that_completes_no_payment_in_time_leaves_the_late_one_referred() -> None:
    desk = after(RENEWING, invoiced(ISSUED, total="100.00"), paid("2027-02-28", amount="60.00"))

    late = desk.hears(paid("2027-02-28", amount="40.00"))
    parts = [desk.hears(paid(LAPSES_ON, amount=amount)) for amount in ("60.00", "40.00")]

    assert told(late, "cause") == [PAID_LATE]
    assert [told(part) for part in parts] == [[], [("renewal.reinstated",)]]


def test_nobody_is_asked_any_more_about_a_renewal_that_is_in_force_again() -> None:
    desk = lapsed(paid("2027-02-28"))
    desk.hears(paid(LAPSES_ON))

    assert desk.hears(approved()) == []
    refusal = desk.all_events[-1]
    assert isinstance(refusal, AgentActionRefused)
    assert [error.code for error in refusal.errors] == ["nothing_referred"]


def test_a_professional_who_approves_a_payment_in_time_reinstates_it_as_of_that_day() -> None:
    desk = lapsed(paid("2027-02-28"))
    desk.until("2027-03-28")
    desk.hears(paid(LAPSES_ON))

    assert told(desk.hears(approved()), "paid_on") == [("renewal.reinstated", day(LAPSES_ON))]


def test_a_cancellation_of_a_lapsed_renewal_says_when_it_lapsed() -> None:  # b17b
    (answer,) = lapsed().hears(requested(T0))

    assert told([answer], "rule", "lapsed_on") == [
        ("not_required", "renewal-lapsed", day(LAPSES_ON))
    ]
    assert "24 de febrero de 2027" in answer.explanation.es


@pytest.mark.parametrize("number", ["F-0001", "F-0002"])
def test_reissued_after_the_lapse_it_is_referred_once_it_is_paid(number: str) -> None:  # b17
    desk = lapsed()

    assert desk.hears(invoiced("2027-02-26", number)) == []
    assert desk.until("2027-06-01") == []
    assert told(desk.hears(paid("2027-06-01", number)), "cause")[:1] == [PAID_LATE]


def test_reissued_twice_after_the_lapse_it_stays_lapsed() -> None:
    desk = lapsed()
    desk.hears(invoiced("2027-02-26"))

    assert [*desk.hears(invoiced("2027-02-28")), *desk.until("2027-06-01")] == []
    assert told(desk.hears(requested(T0)), "lapsed_on") == [("not_required", day(LAPSES_ON))]


def test_reissued_after_the_lapse_the_old_date_again_changes_nothing() -> None:
    desk = lapsed()
    desk.hears(invoiced("2027-02-26"))
    before = desk.file

    assert desk.hears(invoiced(ISSUED)) == []
    assert desk.file == before
    assert not any(isinstance(e, FactDisregarded) for e in desk.all_events)


@pytest.mark.parametrize(
    ("correction", "noted"),
    [
        (invoiced(ISSUED), []),
        (invoiced(ISSUED, renewal=False), ["corrected_after_lapse"]),
        (invoiced(ISSUED, customer_id="C-OTRO"), ["corrected_after_lapse"]),
        (invoiced("2026-05-01"), ["corrected_after_lapse"]),
    ],
    ids=["the same", "no renewal", "another customer", "an earlier day"],
)
def test_operations_hear_of_a_correction_that_comes_after_the_lapse(
    correction: Event, noted: list[str]
) -> None:
    desk = lapsed()

    assert desk.hears(correction) == []
    assert [e.why for e in desk.all_events if isinstance(e, FactDisregarded)] == noted
    assert told(desk.hears(requested(T0)), "lapsed_on") == [("not_required", day(LAPSES_ON))]


@pytest.mark.parametrize("record_first", [True, False])
def test_reissued_in_a_new_term_it_is_watched_anew(record_first: bool) -> None:  # b17
    desk = lapsed()
    news = [
        term("2027-02-26", None, kind=PASSPORT, auto_renewal=True),
        invoiced("2027-02-26"),
    ]
    answers = [a for e in (news if record_first else reversed(news)) for a in desk.hears(e)]

    assert told([*answers, *desk.until("2027-06-01")]) == [
        ("renewal.watched",),
        ("renewal.lapsed",),
    ]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([invoiced(ISSUED, customer_id="C-OTRO")], "another_customer"),
        ([paid("2026-05-05"), invoiced(ISSUED)], "paid_before_invoice"),
    ],
)
def test_operations_hear_once_of_a_fact_that_does_not_count(facts: list[Event], why: str) -> None:
    desk = after(RENEWING, *facts, *facts)

    noted = [e.why for e in desk.all_events if isinstance(e, FactDisregarded)]
    assert noted[:1] == [why]
    assert len(noted) <= len(facts)


# What comes late


def test_a_withdrawal_in_time_that_is_delivered_late_is_referred() -> None:  # b07b
    desk = after(contract(MONTHLY), confirmed("2027-01-20"))

    answers = desk.hears(withdrawal("2027-02-09"))

    names = ("inquiry_id", "answers_inquiry_id", "cause")
    assert told(answers, *names) == [("referred", "first", "withdrawal", "received_in_time")]


@pytest.mark.parametrize(
    ("decision", "answers"),
    [
        (approved(), [("withdrawn", day("2027-02-09"))]),
        (refused(), [("refused", None)]),
    ],
)
def test_a_professional_decides_about_a_late_withdrawal(
    decision: Event, answers: list[tuple[str, object]]
) -> None:
    desk = after(contract(MONTHLY), confirmed("2027-01-20"))
    desk.hears(withdrawal("2027-02-09"))

    assert told(desk.hears(decision), "withdrawn_on") == answers
    again = told(desk.hears(confirmed(T0, "again")))
    assert again == [("scheduled",) if answers[0][0] == "withdrawn" else ("already_scheduled",)]


@pytest.mark.parametrize(
    ("received", "answer", "cause"),
    [
        ("2027-03-31 23:59", "referred", "received_in_time"),
        ("2027-04-01 00:00", "referred", "no_policy"),
    ],
)
def test_evidence_in_time_that_is_delivered_after_the_expiry_is_referred(
    received: str, answer: str, cause: str
) -> None:
    desk = Desk(T0, contract(MONTHLY), requested(T0))
    desk.until("2027-04-03")

    assert told(desk.hears(destroyed(received)), "cause") == [(answer, cause)]
    assert told(desk.hears(approved(effective_on=day("2027-05-01"))), "effective_on") == [
        ("scheduled", day("2027-05-01"))
    ]


@pytest.mark.parametrize(
    ("asked_at", "withdrawn_at", "answer", "rule"),
    [
        (T0, "2027-02-24 10:00", "withdrawal_refused", "withdrawal-before-request"),
        (T0, "2027-03-01 09:59", "withdrawal_refused", "withdrawal-before-request"),
        (T0, T0, "withdrawn", "withdrawn-in-time"),
    ],
)
def test_a_withdrawal_never_undoes_a_request_received_after_it(
    asked_at: str, withdrawn_at: str, answer: str, rule: str
) -> None:  # a_withdraw_before_request_received
    desk = Desk(T0, contract(MONTHLY), confirmed(asked_at))

    assert told(desk.hears(withdrawal(withdrawn_at)), "rule") == [(answer, rule)]


ASKED_TWICE = [
    # the second request, when the letter was received and heard of, the answer, what comes then
    (confirmed("2027-01-05", "second"), "2027-01-03", "2027-01-06", "before", "took_effect"),
    (confirmed("2027-01-05", "second"), "2027-01-05", "2027-01-06", "withdrawn", None),
    (confirmed("2027-01-05", "second"), "2027-01-06", "2027-01-06", "withdrawn", None),
    (requested("2027-01-05", "second"), "2027-01-03", "2027-01-06", "before", "took_effect"),
    (confirmed("2027-01-05", "second"), "2027-01-03", "2027-02-05", "before", None),
    (confirmed("2027-01-05", "second"), "2027-01-10", "2027-02-05", "in time", None),
    (confirmed("2027-02-02", "second"), "2027-01-10", "2027-02-05", "before", None),
    (confirmed("2027-02-05", "second"), "2027-02-01", "2027-02-05", "too late", None),
    (destroyed("2027-01-05"), "2027-01-03", "2027-01-06", "withdrawn", None),
    (
        confirmed("2027-01-05", "second", customer_id=STRANGER),
        "2027-01-03",
        "2027-01-06",
        "withdrawn",
        None,
    ),
]
LETTERS = {
    "before": ("withdrawal_refused", "withdrawal-before-request"),
    "withdrawn": ("withdrawn", "withdrawn-in-time"),
    "in time": ("referred", "received-in-time"),
    "too late": ("withdrawal_refused", "too-late-to-withdraw"),
}


@pytest.mark.parametrize(("second", "received", "heard", "answer", "later"), ASKED_TWICE)
def test_a_withdrawal_never_undoes_a_repeated_request_received_after_it(
    second: ServiceRequest, received: str, heard: str, answer: str, later: str | None
) -> None:
    desk = Desk("2027-01-01", contract(MONTHLY), confirmed("2027-01-01"))
    desk.until(second.received_at)
    desk.hears(second)
    desk.until(heard)

    assert told(desk.hears(withdrawal(received)), "rule") == [LETTERS[answer]]
    names = [name for name, *_ in told(desk.until("2028-01-01"))]
    assert names == ([later] if later else [])


def test_a_withdrawal_never_undoes_a_request_that_the_same_evidence_completed() -> None:
    desk = Desk("2027-01-01", contract(MONTHLY), requested("2027-01-01"))
    desk.history.now = instant("2027-01-06")
    desk.hears(requested("2027-01-05", "second"))
    desk.hears(destroyed("2027-01-06"))

    (answer,) = desk.hears(withdrawal("2027-01-03"))

    assert told([answer], "rule") == [("withdrawal_refused", "withdrawal-before-request")]
    assert "5 de enero de 2027" in answer.explanation.es
    assert told(desk.until("2028-01-01")) == [("took_effect",)]


def test_a_request_that_was_taken_back_keeps_no_later_cancellation_from_its_withdrawal() -> None:
    desk = Desk("2027-01-10", contract("servicepac"), confirmed("2027-01-05", "old"))
    desk.hears(withdrawal("2027-01-06", "taken back"))
    desk.hears(contract(MONTHLY))
    desk.hears(confirmed("2027-01-02"))

    assert told(desk.hears(withdrawal("2027-01-03")), "inquiry_id") == [("withdrawn", "first")]


def test_a_withdrawal_takes_back_only_the_open_requests_before_it() -> None:
    desk = Desk(T0, contract(MONTHLY), requested("2027-02-01", "old"), requested(T0, "new"))

    assert told(desk.hears(withdrawal("2027-02-15")), "inquiry_id") == [("withdrawn", "old")]


def test_a_second_withdrawal_is_answered_with_the_first_ones_date() -> None:  # b34
    desk = Desk(T0, contract(MONTHLY), confirmed(T0), withdrawal("2027-03-02"))
    desk.history.now = instant("2027-03-05")

    (answer,) = desk.hears(withdrawal("2027-03-05", "again"))

    assert told([answer], "inquiry_id", "cause", "rule", "withdrawn_on") == [
        (
            "withdrawal_refused",
            "again",
            "nothing_scheduled",
            "already-withdrawn",
            day("2027-03-02"),
        )
    ]
    assert "2 de marzo de 2027" in answer.explanation.es


# What professionals may not do


@pytest.mark.parametrize(
    ("effective_on", "code"),
    [
        ("2027-01-28", "too_old"),  # 32 days back; a_past_date
        ("1990-01-01", "too_old"),
        ("2028-03-02", "too_far_ahead"),  # 367 days ahead
        ("2199-01-01", "too_far_ahead"),  # a_far_date
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_date_out_of_bounds_is_refused_and_nothing_changes(
    known: bool, effective_on: str, code: str
) -> None:
    desk = after(*([contract("servicepac")] if known else []), confirmed(T0))
    before = desk.file

    assert desk.hears(approved(effective_on=day(effective_on)), "act-1") == []

    refusal = desk.all_events[-1]
    assert isinstance(refusal, AgentActionRefused)
    assert (refusal.action_id, refusal.agent_id) == ("act-1", "agent-1")
    assert [(error.field, error.code) for error in refusal.errors] == [("effective_on", code)]
    assert desk.file == before


@pytest.mark.parametrize(
    ("facts", "decision", "codes"),
    [
        ([], approved, ["nothing_referred", "too_old"]),
        ([contract("servicepac"), confirmed(T0)], refused, ["too_old"]),
        ([RENEWING, invoiced(ISSUED), paid("2027-02-28")], approved, ["too_old"]),
        (
            [contract(MONTHLY), confirmed("2027-01-20"), withdrawal("2027-02-09")],
            approved,
            ["too_old"],
        ),
    ],
    ids=["nothing referred", "a refusal", "a renewal", "a withdrawal"],
)
def test_a_date_out_of_bounds_is_refused_whatever_is_decided(
    facts: list[Event], decision: Callable[..., Event], codes: list[str]
) -> None:
    desk = Desk(T0)
    for fact in facts:
        desk.hears(fact)
        desk.until("2027-03-01 10:01")

    assert desk.hears(decision(effective_on=day("1990-01-01"))) == []

    refusal = desk.all_events[-1]
    assert isinstance(refusal, AgentActionRefused)
    assert [error.code for error in refusal.errors] == codes


@pytest.mark.parametrize("effective_on", ["2027-01-29", "2027-03-01", "2028-03-01"])
def test_a_date_within_bounds_is_approved(effective_on: str) -> None:
    desk = Desk(T0, contract("servicepac"), confirmed(T0))

    assert told(desk.hears(approved(effective_on=day(effective_on))), "effective_on") == [
        ("scheduled", day(effective_on))
    ]


def test_nothing_is_approved_for_a_day_after_the_contracts_last_one() -> None:
    desk = Desk(T0, term("2026-01-01", "2027-04-30", kind="servicepac"), confirmed(T0))

    assert desk.hears(approved(effective_on=day("2027-05-02"))) == []
    assert told(desk.hears(approved(effective_on=day("2027-05-01"))), "last_billable_on") == [
        ("scheduled", day("2027-04-30"))
    ]


def test_a_refusal_without_a_reason_has_none_in_any_language() -> None:  # a_refuse_noreason_en
    desk = Desk(T0, contract("servicepac"), confirmed(T0))

    assert told(desk.hears(refused()), "reason") == [("refused", "")]


# What was right, and stays so


@pytest.mark.parametrize(
    ("received", "effective"),
    [
        ("2027-01-31", "2027-03-02"),
        ("2028-01-30", "2028-02-29"),
        ("2028-01-31", "2028-03-01"),
        ("2026-05-05", "2026-06-04"),  # b26: received 300 days ago
        ("2026-10-25 02:30", "2026-11-24"),  # the night on which clocks go back
        ("2027-03-28 03:30", "2027-04-27"),  # and forward
    ],
)
def test_notice_is_counted_in_days_over_month_ends_leap_years_and_clock_changes(
    received: str, effective: str
) -> None:
    desk = Desk("2028-02-01", contract(MONTHLY), confirmed(received))

    assert told(desk.public_events[:1], "effective_on") == [("scheduled", day(effective))]


def test_a_number_in_other_capitals_is_another_contract_and_says_so() -> None:  # b23, b25b
    desk = after(confirmed(T0))

    (answer,) = desk.public_events
    assert "mayúsculas" in answer.explanation.es
    assert "capitals" in answer.explanation.en


def test_a_witnessed_call_counts_at_night() -> None:  # b44
    desk = Desk(T0, contract(MAINTENANCE))

    answers = desk.hears(confirmed("2027-02-26 03:00", channel="call_centre"))

    assert told(answers) == [("scheduled",)]
