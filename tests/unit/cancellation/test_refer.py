"""`refer` (F6): what a professional decides, and what is held before it is called not found."""

import pytest

from services.cancellation.file.decide import CancellationFile, Rules
from shared.events.agents import AgentActionRefused
from shared.events.contracts import ContractType
from shared.events.envelope import Event, Message
from tests.builders.cancellation import (
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
    instant,
    public,
    refused,
    requested,
    told,
    withdrawal,
)

START, GRACE_OVER = "2027-03-01 10:00:00", "2027-03-01 10:00:30"
IN_GRACE = "2027-03-01 10:00:29"
REFERRED = ("policy", "rule", "cause", "inquiry_id")


@pytest.mark.parametrize("kind", [ContractType.SERVICEPAC, "cloud_subscription", "x"])
def test_a_type_without_a_policy_is_referred_at_once(kind: str) -> None:
    desk = Desk(START, contract(kind))

    assert told(desk.hears(confirmed(START)), *REFERRED) == [
        ("referred", "refer", "no-policy-for-type", "no_policy", "first")
    ]


@pytest.mark.parametrize("asked", [confirmed(START), destroyed(START, "first")])
@pytest.mark.parametrize(
    "given",
    [
        pytest.param((), id="unknown"),
        pytest.param((contract(MONTHLY, customer_id=STRANGER),), id="another customer's"),
        pytest.param((contract(PASSPORT, customer_id=STRANGER),), id="another's of another type"),
    ],
)
def test_unknown_and_not_theirs_get_the_same_answer_at_the_same_time(
    given: tuple[Event, ...], asked: Event
) -> None:
    desk = Desk(START, *given)

    assert desk.hears(asked) == []
    assert desk.until(IN_GRACE) == []
    (answer,) = desk.until(GRACE_OVER)

    assert answer.model_dump() == {
        "contract_number": "LIC-2027/0001",
        "customer_id": HOLDER,
        "inquiry_id": "first",
        "answers_inquiry_id": None,
        "sequence": 1,
        "policy": "refer",
        "policy_version": "2024-1",
        "rule": "contract-not-found",
        "explanation": {
            "es": "No hemos podido asociar su solicitud a un contrato suyo. Compruebe cómo está "
            "escrito el número, también las mayúsculas y minúsculas. Un profesional revisará su "
            "solicitud y le responderá.",
            "en": "We could not match your request to a contract of yours. Please check how the "
            "number is spelled, capitals included. A professional will review your request and "
            "answer you.",
        },
        "cause": "contract_not_found",
        "invoice_number": None,
    }


def test_the_grace_time_is_a_setting() -> None:
    desk = Desk(START, rules=Rules(grace=instant(GRACE_OVER) - instant("2027-03-01 10:00:20")))
    desk.hears(confirmed(START))

    assert told(desk.until("2027-03-01 10:00:10")) == [("referred",)]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (MONTHLY, "scheduled"),
        (MAINTENANCE, "scheduled"),
        (PASSPORT, "not_required"),
        ("servicepac", "referred"),
    ],
)
def test_a_record_that_comes_within_the_grace_time_decides_at_once(kind: str, answer: str) -> None:
    desk = Desk(START, confirmed(START, requested_end_on=day("2027-12-31")))
    desk.until(IN_GRACE)

    assert told(desk.hears(contract(kind)), "inquiry_id") == [(answer, "first")]
    assert told(desk.until(GRACE_OVER)) == []


def test_a_record_that_shows_another_holder_does_not_decide() -> None:
    desk = Desk(START, confirmed(START))

    assert desk.hears(contract(MONTHLY, customer_id=STRANGER)) == []
    assert told(desk.until(GRACE_OVER), "cause") == [("referred", "contract_not_found")]


def test_a_record_after_the_grace_time_leaves_it_with_the_professional() -> None:
    desk = Desk(START, confirmed(START))
    desk.until(GRACE_OVER)

    assert desk.hears(contract(MONTHLY)) == []


def test_evidence_that_came_while_held_is_counted_and_answered() -> None:
    desk = Desk(START, requested(START))
    desk.hears(destroyed("2027-03-01 10:00:10", "proof"))

    assert told(desk.hears(contract(MONTHLY)), "inquiry_id", "answers_inquiry_id") == [
        ("scheduled", "first", "proof")
    ]


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (MONTHLY, [("scheduled", "first", "two"), ("already_scheduled", "one", None)]),
        (MAINTENANCE, [("evidence_awaited", "first", "one"), ("evidence_awaited", "first", "two")]),
        (PASSPORT, [("not_required", "first", "one"), ("not_required", "first", "two")]),
    ],
)
def test_every_piece_of_evidence_that_came_while_held_is_answered(
    kind: str, answers: list[tuple[str, str, str | None]]
) -> None:
    desk = Desk(START, requested(START), destroyed(START, "one"), destroyed(START, "two"))

    assert told(desk.hears(contract(kind)), "inquiry_id", "answers_inquiry_id") == answers


def test_evidence_held_by_itself_joins_the_request_that_is_decided() -> None:
    desk = Desk(START, destroyed(START, "proof"), requested(START, "request"))

    answers = desk.hears(contract(MONTHLY))

    assert told(answers, "inquiry_id", "answers_inquiry_id") == [("scheduled", "request", "proof")]
    assert desk.until("2027-03-02") == []


@pytest.mark.parametrize(
    ("kind", "answer", "rule"),
    [
        (MONTHLY, "referred", "evidence-without-request"),
        (PASSPORT, "not_required", "paid-at-the-start"),
    ],
)
def test_evidence_that_nothing_waits_for(kind: str, answer: str, rule: str) -> None:
    at_once = Desk(START, contract(kind)).hears(destroyed(START))
    held = Desk(START, destroyed(START)).hears(contract(kind))

    assert told(at_once, "inquiry_id", "rule") == [(answer, "evidence", rule)]
    assert at_once == held


@pytest.mark.parametrize(
    ("given_date", "effective"),
    [(None, "2027-03-05"), ("2027-04-01", "2027-04-01"), ("2028-02-29", "2028-02-29")],
)
def test_an_approved_referral_is_scheduled(given_date: str | None, effective: str) -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START))
    desk.until("2027-03-05 12:00")

    answers = desk.hears(approved(effective_on=given_date and day(given_date)))

    names = ("rule", "inquiry_id", "complete_on", "notice_ends_on", "effective_on", "received_on")
    assert told(answers, *names) == [
        (
            "scheduled",
            "agent-approved",
            "first",
            day("2027-03-05"),
            day(effective),
            day(effective),
            day("2027-03-01"),
        )
    ]


def test_the_day_of_decision_is_the_day_in_madrid() -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START))
    desk.until("2027-03-05T23:30:00+00:00")

    assert told(desk.hears(approved()), "effective_on") == [("scheduled", day("2027-03-06"))]


@pytest.mark.parametrize(
    ("given_reason", "reason"),
    [
        ("El contrato está vinculado a otro.", "El contrato está vinculado a otro."),
        (None, ""),
    ],
)
def test_a_refused_referral_says_why_and_who(given_reason: str | None, reason: str) -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START))

    answers = desk.hears(refused(reason=given_reason))

    assert told(answers, "rule", "reason", "agent_id") == [
        ("refused", "agent-refused", reason, "agent-1")
    ]


def test_the_oldest_referral_is_decided_unless_another_is_named() -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START, "a"), confirmed(START, "b"))
    desk.hears(confirmed(START, "c"))

    named = desk.hears(refused(inquiry_id="b"))
    oldest = desk.hears(refused())
    last = desk.hears(refused())

    assert [told(each, "inquiry_id") for each in (named, oldest, last)] == [
        [("refused", "b")],
        [("refused", "a")],
        [("refused", "c")],
    ]


@pytest.mark.parametrize("decision", [approved(), refused(), approved(inquiry_id="first")])
@pytest.mark.parametrize(
    "given",
    [
        (),
        (contract(MONTHLY),),
        (contract(MONTHLY), requested(START)),
        (contract(MONTHLY), confirmed(START)),
        (contract("servicepac"), confirmed(START), refused()),
        (contract("servicepac"), confirmed(START), withdrawal(START)),
    ],
)
def test_a_decision_on_nothing_referred_changes_nothing(
    given: tuple[Event, ...], decision: Event
) -> None:
    desk = Desk(START, *given)
    before = desk.file

    assert desk.hears(decision) == []
    assert desk.file == (before or CancellationFile(contract_number=NUMBER))
    refusal = desk.all_events[-1]
    assert isinstance(refusal, AgentActionRefused)
    assert [(e.field, e.code) for e in refusal.errors] == [("inquiry_id", "nothing_referred")]


def test_another_decision_under_a_used_id_is_refused_and_not_done() -> None:
    """A tool that corrects a refused decision under its old id would wait for ever."""
    desk = Desk(START, contract("servicepac"), confirmed(START))
    desk.hears(approved(effective_on=day("2037-04-01")), "act-1")
    before = desk.file

    assert desk.hears(approved(effective_on=day("2027-04-01")), "act-1") == []

    first, second = [it for it in desk.all_events if isinstance(it, AgentActionRefused)]
    assert [(it.field, it.code) for it in first.errors] == [("effective_on", "too_far_ahead")]
    assert [(it.field, it.code) for it in second.errors] == [("ce_id", "id_reused")]
    assert desk.file == before


def test_approval_answers_the_customers_other_open_requests() -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START, "a"), confirmed(START, "b"))

    answers = desk.hears(approved(effective_on=day("2027-04-01")))

    assert told(answers, "inquiry_id", "first_inquiry_id") == [
        ("scheduled", "a", None),
        ("already_scheduled", "b", "a"),
    ]


def test_a_second_approval_on_the_contract_is_no_second_cancellation() -> None:
    desk = Desk(START, confirmed(START, "a"), confirmed(START, "b", customer_id=STRANGER))
    desk.until(GRACE_OVER)
    desk.hears(approved(inquiry_id="a", effective_on=day("2027-04-01")))

    answers = desk.hears(approved(inquiry_id="b", effective_on=day("2027-05-01")))

    assert told(answers, "inquiry_id", "effective_on", "first_inquiry_id") == [
        ("already_scheduled", "b", day("2027-04-01"), "a")
    ]


def test_a_new_holder_does_not_learn_of_the_former_holders_cancellation() -> None:
    desk = Desk(START, contract(MONTHLY, customer_id=STRANGER))
    desk.hears(confirmed(START, "theirs", customer_id=STRANGER))
    desk.hears(contract(MONTHLY))

    assert told(desk.hears(confirmed(START)), *REFERRED) == [
        ("referred", "refer", "cancelled-by-another", "no_policy", "first")
    ]


def test_of_two_held_requests_one_is_scheduled_and_the_other_answered_once() -> None:
    desk = Desk(START, confirmed(START, "a"), confirmed(START, "b"))

    assert told(desk.hears(contract(MONTHLY)), "inquiry_id", "first_inquiry_id") == [
        ("scheduled", "a", None),
        ("already_scheduled", "b", "a"),
    ]


def test_a_decision_that_is_replayed_keeps_its_day() -> None:
    desk = Desk(START, contract("servicepac"), confirmed(START))
    desk.until("2027-03-09")
    message = Message("/tools/agent", "1", approved(), time=instant("2027-03-05 12:00"))

    assert told(public(desk.history.receive(message)), "complete_on") == [
        ("scheduled", day("2027-03-05"))
    ]


def test_evidence_that_came_too_late_for_a_held_request_does_not_count() -> None:
    desk = Desk(START, requested("2027-01-01"), destroyed(START))

    answers = [*desk.hears(contract(MONTHLY)), *desk.until("2027-03-02")]

    assert told(answers, "answers_inquiry_id", "due_on") == [
        ("evidence_awaited", "evidence", day("2027-01-31")),
        ("expired", None, day("2027-01-31")),
    ]
