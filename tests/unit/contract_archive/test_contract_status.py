"""The registry's record and the status that follows from it, from time and from cancellations."""

from datetime import date, datetime, timedelta

import pytest

from services.contract_archive.contract.decide import decide
from services.contract_archive.contract.evolve import evolve
from services.contract_archive.contract.state import CONTRACT
from services.contract_archive.rules import Rules
from shared.events.cancellations import CancellationEvent
from shared.events.contracts import ContractRecorded, ContractStatus, ContractStatusChanged
from shared.events.envelope import Event, Ref
from shared.events.values import MADRID
from tests.builders.archive import (
    CODE,
    HOLDER,
    NOW,
    NUMBER,
    Archive,
    activation_requested,
    cancellation_not_required,
    cancellation_scheduled,
    cancellation_suspended,
    cancellation_took_effect,
    cancellation_withdrawn,
    recorded,
    recorded_servicepac,
    renewal_lapsed,
    renewal_reinstated,
    terminated,
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

    facts = ContractRecorded(**recorded().model_dump(), acceptable=True)
    assert [events[0], events[-1]] == [facts, status_changed(S.ACTIVE)]


def test_the_activation_code_is_on_no_topic_of_the_desks() -> None:
    archive = Archive()
    archive.receive(recorded_servicepac(activation_code="KEY-1"))
    archive.receive(recorded_servicepac(activation_code="KEY-1", title="Otro título"))

    kept = [event.model_dump_json() for event in archive.published]
    assert "KEY-1" not in "".join(kept)


def test_a_record_without_the_code_takes_none_away_and_is_no_changed_fact() -> None:
    archive = Archive(RULES, recorded_servicepac())

    assert archive.receive(recorded_servicepac(activation_code=None)) == []
    assert types(archive.receive(activation_requested()))[0] == "contract.activated.v1"


def test_a_new_code_replaces_the_old_one_without_a_changed_fact() -> None:
    archive = Archive(RULES, recorded_servicepac())

    new = archive.receive(recorded_servicepac(activation_code="KEY-NEW"))

    assert types(new) == ["contract.activation_code_noted"]
    assert types(archive.receive(activation_requested("key-new")))[0] == "contract.activated.v1"


OF_AN_EARLIER_RELEASE = ContractRecorded.model_validate(recorded_servicepac().model_dump())


@pytest.mark.parametrize(
    "later",
    [
        (),
        (terminated(TODAY),),
        (recorded_servicepac(activation_code=None),),
        (recorded_servicepac(activation_code=None, title="Otro título"),),
        (recorded_servicepac(),),
    ],
    ids=["nothing", "a termination", "the same facts", "other facts", "the code again"],
)
def test_a_code_among_facts_of_an_earlier_release_still_activates(later: tuple[Event, ...]) -> None:
    archive = Archive()
    archive.stage.put(Ref(CONTRACT, NUMBER), evolve(None, OF_AN_EARLIER_RELEASE))
    happened = [event for record in later for event in archive.receive(record)]

    assert CODE not in "".join(event.model_dump_json() for event in happened)
    assert types(archive.receive(activation_requested()))[0] == "contract.activated.v1"


def test_the_same_facts_again_change_nothing() -> None:
    assert Archive(RULES, recorded()).receive(recorded()) == []


def test_changed_facts_are_told_without_an_unchanged_status() -> None:
    events = Archive(RULES, recorded()).receive(recorded(title="Otro título"))

    assert types(events) == ["contract.recorded.v1", "contract.text_issued.v1"]


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

    assert types(events) == [
        "contract.recorded.v1",
        "contract.text_issued.v1",
        "contract.status_changed.v1",
    ]
    assert archive.contract.status is S.DRAFT


def test_a_timer_of_a_clock_that_is_ahead_is_not_early() -> None:
    archive = Archive(RULES, recorded(starts_on=TOMORROW))

    due_at = datetime(2026, 3, 3, tzinfo=MADRID)
    woken = archive.stage.timer(Ref(CONTRACT, NUMBER), due_at)

    events = decide(RULES, woken, archive.contract, due_at - timedelta(milliseconds=1))

    assert events == [status_changed(S.ACTIVE)]


@pytest.mark.parametrize(
    ("decisions", "status"),
    [
        ([cancellation_scheduled(1)], S.CANCELLATION_SCHEDULED),
        ([cancellation_scheduled(1), cancellation_withdrawn(2)], S.ACTIVE),
        ([cancellation_scheduled(1), cancellation_took_effect(2)], S.CANCELLED),
        ([renewal_lapsed(1)], S.LAPSED),
        ([cancellation_took_effect(2), cancellation_scheduled(1)], S.CANCELLED),
        (
            [cancellation_took_effect(2), cancellation_withdrawn(3, inquiry_id="another")],
            S.CANCELLED,
        ),
        # A professional accepted a withdrawal that was received in time.
        ([cancellation_took_effect(2), cancellation_withdrawn(3)], S.ACTIVE),
        (
            [cancellation_scheduled(1), cancellation_withdrawn(2, inquiry_id="another")],
            S.CANCELLATION_SCHEDULED,
        ),
        ([cancellation_scheduled(1), cancellation_suspended(2)], S.ACTIVE),
        (
            [cancellation_scheduled(1), cancellation_suspended(2), cancellation_scheduled(3)],
            S.CANCELLATION_SCHEDULED,
        ),
        ([cancellation_scheduled(1), cancellation_not_required(2)], S.ACTIVE),
        (
            [cancellation_scheduled(1), cancellation_not_required(2, inquiry_id="another")],
            S.CANCELLATION_SCHEDULED,
        ),
        ([renewal_lapsed(1), renewal_reinstated(2)], S.ACTIVE),
        ([cancellation_took_effect(1), renewal_reinstated(2)], S.CANCELLED),
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

    assert types(archive.receive(recorded(ends_on=TODAY))) == [
        "contract.recorded.v1",
        "contract.text_issued.v1",
    ]
    assert archive.wait(10 * DAY) == []


@pytest.mark.parametrize(
    "decisions",
    [[renewal_lapsed(1)], [cancellation_scheduled(1), cancellation_took_effect(2)]],
    ids=["lapsed", "cancelled"],
)
@pytest.mark.parametrize(
    ("starts_on", "revived"),
    [(date(2026, 4, 1), False), (date(2026, 4, 2), True), (date(2026, 6, 1), True)],
)
@pytest.mark.parametrize("record_first", [True, False])
def test_a_new_term_after_the_effective_day_has_a_status_of_its_own(
    record_first: bool, starts_on: date, revived: bool, decisions: list[CancellationEvent]
) -> None:
    archive = Archive(RULES, recorded(), *decisions[:-1])
    news = [recorded(starts_on=starts_on), decisions[-1]]
    for event in news if record_first else reversed(news):
        archive.receive(event)
    archive.wait(200 * DAY)

    cancelled = S.LAPSED if len(decisions) == 1 else S.CANCELLED
    assert archive.contract.status is (S.ACTIVE if revived else cancelled)


@pytest.mark.parametrize("record_first", [True, False])
def test_a_new_term_recorded_during_a_suspension_has_a_status_of_its_own(
    record_first: bool,
) -> None:
    archive = Archive(RULES, recorded(), cancellation_scheduled(1), cancellation_suspended(2))
    news = [recorded(starts_on=date(2026, 6, 1)), cancellation_scheduled(3)]
    for event in news if record_first else reversed(news):
        archive.receive(event)
    archive.receive(cancellation_took_effect(4))
    archive.wait(200 * DAY)

    assert archive.contract.status is S.ACTIVE


def test_a_lapse_stands_when_that_of_another_invoice_is_taken_back() -> None:
    archive = Archive(RULES, recorded(), renewal_lapsed(1))

    archive.receive(renewal_reinstated(2, lapsed_on=date(2025, 4, 1)))

    assert archive.contract.status is S.LAPSED


def test_a_contract_cancelled_before_it_starts_stays_cancelled_on_its_first_day() -> None:
    starts_later = recorded(starts_on=date(2026, 6, 1))
    decisions = [cancellation_scheduled(1), cancellation_took_effect(2)]
    archive = Archive(RULES, starts_later, *decisions)

    archive.receive(recorded(starts_on=date(2026, 6, 1), title="Otro título"))
    archive.wait(200 * DAY)

    assert archive.contract.status is S.CANCELLED


@pytest.mark.parametrize(
    ("terminated_on", "status"), [(TODAY, S.ENDED), (TOMORROW, S.ACTIVE), (TODAY - DAY, S.ENDED)]
)
@pytest.mark.parametrize("record_first", [True, False])
def test_a_contract_that_the_registry_terminated_has_ended_on_that_day(
    record_first: bool, terminated_on: date, status: ContractStatus
) -> None:
    news = [recorded(auto_renewal=True), terminated(terminated_on)]
    archive = Archive(RULES, *(news if record_first else reversed(news)))

    assert archive.contract.status is status
    facts = archive.contract.facts
    assert facts is not None
    assert (facts.ends_on, facts.auto_renewal) == (terminated_on - DAY, False)


def test_a_record_repeated_after_the_termination_changes_nothing() -> None:
    archive = Archive(RULES, recorded(), terminated(TODAY))

    assert archive.receive(recorded()) == []


def test_a_term_recorded_after_the_termination_is_a_new_one() -> None:
    archive = Archive(RULES, recorded(), terminated(TODAY))

    archive.receive(recorded(starts_on=TODAY))

    assert archive.contract.status is S.ACTIVE


def test_a_termination_never_prolongs_a_term() -> None:
    archive = Archive(RULES, recorded(ends_on=TODAY), terminated(TODAY + 30 * DAY))

    assert archive.contract.facts is not None
    assert archive.contract.facts.ends_on == TODAY
