"""The archive's invariants hold in every order in which its topics may bring their messages."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.contract_archive.contract.decide import due_at
from services.contract_archive.contract.status import bring_up_to_date
from shared.events.contracts import (
    ContractActivationFailed,
    ContractCopyDenied,
    ContractStatus,
)
from shared.events.envelope import Event
from tests.builders.archive import (
    CODE,
    GRACE,
    NUMBER,
    RULES,
    STRANGER,
    WRONG_CODE,
    Archive,
    Step,
    acceptance_requested,
    activation_requested,
    authorisation,
    cancellation_scheduled,
    cancellation_took_effect,
    cancellation_withdrawn,
    copy_requested,
    recorded,
    recorded_servicepac,
    registration,
    renewal_lapsed,
    types,
    unlocked,
)
from tests.builders.examples import examples

RECORDS: list[Step] = [
    recorded(),
    recorded(starts_on=date(2026, 3, 3), ends_on=date(2026, 3, 4)),
    recorded_servicepac(),
    recorded_servicepac(starts_on=date(2026, 3, 3), ends_on=date(2026, 3, 5)),
    recorded(customer_id=STRANGER),
]
ACTIVATIONS: list[Step] = [activation_requested(CODE), activation_requested(WRONG_CODE)]
REQUESTS: list[Step] = [
    copy_requested(),
    copy_requested(customer_id=STRANGER),
    acceptance_requested(),
    acceptance_requested(customer_id=STRANGER),
    *ACTIVATIONS,
]
HOLDERS_ACCESS: list[Event] = [registration(), authorisation()]
STRANGERS_ACCESS: list[Event] = [registration(STRANGER), authorisation(STRANGER)]
DECISIONS: list[Step] = [
    cancellation_scheduled(1),
    cancellation_withdrawn(2),
    cancellation_scheduled(3),
    cancellation_took_effect(4),
    renewal_lapsed(4),
]
TIME: list[Step] = [
    timedelta(seconds=2),
    GRACE,
    timedelta(days=1),
    "timers asleep",
    "work",
]
WITHOUT_STRANGERS_ACCESS = [*RECORDS, *REQUESTS, *HOLDERS_ACCESS, unlocked(), *DECISIONS, *TIME]
WITHOUT_UNLOCKING = [*RECORDS, *REQUESTS, *HOLDERS_ACCESS, *DECISIONS, *TIME]
EVERYTHING = [*WITHOUT_STRANGERS_ACCESS, *STRANGERS_ACCESS]


def steps(pool: list[Step]) -> st.SearchStrategy[list[Step]]:
    """Any sequence: the order within a topic and key is as free as what was sent in it."""
    return st.lists(st.sampled_from(pool), max_size=16)


INSTANT = timedelta(milliseconds=1)
DENIED = ContractCopyDenied(
    contract_number=NUMBER,
    customer_id=STRANGER,
    inquiry_id="inq-stranger",
    cause="not_available",
)

quick = examples(150)


@quick
@given(steps(EVERYTHING), st.lists(st.integers(0, 15), max_size=4))
def test_a_repeated_message_changes_neither_states_nor_events(
    taken: list[Step], repeated: list[int]
) -> None:
    once, again = Archive(), Archive()

    assert again.play(taken, repeated) == once.play(taken)
    assert again.states == once.states


@quick
@given(steps(EVERYTHING))
def test_the_histories_add_up_to_the_states(taken: list[Step]) -> None:
    archive = Archive()
    archive.play(taken)

    assert archive.refolded == archive.states


@quick
@given(steps(EVERYTHING))
def test_deciding_is_a_pure_function(taken: list[Step]) -> None:
    first, second = Archive(), Archive()

    assert first.play(taken) == second.play(taken)


@quick
@given(steps(EVERYTHING))
def test_a_copy_is_only_ready_for_its_holder_with_access(taken: list[Step]) -> None:
    archive = Archive(RULES, recorded(), *HOLDERS_ACCESS)
    archive.play(taken)
    archive.settle()

    assert set(archive.copies_ready) <= {(True, True)}


@quick
@given(steps(WITHOUT_STRANGERS_ACCESS))
def test_a_denied_answer_is_the_same_for_every_reason(taken: list[Step]) -> None:
    archive = Archive()
    archive.play(taken)
    archive.settle()

    archive.receive(copy_requested("inq-stranger", STRANGER))

    assert denials(archive.wait(GRACE - INSTANT)) == []
    assert denials(archive.wait(INSTANT)) == [DENIED]


@quick
@given(steps(EVERYTHING))
def test_every_request_is_answered_exactly_once(taken: list[Step]) -> None:
    archive = Archive()
    archive.play(taken)
    archive.settle()

    assert sorted(archive.answered) == sorted(archive.asked)


@quick
@given(ended=st.sampled_from([cancellation_took_effect(10), renewal_lapsed(10)]), data=st.data())
def test_no_older_event_takes_a_contract_out_of_cancelled_or_lapsed(
    ended: Event, data: st.DataObject
) -> None:
    archive = Archive(RULES, ended, recorded())
    status = archive.contract.status

    archive.play(data.draw(steps(EVERYTHING)))

    assert status in (ContractStatus.CANCELLED, ContractStatus.LAPSED)
    assert archive.contract.status is status


@quick
@given(steps(WITHOUT_UNLOCKING))
def test_after_five_wrong_codes_nothing_activates_until_an_agent_unlocks(taken: list[Step]) -> None:
    archive = Archive(RULES, recorded_servicepac(), *[activation_requested(WRONG_CODE)] * 5)

    assert "contract.activated.v1" not in types(archive.play(taken))

    archive.receive(recorded_servicepac())
    archive.receive(unlocked())
    assert "contract.activated.v1" in types(archive.receive(activation_requested(CODE)))


@quick
@given(steps([*RECORDS, *ACTIVATIONS, *TIME]))
def test_without_unlocking_attempts_left_only_go_down_to_zero(taken: list[Step]) -> None:
    left = attempts_left(Archive().play(taken))

    assert left == sorted(left, reverse=True)
    assert set(left) <= {0, 1, 2, 3, 4}


@quick
@given(steps([recorded_servicepac(), *ACTIVATIONS, *TIME]))
def test_an_unlocking_gives_all_attempts_back(taken: list[Step]) -> None:
    archive = Archive(RULES, recorded_servicepac())
    archive.play([*taken, unlocked()])

    assert attempts_left(archive.receive(activation_requested(WRONG_CODE))) == [4]


@quick
@given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=3), st.data())
def test_registration_and_authorisation_commute(names: list[str], data: st.DataObject) -> None:
    registrations = [registration(name=name) for name in names]
    place = data.draw(st.integers(0, len(registrations)))

    ahead = Archive(RULES, authorisation(), *registrations)
    between = Archive(RULES, *registrations[:place], authorisation(), *registrations[place:])

    assert between.customer() == ahead.customer()
    assert between.access()


@quick
@given(st.permutations([recorded(), registration(), authorisation(), copy_requested()]))
def test_whatever_order_its_records_arrive_in_the_holder_gets_the_copy(order: list[Event]) -> None:
    archive = Archive(RULES, *order)

    answers = types(archive.settle())

    assert answers[-1:] == ["contract.copy_ready.v1"]
    assert archive.contract.status is ContractStatus.ACTIVE


@quick
@given(steps(EVERYTHING))
def test_the_status_is_never_late_and_no_timer_is_left_behind(taken: list[Step]) -> None:
    archive = Archive()
    archive.play(taken)
    archive.settle()

    assert bring_up_to_date(archive.contract, archive.now) == []
    assert (due_at(archive.contract) or archive.now + INSTANT) > archive.now


def denials(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, ContractCopyDenied)]


def attempts_left(events: list[Event]) -> list[int]:
    return [event.attempts_left for event in events if isinstance(event, ContractActivationFailed)]
