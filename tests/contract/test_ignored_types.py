"""Each service names the types on its topics that it routes nowhere; somebody judges each type."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.envelope import Event, Message
from shared.events.internal import FaultyAct, TimerDue
from shared.events.limits import MAX_RECORD_BYTES
from shared.events.topics import CATALOGUE, EVENT_TYPES, TOPIC_OF
from shared.kafka.records import Record, UndeliveredValue
from shared.runtime.decider import IGNORED, Service
from shared.runtime.record_faults import NO_OVERRIDES
from shared.runtime.stage.read import Reader
from tests.contract.test_golden_examples import GOLDENS, GoldenRecord, record_of
from tests.fakes.memory_store import MemoryStore
from tests.poison.trial import built, readers

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SERVICES = {service.name: service for service in built()}
SAID = {name: value for golden in GOLDENS.values() for name, value in golden.value.items()}
"""Some value of every field that an example has."""


def brought_to(service: Service) -> Iterator[type[Event]]:
    """Yields the events that the service routes by itself; the runtime routes timers and acts."""
    for topic in CATALOGUE:
        if service.name in topic.read_by and topic.name != "desk.operations":
            yield from (it for it in topic.events if it is not TimerDue)


def saying_all(event: type[Event]) -> Event:
    """An event of this type that leaves no field out that another event's example has."""
    fields: dict[str, Any] = {name: SAID[name] for name in event.model_fields if name in SAID}
    own = GOLDENS[event.ce_type].value
    try:
        return event.model_validate(fields | own)
    except ValueError:
        return event.model_validate(own)


def routed_nowhere(service: Service, event: type[Event]) -> bool:
    message = Message("/test", "1", saying_all(event), key="K")
    return service.route(message) == IGNORED


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_ignores_the_types_that_it_routes_nowhere_and_no_others(name: str) -> None:
    service = SERVICES[name]
    strict = [it for it in brought_to(service) if not it.ce_type.startswith("submission.")]

    assert set(service.ignores) == {it for it in strict if routed_nowhere(service, it)}


async def looked_into_by(record: Record, ce_type: str) -> list[str]:
    """The readers of this type that bury the record or hand it on, in their order."""
    found = []
    for service in readers_of(ce_type):
        reader = Reader(service, MemoryStore(service.deciders), NO_OVERRIDES)
        incoming, unreadable = await reader.messages([record], NOW)
        found += [service.name] * (len(incoming) + len(unreadable))
    return found


def readers_of(ce_type: str) -> tuple[Service, ...]:
    return tuple(readers(tuple(SERVICES.values()), TOPIC_OF[ce_type].name))


def given(ce_type: str, **other: Any) -> GoldenRecord:
    return replace(record_of(GOLDENS[ce_type]), **other)


def with_header(ce_type: str, name: str, value: bytes) -> GoldenRecord:
    record = given(ce_type)
    return replace(record, headers=[*(dict(record.headers) | {name: value}).items()])


every_type_that_services_read = pytest.mark.parametrize(
    "ce_type", [ce_type for ce_type in EVENT_TYPES if readers_of(ce_type)]
)


@every_type_that_services_read
async def test_the_data_of_every_type_is_judged_by_a_service(ce_type: str) -> None:
    assert await looked_into_by(given(ce_type, value=b"no JSON"), ce_type)


@every_type_that_services_read
async def test_a_service_looks_into_the_data_of_what_it_decides_or_judges_alone(
    ce_type: str,
) -> None:
    event, judge = EVENT_TYPES[ce_type], TOPIC_OF[ce_type].judge_of(ce_type)
    concerned = [it.name for it in readers_of(ce_type) if event not in it.ignores]
    assert await looked_into_by(given(ce_type), ce_type) == ([judge] if judge else concerned)


@every_type_that_services_read
@pytest.mark.parametrize(
    "fault",
    [
        lambda ce_type: given(ce_type, key=None),
        lambda ce_type: given(ce_type, key=b"\xff"),
        lambda ce_type: with_header(ce_type, "ce_source", b"/stranger"),
        lambda ce_type: with_header(ce_type, "ce_specversion", b"0.3"),
        lambda ce_type: with_header(ce_type, "ce_time", b"noon"),
        lambda ce_type: given(ce_type, value=b" " * (MAX_RECORD_BYTES + 1)),
        lambda ce_type: given(ce_type, value=UndeliveredValue.of(9, whole_batch=True)),
    ],
    ids=["no key", "no UTF-8", "a stranger's", "old", "no time", "too large", "a damaged batch"],
)
async def test_every_reader_judges_headers_key_and_size(
    ce_type: str, fault: Callable[[str], GoldenRecord]
) -> None:
    every_reader = [service.name for service in readers_of(ce_type)]
    assert await looked_into_by(fault(ce_type), ce_type) == every_reader


answered_forms = pytest.mark.parametrize(
    "ce_type", [it.ce_type for topic in CATALOGUE if topic.forms_answered_by for it in topic.events]
)


@answered_forms
async def test_a_faulty_form_that_one_service_answers_is_passed_over_by_all_others(
    ce_type: str,
) -> None:
    faulty = given(ce_type, value=json.dumps(GOLDENS[ce_type].value | {"agent_id": 7}).encode())
    [answering] = [TOPIC_OF[ce_type].forms_answered_by]

    for service in readers_of(ce_type):
        reader = Reader(service, MemoryStore(service.deciders), NO_OVERRIDES)
        incoming, unreadable = await reader.messages([faulty], NOW)
        assert [it.read.message.type for it in incoming] == (
            [FaultyAct.ce_type] if service.name == answering else []
        )
        assert not unreadable


async def test_a_tombstone_is_passed_over_by_nobody_whatever_type_it_names() -> None:
    named = "customer.registered.v1"
    every_reader = [service.name for service in readers_of(named)]
    assert await looked_into_by(given(named, value=None), named) == every_reader


async def test_a_submission_under_an_ignored_types_name_is_answered() -> None:
    intake = SERVICES["inquiry_intake"]
    ignored = intake.ignores[0].ce_type.encode()
    submission = with_header("submission.inquiry.v1", "ce_type", ignored)
    reader = Reader(intake, MemoryStore(intake.deciders), NO_OVERRIDES)

    [received], unreadable = await reader.messages([submission], NOW)

    assert received.decides
    assert not unreadable


def test_one_reader_is_named_as_judge_of_each_type_that_none_decides() -> None:
    named = [(topic, *judged) for topic in CATALOGUE for judged in topic.judged_by]
    undecided = {
        event
        for ce_type, event in EVENT_TYPES.items()
        if (concerned := readers_of(ce_type)) and all(event in it.ignores for it in concerned)
    }

    assert Counter(event for _, event, _ in named) == Counter(undecided)
    assert all(event in topic.events and name in topic.read_by for topic, event, name in named)
