"""States and events as the next message finds them: read back from what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from shared.events.envelope import Event
from shared.runtime.decider import Decider


def fold(decider: Decider[Any], events: Iterable[Event]) -> Any:
    """The state that the events add up to, each read back from JSON."""
    state = None
    for event in events:
        state = decider.evolve(state, type(event).model_validate_json(event.model_dump_json()))
    return state


def as_stored(state: Any) -> Any:
    """The state as the next message finds it."""
    return type(state).model_validate(json.loads(json.dumps(state.model_dump(mode="json"))))
