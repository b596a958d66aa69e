"""A file stays small, whatever strangers, customers and billing send; nobody's answer changes."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from services.cancellation.file import bounds
from services.cancellation.service import file_decider
from shared.events.envelope import Message
from tests.builders.cancellation import (
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
    invoiced,
    paid,
    public,
    refused,
    requested,
    reversed_payment,
    told,
    withdrawal,
)
from tests.builders.stored import fold

START = "2027-03-01 10:00"
GRACE_OVER = "2027-03-01 10:01"
FLOOD = 120
SMALL = 100_000


def size(desk: Desk) -> int:
    assert desk.file is not None
    return len(json.dumps(desk.file.model_dump(mode="json")))


def strangers_request(number: int) -> Message:
    asked = confirmed(START, f"theirs-{number}", customer_id=f"S-{number}")
    return Message("/test", f"theirs-{number}", asked)


@pytest.mark.parametrize("known", [True, False], ids=["another's contract", "unknown contract"])
def test_strangers_requests_are_all_referred_and_leave_the_file_small(known: bool) -> None:
    desk = Desk(START, *([contract(MONTHLY)] if known else []))
    answers = [a for n in range(FLOOD) for a in public(desk.history.receive(strangers_request(n)))]
    answers += desk.until(GRACE_OVER)

    asked = Counter(f"theirs-{n}" for n in range(FLOOD))
    assert Counter(answer.inquiry_id for answer in answers) == asked
    assert {(a.ce_type, a.rule) for a in answers} == {
        ("cancellation.referred.v1", "contract-not-found")
    }
    assert [a.sequence for a in desk.public_events] == list(range(1, FLOOD + 1))
    assert size(desk) < SMALL


def test_the_answers_are_the_same_for_an_unknown_contract_and_anothers() -> None:
    unknown, anothers = Desk(START), Desk(START, contract(MONTHLY))
    for number in range(FLOOD):
        request = strangers_request(number)
        assert public(unknown.history.receive(request)) == public(anothers.history.receive(request))
    assert unknown.until(GRACE_OVER) == anothers.until(GRACE_OVER)
    for each in (unknown, anothers):
        each.hears(withdrawal(START, customer_id="S-3"))
    assert unknown.public_events == anothers.public_events


def test_the_holder_is_decided_amid_a_flood() -> None:
    desk = Desk(START, contract(MONTHLY))
    for number in range(FLOOD):
        desk.history.receive(strangers_request(number))

    assert told(desk.hears(confirmed(START, "mine")), "inquiry_id") == [("scheduled", "mine")]


def test_after_the_grace_time_of_a_flood_another_request_is_held_again() -> None:
    desk = Desk(START)
    for number in range(FLOOD):
        desk.history.receive(strangers_request(number))
    desk.until(GRACE_OVER)
    desk.hears(confirmed(GRACE_OVER, "mine"))

    assert told(desk.hears(contract(MONTHLY)), "inquiry_id") == [("scheduled", "mine")]


def test_one_strangers_flood_leaves_room_for_others() -> None:
    desk = Desk(START)
    for number in range(FLOOD):
        desk.hears(confirmed(START, f"theirs-{number}", customer_id=STRANGER))
    desk.hears(confirmed(START, "mine"))

    assert told(desk.hears(contract(MONTHLY)), "inquiry_id") == [("scheduled", "mine")]


def test_a_stranger_withdraws_what_is_kept() -> None:
    desk = Desk(START, contract(MONTHLY))
    desk.history.receive(strangers_request(1))
    desk.until(GRACE_OVER)

    assert told(desk.hears(withdrawal(GRACE_OVER, customer_id="S-1")), "inquiry_id") == [
        ("withdrawn", "theirs-1")
    ]


@pytest.mark.parametrize(
    ("decision", "answer"),
    [
        (approved(effective_on=day("2027-04-01")), ("scheduled", "S-119", "theirs-119")),
        (refused(), ("refused", "S-119", "theirs-119")),
    ],
)
def test_a_referral_that_is_not_kept_is_decided_by_inquiry_and_customer(
    decision: object, answer: tuple[str, str, str]
) -> None:
    desk = Desk(START)
    for number in range(FLOOD):
        desk.history.receive(strangers_request(number))
    desk.until(GRACE_OVER)
    named = {"inquiry_id": "theirs-119", "customer_id": "S-119"}
    decided = decision.model_copy(update=named)  # type: ignore[attr-defined]

    assert told(desk.hears(decided), "customer_id", "inquiry_id") == [answer]


def test_evidence_for_a_held_request_is_bounded_and_answered() -> None:
    desk = Desk(START, requested(START, customer_id=STRANGER))
    for number in range(FLOOD):
        desk.hears(destroyed(START, f"proof-{number}", customer_id=STRANGER))
    desk.until(GRACE_OVER)

    named = {e.answers_inquiry_id or e.inquiry_id for e in desk.public_events}
    assert named >= {f"proof-{number}" for number in range(FLOOD)}
    assert size(desk) < SMALL


def test_the_same_signature_again_and_again_is_kept_once() -> None:
    desk = Desk(START, contract(MAINTENANCE), requested(START))
    for number in range(FLOOD):
        desk.hears(evidence(START, f"again-{number}", destruction_confirmed=True))

    assert size(desk) < 5_000


def test_a_holders_flood_is_bounded_and_every_request_answered() -> None:
    desk = Desk(START, contract(MAINTENANCE))
    answers = [a for n in range(FLOOD) for a in desk.hears(requested(START, f"mine-{n}"))]

    assert {a.inquiry_id for a in answers} == {f"mine-{n}" for n in range(FLOOD)}
    assert {a.rule for a in answers} == {"signature-missing", "too-many-requests"}
    assert size(desk) < SMALL


def test_settled_requests_leave_the_file() -> None:
    desk = Desk(START, contract(MONTHLY))
    for number in range(FLOOD):
        desk.hears(confirmed(START, f"asked-{number}"))
        desk.hears(withdrawal(START, f"withdrawn-{number}"))

    assert desk.file is not None
    assert len(desk.file.requests) <= bounds.SETTLED_KEPT
    assert fold(file_decider(desk.rules), desk.all_events) == desk.file


@pytest.mark.parametrize("pays", [True, False])
def test_hundreds_of_invoices_leave_the_file_small(pays: bool) -> None:
    desk = Desk("2027-01-01", contract(PASSPORT))
    for number in range(400):
        desk.hears(invoiced("2027-01-01", f"F-{number}"))
        if pays:
            desk.hears(paid("2027-01-02", f"F-{number}"))

    assert told(desk.hears(requested("2027-01-02", "mine")), "inquiry_id") == [
        ("not_required", "mine")
    ]
    assert size(desk) < SMALL


def test_payments_of_other_invoices_leave_the_file() -> None:
    desk = Desk("2027-01-01", contract(MONTHLY))
    for number in range(400):
        desk.hears(paid("2027-01-02", f"F-{number}"))

    assert desk.file is not None
    assert len(desk.file.payments) <= 2 * bounds.PAYMENTS_KEPT


@pytest.mark.parametrize(("parts", "lapses"), [(99, True), (100, False)])
def test_a_hundred_part_payments_add_up_to_the_cent(parts: int, lapses: bool) -> None:
    desk = Desk("2027-01-01", contract(PASSPORT), invoiced("2027-01-01", total="1.00"))
    for _ in range(parts):
        desk.hears(paid("2027-01-02", amount="0.01"))

    assert desk.file is not None
    assert len(desk.file.payments) <= 2 * bounds.PAYMENTS_OF_ONE_INVOICE
    assert bool(told(desk.until("2027-04-01"))) is lapses


def test_an_invoice_that_has_left_the_file_is_not_watched_when_it_is_sent_again() -> None:
    desk = Desk("2027-01-01", contract(PASSPORT))
    for number in range(140):
        desk.hears(invoiced("2027-01-01", f"F-{number}"))
        desk.hears(paid("2027-01-02", f"F-{number}"))
    desk.hears(invoiced("2027-01-01", "F-0"))

    assert desk.until("2028-01-01") == []


def test_a_payment_is_reversed_after_other_invoices_were_settled() -> None:
    desk = Desk("2027-01-01", contract(PASSPORT), invoiced("2027-01-01"), paid("2027-01-02"))
    for number in range(10):
        desk.hears(invoiced("2027-01-01", f"F-{number}"))
        desk.hears(paid("2027-01-02", f"F-{number}"))
    desk.hears(reversed_payment("2027-01-03"))

    assert told(desk.until("2027-04-01"), "invoice_number") == [("renewal.lapsed", "F-0001")]
