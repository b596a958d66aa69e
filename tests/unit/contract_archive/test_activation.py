"""Activating a ServicePac by its code (F9), and whom wrong codes lock out."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contract_archive.contract.activate import MOST_HELD
from services.contract_archive.contract.evolve import evolve
from services.contract_archive.contract.private_events import ActivationFailureNoted
from services.contract_archive.contract.state import CONTRACT
from services.contract_archive.rules import Rules
from shared.events.activation_code import keyed_hash
from shared.events.agents import AgentActionRefused
from shared.events.contracts import (
    ContractActivated,
    ContractActivationFailed,
    ContractStatus,
    ContractStatusChanged,
)
from shared.events.envelope import Event, Ref
from tests.builders.archive import (
    CODE,
    GRACE,
    HOLDER,
    NUMBER,
    RULES,
    STRANGER,
    WRONG_CODE,
    Archive,
    activation_requested,
    recorded,
    recorded_servicepac,
    types,
    unlocked,
)

WRONG = activation_requested(WRONG_CODE)
ACTIVATED = ContractActivated(contract_number=NUMBER, customer_id=HOLDER, inquiry_id="inq-act")
NOW_ACTIVE = ContractStatusChanged(
    contract_number=NUMBER, customer_id=HOLDER, status=ContractStatus.ACTIVE
)


def failed(attempts_left: int, customer_id: str = HOLDER) -> ContractActivationFailed:
    return ContractActivationFailed(
        contract_number=NUMBER,
        customer_id=customer_id,
        inquiry_id="inq-act",
        attempts_left=attempts_left,
    )


def answers(events: list[Event]) -> list[Event]:
    """Returns the published events; the note of a failure is private."""
    return [event for event in events if not isinstance(event, ActivationFailureNoted)]


def wrong(customer_id: str) -> Event:
    return activation_requested(WRONG_CODE, customer_id=customer_id)


def locked() -> Archive:
    return Archive(RULES, recorded_servicepac(), *[WRONG] * 5)


def locked_for_all() -> Archive:
    """By twenty wrong codes of five customers in one day; none of them gave five."""
    customers = [f"C-9{number}" for number in range(5)]
    return Archive(RULES, recorded_servicepac(), *[wrong(who) for who in customers] * 4)


@pytest.mark.parametrize(
    "code", [CODE, f"  {CODE}\n", CODE.lower(), "key\u00a0- 7qx2", f"{CODE}\u200b", "ＫＥＹ-7QX2"]
)
def test_the_right_code_activates_whatever_its_case_and_blanks(code: str) -> None:
    archive = Archive(RULES, recorded_servicepac())

    assert archive.receive(activation_requested(code)) == [ACTIVATED, NOW_ACTIVE]


@pytest.mark.parametrize("code", [WRONG_CODE, CODE[:-1], "", " ", "\ud800", "ñ"])
def test_a_wrong_code_costs_an_attempt(code: str) -> None:
    archive = Archive(RULES, recorded_servicepac())

    assert answers(archive.receive(activation_requested(code))) == [failed(4)]


def test_g_activation_lower_both_spellings_are_the_same_code() -> None:
    archive = Archive(RULES, recorded_servicepac(activation_code="ZX81-QW9O"))

    assert archive.receive(activation_requested("zx81-qw9o")) == [ACTIVATED, NOW_ACTIVE]
    assert archive.receive(activation_requested(" ZX81-QW9O ")) == [ACTIVATED]


def test_a_request_of_an_earlier_release_that_names_the_code_itself_activates() -> None:
    old = activation_requested().model_copy(update={"code_hash": "", "activation_code": CODE})

    assert Archive(RULES, recorded_servicepac()).receive(old) == [ACTIVATED, NOW_ACTIVE]


def test_a_hash_of_another_contracts_equal_code_does_not_match() -> None:
    other = keyed_hash(RULES.activation_code_key, "MT-2026/0002", CODE)
    replayed = activation_requested().model_copy(update={"code_hash": other})

    assert answers(Archive(RULES, recorded_servicepac()).receive(replayed)) == [failed(4)]


@pytest.mark.parametrize(
    "record",
    [recorded(), recorded(activation_code=CODE), recorded_servicepac(activation_code=None)],
    ids=["not a ServicePac", "not a ServicePac, with a code", "no code on record"],
)
def test_what_no_code_can_activate_is_answered_as_a_wrong_code(record: Event) -> None:
    assert answers(Archive(RULES, record).receive(activation_requested())) == [failed(4)]


def test_five_wrong_codes_lock_the_activation() -> None:
    archive = Archive(RULES, recorded_servicepac())

    answered = [answers(archive.receive(WRONG)) for _ in range(6)]

    assert answered == [[failed(left)] for left in (4, 3, 2, 1, 0, 0)]


def test_once_locked_even_the_right_code_fails() -> None:
    assert answers(locked().receive(activation_requested())) == [failed(0)]


def test_five_wrong_codes_lock_the_activation_for_that_customer_only() -> None:
    archive = Archive(RULES, recorded_servicepac(), *[wrong(STRANGER)] * 6)

    assert answers(archive.receive(wrong(STRANGER))) == [failed(0, STRANGER)]
    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_tries_of_a_locked_customer_do_not_lock_the_others() -> None:
    archive = Archive(RULES, recorded_servicepac(), *[wrong(STRANGER)] * 40)

    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_twenty_wrong_codes_in_a_day_lock_the_contract_for_everyone() -> None:
    archive = locked_for_all()

    assert answers(archive.receive(activation_requested())) == [failed(0)]


def test_nineteen_wrong_codes_in_a_day_lock_nobody_else() -> None:
    archive = Archive(RULES, recorded_servicepac(), *[wrong(f"C-9{n}") for n in range(19)])

    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_wrong_codes_of_two_days_do_not_add_up() -> None:
    """One second on each side of midnight in Madrid."""
    archive = Archive(RULES, recorded_servicepac())
    archive.now = datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC)
    for number in range(19):
        archive.receive(wrong(f"C-8{number}"))
    archive.now = datetime(2026, 3, 2, 23, 0, 0, tzinfo=UTC)

    assert answers(archive.receive(wrong("C-90"))) == [failed(4, "C-90")]
    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_a_lock_for_everyone_outlasts_the_day_and_ends_with_an_unlocking() -> None:
    archive = locked_for_all()
    archive.now += timedelta(days=2)

    assert answers(archive.receive(activation_requested())) == [failed(0)]
    archive.receive(unlocked())
    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_the_customers_attempts_left_are_those_of_the_contract_where_they_are_fewer() -> None:
    archive = Archive(RULES, recorded_servicepac(), *[wrong(f"C-9{n}") for n in range(17)])

    assert answers(archive.receive(WRONG)) == [failed(2)]


def test_what_strangers_try_does_not_grow_the_contracts_record() -> None:
    archive = Archive(RULES, recorded_servicepac())
    for day in range(60):
        archive.now += timedelta(days=1)
        for number in range(19):
            archive.receive(wrong(f"S-{day}-{number}"))

    assert len(archive.contract.model_dump_json()) < 8_000


def test_activations_that_wait_for_an_unknown_contract_are_bounded() -> None:
    archive = Archive()
    for number in range(200):
        archive.receive(activation_requested(CODE, f"inq-{number}", f"S-{number}"))

    assert len(archive.contract.held_activations) == MOST_HELD


def test_a_lock_of_an_earlier_release_holds_until_an_agent_unlocks() -> None:
    archive = Archive(RULES, recorded_servicepac())
    ref = Ref(CONTRACT, NUMBER)
    archive.stage.put(ref, evolve(archive.contract, failed(0)))

    assert answers(archive.receive(activation_requested())) == [failed(0)]
    archive.receive(unlocked())
    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_a_history_of_an_earlier_release_folds_to_the_state_stored_with_it() -> None:
    recorded_only = Archive(RULES, recorded_servicepac()).contract

    folded = evolve(evolve(recorded_only, failed(4)), failed(3))

    assert folded == recorded_only.model_copy(update={"attempts_left": 3})


def test_an_agent_unlocks_and_the_count_begins_anew() -> None:
    archive = locked()

    assert types(archive.receive(unlocked())) == ["contract.activation_attempts_restored"]
    assert answers(archive.receive(WRONG)) == [failed(4)]
    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_unlocking_what_is_not_locked_changes_nothing() -> None:
    assert Archive(RULES, recorded_servicepac()).receive(unlocked()) == []


def test_unlocking_a_contract_that_the_registry_has_not_reported_is_refused() -> None:
    [refusal] = Archive(RULES).receive(unlocked())

    assert isinstance(refusal, AgentActionRefused)
    assert refusal.agent_id == unlocked().agent_id
    assert refusal.contract_number == NUMBER
    assert [(it.field, it.code) for it in refusal.errors] == [
        ("contract_number", "contract_unknown")
    ]


def test_a_lock_on_a_contract_that_the_registry_has_not_reported_is_lifted() -> None:
    archive = Archive(RULES, WRONG)
    archive.wait(GRACE)

    assert types(archive.receive(unlocked())) == ["contract.activation_attempts_restored"]


def test_the_right_code_again_is_answered_again() -> None:
    archive = Archive(RULES, recorded_servicepac(), activation_requested())

    assert archive.receive(activation_requested()) == [ACTIVATED]


def test_a_success_does_not_give_wrong_codes_back() -> None:
    archive = Archive(RULES, recorded_servicepac(), WRONG, activation_requested())

    assert answers(archive.receive(WRONG)) == [failed(3)]


def test_an_activation_waits_for_the_contracts_record() -> None:
    archive = Archive(RULES, activation_requested())

    assert archive.receive(recorded_servicepac())[-2:] == [ACTIVATED, NOW_ACTIVE]
    assert archive.wait(2 * GRACE) == []


def test_a_wrong_code_that_waited_for_the_record_counts_once() -> None:
    archive = Archive(RULES, WRONG)

    assert archive.receive(recorded_servicepac())[-1] == failed(4)
    assert archive.wait(2 * GRACE) == []


def test_a_contract_that_is_still_unknown_after_the_grace_counts_as_a_wrong_code() -> None:
    archive = Archive()

    assert types(archive.receive(activation_requested())) == ["contract.activation_held"]
    assert answers(archive.wait(GRACE)) == [failed(4)]


def test_activations_that_waited_together_are_counted_one_after_the_other() -> None:
    archive = Archive(Rules(access_grace=GRACE, activation_attempts=2), WRONG)
    archive.receive(activation_requested(WRONG_CODE, "inq-2"))
    archive.receive(activation_requested(CODE, "inq-3"))

    happened = archive.receive(recorded_servicepac())

    told = [e.attempts_left for e in happened if isinstance(e, ContractActivationFailed)]
    assert told == [1, 0, 0]
    assert archive.contract.activated is False


def test_a_typed_code_is_kept_nowhere() -> None:
    archive = Archive(RULES, activation_requested("SECRET-TYPED"))
    archive.wait(timedelta(minutes=1))
    archive.receive(recorded_servicepac())
    archive.receive(activation_requested("SECRET-TYPED"))

    kept = [event.model_dump_json() for events in archive.happened.values() for event in events]
    assert "SECRET-TYPED" not in "".join(kept)
