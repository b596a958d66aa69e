"""Records the events of one message, folding each in before the next is decided.

A Decider may import this beside `shared.events`: it does no I/O and knows no business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from shared.events.envelope import Event

State = TypeVar("State")


class Recorded(list[Event], Generic[State]):
    """The events so far, and the `state` that they were folded into one by one."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state


class Recorder(Generic[State]):
    """The `events` so far, and the `state` as it is after them."""

    def __init__(self, evolve: Callable[[State, Event], State], state: State) -> None:
        self._evolve = evolve
        self.events = Recorded(state)

    @property
    def state(self) -> State:
        return self.events.state

    def record(self, event: Event) -> None:
        self.events.append(event)
        self.events.state = self._evolve(self.events.state, event)

    def record_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self.record(event)
