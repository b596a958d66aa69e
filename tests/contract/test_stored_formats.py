"""A Decider's format is raised when its state or its history gets what no release could read yet.

`stored_formats.json` has, by service and kind, what came with each format from 0 on: the fields of
the state, and the event types that `evolve` names. What a release no longer has stays there.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from shared.events.envelope import Event
from shared.runtime.decider import Decider
from tests.poison.trial import built

STORED: dict[str, list[list[str]]] = json.loads(
    Path(__file__).with_name("stored_formats.json").read_text("utf-8")
)
DECIDERS = {
    f"{service.name} {decider.kind}": decider for service in built() for decider in service.deciders
}


def stored_by(decider: Decider[Any]) -> set[str]:
    """Every field of the state, with its place, and every event type that its `evolve` names."""
    return {*fields_in(decider.state, "state"), *types_named_beside(decider.evolve)}


def fields_in(model: type[BaseModel], place: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{place}.{name}"
        for nested in models_in(field.annotation):
            yield from fields_in(nested, f"{place}.{name}")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def types_named_beside(evolve: Any) -> Iterator[str]:
    for named in vars(inspect.getmodule(evolve)).values():
        if isinstance(named, type) and issubclass(named, Event) and hasattr(named, "ce_type"):
            yield named.ce_type


def test_every_decider_is_listed() -> None:
    assert set(STORED) == set(DECIDERS)


@pytest.mark.parametrize("name", DECIDERS)
def test_what_a_state_or_a_history_may_hold_came_with_a_format_that_its_decider_has(
    name: str,
) -> None:
    """Otherwise: raise the Decider's `format` by one and list the new names as a list of theirs."""
    decider, formats = DECIDERS[name], STORED[name]

    assert stored_by(decider) - {it for names in formats for it in names} == set()
    assert len(formats) == decider.format + 1


@pytest.mark.parametrize("name", DECIDERS)
def test_every_private_event_is_named_beside_its_evolve(name: str) -> None:
    decider = DECIDERS[name]

    assert {it.ce_type for it in decider.private_events} <= stored_by(decider)
