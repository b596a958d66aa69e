"""Files that the release before wrote (commit 299a707): read, folded from their history, continued.

`stored/files_299a707.json` holds, of each scenario, the state and the events as its database does.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.cancellation.file.decide import CancellationFile, Rules, due_at
from services.cancellation.file.private_events import PRIVATE_EVENTS
from services.cancellation.service import FILE, file_decider
from shared.events.envelope import Event, Ref
from shared.events.topics import EVENT_TYPES
from tests.builders.cancellation import (
    HOLDER,
    MONTHLY,
    NUMBER,
    PASSPORT,
    STRANGER,
    Desk,
    approved,
    confirmed,
    contract,
    day,
    invoiced,
    paid,
    public,
    refused,
    told,
    withdrawal,
)
from tests.builders.stored import as_stored, fold

STORED = json.loads((Path(__file__).parent / "stored/files_299a707.json").read_text("utf-8"))
TYPES = EVENT_TYPES | {event.ce_type: event for event in PRIVATE_EVENTS}

every_file = pytest.mark.parametrize("name", sorted(STORED))


def history_of(name: str) -> list[Event]:
    return [TYPES[e["type"]].model_validate(e["data"]) for e in STORED[name]["history"]]


def stored(name: str) -> Any:
    state = STORED[name]["state"]
    return None if state is None else CancellationFile.model_validate(state)


def desk_with(name: str) -> Desk:
    desk = Desk(STORED[name]["now"])
    desk.history.put(Ref(FILE, NUMBER), stored(name))
    desk.history.happened[Ref(FILE, NUMBER)] = history_of(name)
    return desk


@every_file
def test_the_history_adds_up_to_the_stored_file(name: str) -> None:
    assert fold(file_decider(Rules()), history_of(name)) == stored(name)


@every_file
def test_a_file_is_due_later_than_the_timer_that_it_noted(name: str) -> None:
    file = stored(name)
    due = due_at(file) if file else None

    assert due is None or file.woken_for is None or due > file.woken_for


@every_file
def test_a_file_goes_on_with_its_timers_facts_and_decisions(name: str) -> None:
    desk = desk_with(name)
    now = desk.history.now

    desk.until(now + timedelta(days=100))
    for event in (
        contract(PASSPORT, starts_on=day("2026-01-01"), ends_on=day("2040-01-01")),
        confirmed(desk.history.now.isoformat(), "after the upgrade"),
        paid(desk.history.now.date().isoformat()),
        approved(),
        refused(),
        withdrawal(desk.history.now.isoformat(), "withdrawn after the upgrade"),
    ):
        desk.hears(event)
    desk.until(desk.history.now + timedelta(days=800))

    assert fold(file_decider(Rules()), desk.all_events) == desk.file
    assert as_stored(desk.file) == desk.file
    sequences = [event.sequence for event in public(desk.all_events)]
    assert sequences == list(range(1, len(sequences) + 1))


def test_what_was_scheduled_takes_effect() -> None:
    assert told(desk_with("scheduled").until("2027-03-31"), "effective_on") == [
        ("took_effect", day("2027-03-31"))
    ]


@pytest.mark.parametrize(
    ("again", "received", "answer"),
    [
        ("2027-03-05", "2027-03-04", "withdrawal_refused"),
        ("2027-03-05", "2027-03-05", "withdrawn"),
        ("2027-03-01", "2027-03-01", "withdrawn"),
    ],
)
def test_a_repeated_request_whose_time_is_not_known_counts_by_its_day(
    again: str, received: str, answer: str
) -> None:
    """Earlier releases kept only the day of receipt."""
    desk = desk_with("already-scheduled")
    first, second = STORED["already-scheduled"]["state"]["requests"]
    requests = [first, {**second, "received_on": again}]
    file = {**STORED["already-scheduled"]["state"], "requests": requests}
    desk.history.put(Ref(FILE, NUMBER), CancellationFile.model_validate(file))

    assert told(desk.hears(withdrawal(received))) == [(answer,)]


def test_what_was_held_is_decided() -> None:
    assert told(desk_with("held-with-evidence").hears(contract(MONTHLY))) == [("scheduled",)]


def test_a_timer_forged_far_ahead_silences_a_file_only_until_its_next_message() -> None:
    desk = desk_with("evidence-awaited")
    forged = {**STORED["evidence-awaited"]["state"], "woken_for": "2035-01-01T00:00:00Z"}
    desk.history.put(Ref(FILE, NUMBER), CancellationFile.model_validate(forged))
    desk.hears(paid("2027-03-01", "another"))

    assert told(desk.until("2027-04-01")) == [("evidence_reminded",), ("expired",)]


@pytest.mark.parametrize("name", ["evidence-awaited", "evidence-reminded"])
def test_what_was_awaited_is_settled_once_the_contract_has_ended(name: str) -> None:
    desk = desk_with(name)
    desk.hears(contract(MONTHLY, ends_on=day("2027-03-20")))

    assert told(desk.until("2028-01-01"), "rule") == [("not_required", "contract-already-ended")]


def test_a_payment_in_time_that_was_only_remembered_reinstates_the_renewal() -> None:
    desk = desk_with("renewal-lapsed-paid-in-time")

    assert told(desk.hears(paid("2027-03-19", "another")), "paid_on") == [
        ("renewal.reinstated", day("2027-03-10"))
    ]


def test_a_late_payment_that_was_only_remembered_is_referred_and_one_in_time_settles_it() -> None:
    desk = desk_with("renewal-lapsed-paid-late")

    referred = desk.hears(paid("2027-03-20", "another"))
    settled = desk.hears(paid("2027-03-10"))

    assert told(referred, "cause") == [("referred", "paid_after_lapse")]
    assert told(settled, "paid_on") == [("renewal.reinstated", day("2027-03-10"))]


def test_a_renewal_that_was_open_is_announced_and_lapses() -> None:
    desk = desk_with("renewal-open")

    assert told(desk.hears(paid("2027-03-19", "another"))) == [("renewal.watched",)]
    assert told(desk.until("2027-03-18")) == [("renewal.lapsed",)]


@pytest.mark.parametrize(
    ("corrections", "answers"),
    [
        ([{}], [("renewal.watched",), ("renewal.lapsed",)]),
        ([{}, {}], [("renewal.watched",), ("renewal.lapsed",)]),
        ([{"total": "0.00"}], []),
        ([{"customer_id": STRANGER}], []),
        ([{"renewal": False}], []),
    ],
)
def test_an_open_renewal_whose_total_is_not_known_takes_a_correction(
    corrections: list[dict[str, Any]], answers: list[tuple[str]]
) -> None:
    """Earlier releases kept neither an invoice's total nor its customer."""
    desk = desk_with("renewal-open")
    heard = [a for facts in corrections for a in desk.hears(invoiced("2027-01-01", **facts))]

    assert told([*heard, *desk.until("2027-03-18")]) == answers
    assert fold(file_decider(Rules()), desk.all_events) == desk.file


def test_a_lapse_of_an_earlier_release_stays_when_billing_corrects_the_invoice() -> None:
    desk = desk_with("renewal-lapsed")

    assert desk.hears(invoiced("2027-01-01", total="0.00")) == []


def test_a_cancellation_whose_holder_had_changed_is_suspended_at_the_next_change() -> None:
    desk = desk_with("holder-changed")

    assert told(desk.hears(contract(MONTHLY, customer_id="C-0003"))) == [("suspended",)]


def test_a_schedule_without_its_days_is_restored_with_those_that_are_known() -> None:
    """Earlier releases kept the day of receipt alone."""
    desk = desk_with("scheduled")
    desk.hears(contract(MONTHLY, customer_id=STRANGER))

    days = ("received_on", "complete_on", "notice_ends_on", "effective_on")
    assert told(desk.hears(contract(MONTHLY)), *days) == [
        ("scheduled", *map(day, ("2027-03-01", "2027-03-01", "2027-03-31", "2027-03-31")))
    ]


def test_a_file_full_of_strangers_shrinks_and_decides_the_holder() -> None:
    desk = desk_with("many-strangers-referred")

    answers = desk.hears(confirmed("2027-03-01 10:01", "mine"))

    assert told(answers, "customer_id") == [("scheduled", HOLDER)]
    assert desk.file is not None
    assert len(desk.file.requests) == 51


def test_a_strangers_referral_of_before_can_still_be_decided() -> None:
    desk = desk_with("strangers-referred")

    assert told(desk.hears(refused(inquiry_id="theirs")), "customer_id") == [("refused", STRANGER)]
