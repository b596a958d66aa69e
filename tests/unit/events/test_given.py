"""Blank and null count as absent wherever an outsider may leave a field out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from desk.contract_docs.goldens import read_goldens
from shared.events.envelope import Event
from shared.events.given import Given
from shared.events.topics import CATALOGUE, CONSOLE, PORTAL, SERVICES, TOPIC_OF

GOLDENS = read_goldens(Path(__file__).parents[3])
OURS = {*SERVICES, PORTAL, CONSOLE, "the desk command"}
OUTSIDERS = [
    event
    for topic in CATALOGUE
    if not set(topic.written_by) <= OURS
    for event in topic.events
    if topic.writer_of(event.ce_type) not in SERVICES
]
OPTIONAL = [
    (event, name)
    for event in OUTSIDERS
    for name, field in event.model_fields.items()
    if not field.is_required()
]


@pytest.mark.parametrize("absent", [None, "", "  ", "\u200b"], ids=repr)
@pytest.mark.parametrize(
    ("event", "name"), OPTIONAL, ids=[f"{event.ce_type} {name}" for event, name in OPTIONAL]
)
def test_an_optional_field_that_is_blank_is_absent(
    event: type[Event], name: str, absent: str | None
) -> None:
    golden = GOLDENS[event.ce_type].value
    without = {field: value for field, value in golden.items() if field != name}

    assert event.model_validate(golden | {name: absent}) == event.model_validate(without)


def test_what_lies_within_such_an_event_may_be_blank_in_the_same_way() -> None:
    """Submissions have types of their own, which their tests try."""
    within = {
        model
        for event in OUTSIDERS
        if TOPIC_OF[event.ce_type].name != "desk.submissions"
        for model in models_in(event)
        if any(not field.is_required() for field in model.model_fields.values())
    }

    assert {model.__name__ for model in within if not issubclass(model, Given)} == set()


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's value may hold, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for part in get_args(annotation):
        yield from models_in(part)
