"""Activating a ServicePac by its code (F9)."""

from datetime import timedelta

import pytest

from services.contract_archive.rules import Rules
from shared.events.contracts import (
    ContractActivated,
    ContractActivationFailed,
    ContractStatus,
    ContractStatusChanged,
)
from shared.events.envelope import Event
from tests.builders.archive import (
    CODE,
    GRACE,
    HOLDER,
    NUMBER,
    RULES,
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


def failed(attempts_left: int) -> ContractActivationFailed:
    return ContractActivationFailed(
        contract_number=NUMBER,
        customer_id=HOLDER,
        inquiry_id="inq-act",
        attempts_left=attempts_left,
    )


def locked() -> Archive:
    return Archive(RULES, recorded_servicepac(), *[WRONG] * 5)


@pytest.mark.parametrize("code", [CODE, f"  {CODE}\n"])
def test_the_right_code_activates(code: str) -> None:
    archive = Archive(RULES, recorded_servicepac())

    assert archive.receive(activation_requested(code)) == [ACTIVATED, NOW_ACTIVE]


@pytest.mark.parametrize("code", [WRONG_CODE, CODE.lower(), CODE[:-1], "", "\ud800", "ñ"])
def test_a_wrong_code_costs_an_attempt(code: str) -> None:
    archive = Archive(RULES, recorded_servicepac())

    assert archive.receive(activation_requested(code)) == [failed(4)]


@pytest.mark.parametrize(
    "record",
    [recorded(), recorded(activation_code=CODE), recorded_servicepac(activation_code=None)],
    ids=["not a ServicePac", "not a ServicePac, with a code", "no code on record"],
)
def test_what_no_code_can_activate_is_answered_as_a_wrong_code(record: Event) -> None:
    assert Archive(RULES, record).receive(activation_requested()) == [failed(4)]


def test_five_wrong_codes_lock_the_activation() -> None:
    archive = Archive(RULES, recorded_servicepac())

    answers = [archive.receive(WRONG) for _ in range(6)]

    assert answers == [[failed(4)], [failed(3)], [failed(2)], [failed(1)], [failed(0)], [failed(0)]]


def test_once_locked_even_the_right_code_fails() -> None:
    assert locked().receive(activation_requested()) == [failed(0)]


def test_an_agent_unlocks_and_the_count_begins_anew() -> None:
    archive = locked()

    assert types(archive.receive(unlocked())) == ["contract.activation_attempts_restored"]
    assert archive.receive(WRONG) == [failed(4)]
    assert archive.receive(activation_requested()) == [ACTIVATED, NOW_ACTIVE]


def test_unlocking_what_is_not_locked_changes_nothing() -> None:
    assert Archive(RULES, recorded_servicepac()).receive(unlocked()) == []


def test_the_right_code_again_is_answered_again() -> None:
    archive = Archive(RULES, recorded_servicepac(), activation_requested())

    assert archive.receive(activation_requested()) == [ACTIVATED]


def test_a_success_does_not_give_wrong_codes_back() -> None:
    archive = Archive(RULES, recorded_servicepac(), WRONG, activation_requested())

    assert archive.receive(WRONG) == [failed(3)]


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
    assert archive.wait(GRACE) == [failed(4)]


def test_activations_that_waited_together_are_counted_one_after_the_other() -> None:
    archive = Archive(Rules(access_grace=GRACE, activation_attempts=2), WRONG)
    archive.receive(activation_requested(WRONG_CODE, "inq-2"))
    archive.receive(activation_requested(CODE, "inq-3"))

    archive.receive(recorded_servicepac())

    assert archive.contract.attempts_left == 0
    assert archive.contract.activated is False


def test_a_typed_code_is_kept_nowhere() -> None:
    archive = Archive(RULES, activation_requested("SECRET-TYPED"))
    archive.wait(timedelta(minutes=1))
    archive.receive(recorded_servicepac())
    archive.receive(activation_requested("SECRET-TYPED"))

    kept = [event.model_dump_json() for events in archive.happened.values() for event in events]
    assert "SECRET-TYPED" not in "".join(kept)
