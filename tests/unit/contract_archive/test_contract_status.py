"""The registry's record and the status that follows from it, from time and from cancellations."""

from datetime import date, datetime, timedelta

import pytest

from services.contract_archive.rules import Rules
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import ContractRecorded, ContractStatus, ContractStatusChanged
from shared.events.envelope import Event
from shared.events.values import MADRID
from tests.builders.archive import (
    HOLDER,
    NOW,
    NUMBER,
    Archive,
    activation_requested,
    cancellation_scheduled,
    cancellation_took_effect,
    cancellation_withdrawn,
    recorded,
    recorded_servicepac,
    renewal_lapsed,
    types,
)

RULES = Rules()
DAY = timedelta(days=1)
TODAY = NOW.date()
TOMORROW = TODAY + DAY
S = ContractStatus


def status_changed(status: ContractStatus) -> ContractStatusChanged:
    return ContractStatusChanged(contract_number=NUMBER, customer_id=HOLDER, status=status)


def test_a_new_record_is_told_with_its_facts_and_its_status() -> None:
    events = Archive().receive(recorded())

    facts = ContractRecorded.model_validate(recorded().model_dump())
    assert events == [facts, status_changed(S.ACTIVE)]


def test_the_activation_code_travels_with_the_facts() -> None:
    facts = Archive().receive(recorded_servicepac(activation_code="KEY-1"))[0]

    assert isinstance(facts, ContractRecorded)
    assert facts.activation_code == "KEY-1"


def test_the_same_facts_again_change_nothing() -> None:
    assert Archive(RULES, recorded()).receive(recorded()) == []


def test_changed_facts_are_told_without_an_unchanged_status() -> None:
    events = Archive(RULES, recorded()).receive(recorded(title="Otro título"))

    assert types(events) == ["contract.recorded.v1"]


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (recorded(starts_on=TODAY), S.ACTIVE),
        (recorded(starts_on=TOMORROW), S.DRAFT),
        (recorded(ends_on=TODAY), S.ACTIVE),
        (recorded(ends_on=TODAY - DAY), S.ENDED),
        (recorded(ends_on=TODAY - DAY, auto_renewal=True), S.ACTIVE),
        (recorded(ends_on=date.max), S.ACTIVE),
        (recorded(starts_on=TOMORROW, ends_on=TODAY - DAY), S.ENDED),
        (recorded_servicepac(), S.DRAFT),
        (recorded_servicepac(ends_on=TODAY - DAY), S.ENDED),
        (recorded(type="a type nobody knows"), S.ACTIVE),
    ],
)
def test_the_status_of_a_record(record: Event, status: ContractStatus) -> None:
    assert Archive(RULES, record).contract.status is status


def test_a_contract_starts_at_midnight_in_madrid() -> None:
    archive = Archive(RULES, recorded(starts_on=TOMORROW))

    assert archive.wait(14 * timedelta(hours=1)) == [status_changed(S.ACTIVE)]
    assert Archive(RULES, recorded(starts_on=TOMORROW)).wait(13 * timedelta(hours=1)) == []


def test_a_contract_ends_when_its_last_day_in_madrid_is_over() -> None:
    archive = Archive(RULES, recorded(ends_on=date(2026, 3, 29)))

    assert archive.wait(60 * DAY) == [status_changed(S.ENDED)]
    assert archive.known_timers == [datetime(2026, 3, 30, tzinfo=MADRID)]


def test_an_activated_servicepac_that_starts_later_is_a_draft_until_then() -> None:
    archive = Archive(RULES, recorded_servicepac(starts_on=TOMORROW), activation_requested())

    assert archive.contract.status is S.DRAFT
    assert archive.wait(DAY) == [status_changed(S.ACTIVE)]


def test_a_servicepac_that_is_never_activated_ends_all_the_same() -> None:
    archive = Archive(RULES, recorded_servicepac(ends_on=TOMORROW))

    assert archive.wait(3 * DAY) == [status_changed(S.ENDED)]


def test_a_postponed_start_puts_the_contract_back_to_draft() -> None:
    archive = Archive(RULES, recorded())

    events = archive.receive(recorded(starts_on=TOMORROW))

    assert types(events) == ["contract.recorded.v1", "contract.status_changed.v1"]
    assert archive.contract.status is S.DRAFT


def test_a_timer_of_a_clock_that_is_ahead_is_not_early() -> None:
    archive = Archive(RULES, recorded(starts_on=TOMORROW))

    events = archive.fire(datetime(2026, 3, 3, tzinfo=MADRID))

    assert events == [status_changed(S.ACTIVE)]


@pytest.mark.parametrize(
    ("decisions", "status"),
    [
        ([cancellation_scheduled(1)], S.CANCELLATION_SCHEDULED),
        ([cancellation_scheduled(1), cancellation_withdrawn(2)], S.ACTIVE),
        ([cancellation_scheduled(1), cancellation_took_effect(2)], S.CANCELLED),
        ([renewal_lapsed(1)], S.LAPSED),
        ([cancellation_took_effect(2), cancellation_scheduled(1)], S.CANCELLED),
        ([cancellation_took_effect(2), cancellation_withdrawn(3)], S.CANCELLED),
        ([renewal_lapsed(2), cancellation_withdrawn(3)], S.LAPSED),
        ([renewal_lapsed(2), cancellation_scheduled(1)], S.LAPSED),
        ([cancellation_withdrawn(2), cancellation_scheduled(1)], S.ACTIVE),
        ([cancellation_withdrawn(5)], S.ACTIVE),
        (
            [cancellation_scheduled(1), cancellation_withdrawn(2), cancellation_scheduled(4)],
            S.CANCELLATION_SCHEDULED,
        ),
    ],
)
@pytest.mark.parametrize("recorded_first", [True, False])
def test_the_newest_cancellation_decision_gives_the_status(
    decisions: list[CancellationEvent], status: ContractStatus, recorded_first: bool
) -> None:
    sequence = [recorded(), *decisions] if recorded_first else [*decisions, recorded()]

    assert Archive(RULES, *sequence).contract.status is status


def test_a_decision_on_an_unknown_contract_is_kept_privately() -> None:
    events = Archive().receive(cancellation_scheduled(1))

    assert types(events) == ["contract.cancellation_noted"]


def test_a_decision_that_was_noted_already_changes_nothing() -> None:
    archive = Archive(RULES, recorded(), cancellation_scheduled(3))

    assert archive.receive(cancellation_scheduled(3)) == []


def test_a_withdrawn_cancellation_of_a_contract_whose_term_is_over_leaves_it_ended() -> None:
    archive = Archive(RULES, recorded(ends_on=TODAY), cancellation_scheduled(1))

    archive.wait(2 * DAY)
    archive.receive(cancellation_withdrawn(2))

    assert archive.contract.status is S.ENDED


@pytest.mark.parametrize("decision", [cancellation_took_effect(1), renewal_lapsed(1)])
def test_a_new_record_or_the_end_of_the_term_never_revives_a_cancelled_contract(
    decision: CancellationEvent,
) -> None:
    archive = Archive(RULES, recorded(ends_on=TOMORROW), decision)

    assert types(archive.receive(recorded(ends_on=TODAY))) == ["contract.recorded.v1"]
    assert archive.wait(10 * DAY) == []
