"""A service's aggregates without broker, database or real time: given messages, when, then events.

`History` does what the runtime promises: it routes, hands in exactly the replicas that the route
named, recognises repeats by identity and body, and keeps state and events as stored JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.runtime.decider import Decider, Route


def fold(decider: Decider[Any], events: Iterable[Event]) -> Any:
    """The state that the events add up to, each read back from JSON."""
    state = None
    for event in events:
        state = decider.evolve(state, type(event).model_validate_json(event.model_dump_json()))
    return state


def as_stored(state: Any) -> Any:
    """The state as the next message finds it."""
    return type(state).model_validate(json.loads(json.dumps(state.model_dump(mode="json"))))


@dataclass
class History:
    """Messages run through a service's Deciders at `now`, which moves when it is set."""

    deciders: Sequence[Decider[Any]]
    route: Callable[[Message], Route]
    now: datetime
    states: dict[Ref, Any] = field(default_factory=dict)
    happened: dict[Ref, list[Event]] = field(default_factory=dict)
    digests: dict[Ref, dict[tuple[str, str], list[str]]] = field(default_factory=dict)

    def receive(self, *messages: Message) -> list[Event]:
        """The new events of these messages, in order; a repeat has none."""
        return [event for message in messages for event in self._receive(message)]

    def _receive(self, message: Message) -> list[Event]:
        route = self.route(message)
        decides = (*route.decides, *map(self._looked_up, route.aliases))
        events: list[Event] = []
        for ref in decides:
            events += self._decide(ref, message, (*decides, *route.reads))
        return events

    def _looked_up(self, alias: Ref) -> Ref:
        """The record that has this alias; the alias itself, where none has it."""
        name = next(one.alias for one in self.deciders if one.kind == alias.kind) or ""
        named = {getattr(state, name, None): ref for ref, state in self.states.items()}
        return named.get(alias.id, alias)

    def _decide(self, ref: Ref, message: Message, named: tuple[Ref, ...]) -> list[Event]:
        decider = next(one for one in self.deciders if one.kind == ref.kind)
        seen = self.digests.setdefault(ref, {}).setdefault((message.source, message.id), [])
        digest = _digest(message)
        if digest in seen or (seen and not decider.answers_reused_ids):
            return []
        handed = replace(
            message,
            id_reused=bool(seen),
            aggregate=ref,
            replicas={other: self.states.get(other) for other in named},
        )
        seen.append(digest)
        state = self.states.get(ref)
        events = list(decider.decide(handed, state, self.now))
        for event in events:
            state = decider.evolve(state, event)
        self.states[ref] = None if state is None else as_stored(state)
        self.happened.setdefault(ref, []).extend(events)
        return events

    @property
    def folded(self) -> dict[Ref, Any]:
        """What every history adds up to; equal to `states` when the record is sound."""
        by_kind = {decider.kind: decider for decider in self.deciders}
        return {ref: fold(by_kind[ref.kind], events) for ref, events in self.happened.items()}


def _digest(message: Message) -> str:
    data = message.data
    body = asdict(data) if isinstance(data, Unchecked) else data.model_dump(mode="json")
    return json.dumps([message.type, body], sort_keys=True, default=repr)
