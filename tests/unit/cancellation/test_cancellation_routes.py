"""Which messages reach a cancellation file."""

import pytest

from services.cancellation.file.decide import Rules, decide
from services.cancellation.service import FILE, file_decider, route
from shared.events.agents import ActivationUnlocked
from shared.events.contracts import ContractStatus, ContractStatusChanged
from shared.events.envelope import Event, Message, Ref
from shared.events.topics import CANCELLATION, CATALOGUE
from shared.runtime.decider import IGNORED
from tests.builders.cancellation import (
    MONTHLY,
    NUMBER,
    approved,
    contract,
    destroyed,
    instant,
    invoiced,
    paid,
    requested,
    withdrawal,
)

DECIDED: tuple[Event, ...] = (
    contract(MONTHLY),
    requested("2027-03-01"),
    destroyed("2027-03-01"),
    withdrawal("2027-03-01"),
    invoiced("2027-03-01"),
    paid("2027-03-01"),
    approved(),
)


@pytest.mark.parametrize("event", DECIDED, ids=lambda event: event.ce_type)
def test_it_goes_to_the_file_of_its_contract(event: Event) -> None:
    assert route(Message("/test", "1", event)).decides == (Ref(FILE, NUMBER),)


@pytest.mark.parametrize(
    "event",
    [
        ActivationUnlocked(contract_number=NUMBER, agent_id="agent-1"),
        ContractStatusChanged(
            contract_number=NUMBER, customer_id="C-0001", status=ContractStatus.CANCELLED
        ),
    ],
    ids=lambda event: event.ce_type,
)
def test_it_is_ignored(event: Event) -> None:
    assert route(Message("/test", "1", event)) == IGNORED


def test_every_kind_that_is_decided_comes_on_a_topic_that_the_service_reads() -> None:
    read = {event for topic in CATALOGUE if CANCELLATION in topic.read_by for event in topic.events}

    assert {type(event) for event in DECIDED} <= read


def test_the_file_is_woken_at_its_due_times() -> None:
    assert file_decider(Rules()).has_timers


def test_what_is_not_routed_is_not_decided() -> None:
    message = Message("/test", "1", ActivationUnlocked(contract_number=NUMBER, agent_id="agent-1"))

    with pytest.raises(TypeError, match="not decided in a cancellation file"):
        decide(Rules(), message, None, instant("2027-03-01"))
