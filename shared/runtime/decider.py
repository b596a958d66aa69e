"""The Decider: two pure functions per aggregate, and what the runtime must know about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel
from starlette.types import ASGIApp

from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.internal import Outcome
from shared.mongo.client import Database

State = TypeVar("State", bound=BaseModel)


def _never(_state: Any) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class Decider(Generic[State]):
    """The business of one kind of aggregate. No I/O, no clock, no randomness inside.

    `decide` says what happens; a refusal is an event too, and nothing is a valid answer.
    `evolve` says what is true afterwards. `due_at` says when the aggregate wants a timer message,
    `work_at` when a side effect of it is due (both timezone-aware, None for never); they depend on
    the state alone. `work_since` says since when it has waited for one, for the metrics.
    `private_events` are the event types that are kept in the history but on no topic.
    """

    kind: str
    state: type[State]
    decide: Callable[[Message, State | None, datetime], Sequence[Event]]
    evolve: Callable[[State | None, Event], State]
    private_events: tuple[type[Event], ...] = ()
    format: int = 0
    """Counts the times that a release gave the state a new field or the history a new event type.
    A record that was written with a higher one waits for its release. What came with which number
    is in `tests/contract/stored_formats.json`, whose test says when to raise it."""
    alarms: tuple[type[Event], ...] = ()
    """The events that operations hear of: each is counted and logged."""
    counted_by: str | None = None
    """The field of its events by whose value the metrics count them: a closed set of values."""
    due_at: Callable[[State], datetime | None] = _never
    work_at: Callable[[State], datetime | None] = _never
    work_since: Callable[[State], datetime | None] = _never
    indexes: tuple[str, ...] = ()
    """State fields that people look aggregates up by (`state.<field>` gets an index)."""
    unique: tuple[str, ...] = ()
    """The same, and no two aggregates may have the same text there. A message whose events would
    make it so is decided again, with a higher `Message.attempt`."""
    reads: Callable[[State, Message], tuple[Ref, ...]] | None = None
    """Further aggregates to read for this message, given the aggregate's own current state."""
    alias: str | None = None
    """The indexed state field by whose value a route may name an aggregate instead of by its id."""
    publishes: bool = True
    public_state: Callable[[State, int], Event | None] | None = None
    """The state event of a state and the aggregate's version; None for what has no public state."""
    replica_of: str | None = None
    """The compacted topic that this kind repeats key by key: a tombstone there empties it."""
    answers_reused_ids: tuple[type[Event] | type[Unchecked], ...] = ()
    """The types of messages that are decided (to be refused) under a known id with another body;
    all else under a known id is dropped as a repeat."""

    @property
    def has_timers(self) -> bool:
        """Whether an aggregate of this kind can ever be due."""
        return self.due_at is not _never

    @property
    def has_work(self) -> bool:
        """Whether an aggregate of this kind can ever have a side effect."""
        return self.work_at is not _never

    @property
    def tells_waiting(self) -> bool:
        """Whether this kind says since when its side effects have waited."""
        return self.work_since is not _never


def replica(
    kind: str,
    state: type[State],
    evolve: Callable[[State | None, Event], State],
    *,
    of: str | None = None,
) -> Decider[State]:
    """A Decider that keeps another service's events and publishes nothing.

    `of` is the compacted topic whose keys are its ids: what is forgotten there is forgotten here.
    """

    def decide(message: Message, _state: State | None, _now: datetime) -> Sequence[Event]:
        assert isinstance(message.data, Event)
        return [message.data]

    return Decider(kind, state, decide, evolve, publishes=False, replica_of=of)


@dataclass(frozen=True, slots=True)
class Route:
    """The aggregates that a message is decided in, in this order, and those it only reads.

    `aliases` name further ones to decide it in, by the Decider's `alias`; one that nobody has is
    passed over.
    """

    decides: tuple[Ref, ...] = ()
    reads: tuple[Ref, ...] = ()
    aliases: tuple[Ref, ...] = ()


IGNORED = Route()


ReadStates = Callable[[Sequence[Ref]], Awaitable[Mapping[Ref, Any]]]
"""Reads aggregates of this service by address; the state of one that is not there is None."""


@dataclass(frozen=True, slots=True)
class Work:
    """A side effect that is due: whose, in which state, and a way to read other aggregates.

    Context managers entered on `until_reported` close after the outcome is published. Holding a
    scarce resource (an SMTP connection) in it limits how many pieces of work a crash can repeat.
    """

    ref: Ref
    state: Any
    read: ReadStates
    until_reported: AsyncExitStack


Perform = Callable[[Work], Awaitable[Outcome]]
"""Does due work idempotently; answers with the outcome, which is published and then decided."""


class Dependencies(Protocol):
    """Takes reports about a dependency that only this service has, such as a mail server.

    What is lost degrades the health page under that name until it is reported back.
    """

    def lost(self, dependency: str) -> None: ...
    def back(self, *dependencies: str) -> None: ...


OpenWorker = Callable[[Database, Dependencies], AbstractAsyncContextManager[Perform]]


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages for customers, and where they listen: not where metrics and health are.

    `open` makes the ASGI application that answers there; beside its database the service's own
    aggregates can be read.
    """

    host: str
    port: int
    open: Callable[[Database, ReadStates], ASGIApp]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the service's database, and what to call it where it is missing."""

    id: str
    told: str


Question = TypeVar("Question", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Preview(Generic[Question]):
    """Answers what would be decided about a request that nobody has made.

    `question` is what may be asked, `about` the aggregate that is asked about. `answer` is given
    that one's state (None where there is none) and the instant, timezone-aware, and names the
    public events; `known` says of the state whether there is what was asked about.
    """

    question: type[Question]
    about: Callable[[Question], Ref]
    known: Callable[[Any], bool]
    answer: Callable[[Question, Any, datetime], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A kept document's bytes."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Documents(Generic[Question]):
    """Hands documents to channels that have signed their customer in.

    `question` is what may be asked. `hand_over` is given the database and the instant,
    timezone-aware; None where there is no such document for that customer.
    """

    question: type[Question]
    hand_over: Callable[[Question, Database, ReadStates, datetime], Awaitable[HandedOut | None]]


@dataclass(frozen=True, slots=True)
class HandIns(Generic[Question]):
    """Takes attachments from channels, before the event that names them.

    `given` is what they hand in. `take` is given the database; it answers None, or why the
    attachment is not taken. Taking the same once more changes nothing.
    """

    given: type[Question]
    take: Callable[[Question, Database], Awaitable[str | None]]


def rejects_nothing(_message: Message, _now: datetime) -> Sequence[str]:
    """For a service whose messages are all sound once they can be read."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service, wired: what `build()` returns and the runtime runs.

    `open_worker` opens what the side effects need (a mail connection, a file store) and says
    whether it is there. `announcements` are what it publishes at start, and again when they change.
    `rejects` names, without values, every fault for which it would reject a readable message.
    `keeps` says which file a reported outcome left in the database, if one: no topic has it;
    `drops` which ones an outcome took away again. `clean_up` deletes what nobody has claimed in
    time; it is given the database and the instant, timezone-aware, and answers how much that was.
    `bears_repeats` are topics whose messages may be decided twice: the second time changes nothing.
    `ignores` are the types on its topics that it routes nowhere, whatever they say: the data of
    their records is not read, unless the catalogue names this service as the type's judge.
    """

    name: str
    deciders: tuple[Decider[Any], ...]
    route: Callable[[Message], Route]
    open_worker: OpenWorker | None = None
    pages: Pages | None = None
    announcements: Callable[[datetime], Sequence[Event]] | None = None
    rejects: Callable[[Message, datetime], Sequence[str]] = rejects_nothing
    preview: Preview[Any] | None = None
    keeps: Callable[[Outcome], KeptFile | None] | None = None
    drops: Callable[[Outcome], Sequence[str]] | None = None
    clean_up: Callable[[Database, datetime], Awaitable[int]] | None = None
    bears_repeats: frozenset[str] = frozenset()
    ignores: tuple[type[Event], ...] = ()
    documents: Documents[Any] | None = None
    hand_ins: HandIns[Any] | None = None

    @property
    def kinds_with_timers(self) -> tuple[str, ...]:
        """The kinds whose aggregates can ever be due: the runtime wakes them by a `TimerDue`."""
        return tuple(decider.kind for decider in self.deciders if decider.has_timers)
