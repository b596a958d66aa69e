"""CloudEvents 1.0 as the desk uses it: what an event is and what a received message carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1
from typing import Any, ClassVar, NamedTuple
from uuid import NAMESPACE_URL, UUID

from pydantic import BaseModel, ConfigDict


class Ref(NamedTuple):
    """The address of an aggregate: its kind and its id."""

    kind: str
    id: str


class Event(BaseModel):
    """A fact in the past tense: the `data` of one `ce_type`. Unknown fields are ignored."""

    # A command or a service uses few of all the events: to build the rest was a third of its start.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    ce_type: ClassVar[str]


class FaultCode(StrEnum):
    """A fault of a record's form, found before its fields are interpreted."""

    MISSING = "missing"
    WRONG_FORMAT = "wrong_format"
    NOT_ALLOWED = "not_allowed"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    STRUCTURED_MODE = "structured_mode"
    AMBIGUOUS = "ambiguous"
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    WRONG_KEY = "wrong_key"


class Fault(NamedTuple):
    """One fault of a record: an attribute, `key`, `data` or a field's dotted path, and its code."""

    field: str
    code: FaultCode


class Withheld:
    """Stands for a field's value that is not looked at: a fault says why."""

    def __repr__(self) -> str:
        return "WITHHELD"


WITHHELD = Withheld()


HIDING = frozenset({"data", "content-type", "ce_type"})
"""A fault in one of these prevents the fields from being read at all."""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A record whose faults the domain wants to answer itself (F2).

    `faults` are those of the record; where one of them hides the data, `fields` is empty, and the
    value of a field that holds too much is `WITHHELD`. `ce_type` is as the sender wrote it.
    """

    ce_type: str
    fields: dict[str, Any]
    faults: tuple[Fault, ...] = ()

    @property
    def hides_its_fields(self) -> bool:
        """Whether a fault of the record leaves nothing to be said of its fields."""
        return any(fault.field in HIDING for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Message:
    """One received event, as `decide` sees it.

    `source` and `id` together identify it. `replicas` holds the state (or None) of the other
    aggregates that the service's route named. `id_reused` is set when the same identity arrived
    before with another body. `aggregate` is the one that decides it now. `attempt` counts how often
    what was decided could not be kept, because another aggregate has the same value where all must
    differ. `caused` are the types of the events that it has caused in the records which decide it
    before this one. `broker_time` is when the broker appended the record, by its own clock (UTC);
    None where its topic carries the sender's time, which proves nothing.
    """

    source: str
    id: str
    data: Event | Unchecked
    key: str = ""
    time: datetime | None = None
    broker_time: datetime | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    id_reused: bool = False
    attempt: int = 0
    aggregate: Ref | None = None
    replicas: Mapping[Ref, Any] = field(default_factory=dict)
    caused: frozenset[str] = frozenset()

    @property
    def type(self) -> str:
        return self.data.ce_type

    @property
    def uuid(self) -> UUID:
        """The UUIDv5 of its identity: of a submission, the id of the record that it gets."""
        return message_uuid(self.source, self.id)

    @property
    def record_id(self) -> str:
        """The same as text."""
        return _record_id(self.source, self.id)

    def decided_in(
        self,
        aggregate: Ref,
        replicas: Mapping[Ref, Any],
        *,
        id_reused: bool,
        attempt: int,
        caused: frozenset[str],
    ) -> Message:
        """The message as the Decider of `aggregate` sees it."""
        return Message(
            self.source,
            self.id,
            self.data,
            self.key,
            self.time,
            self.broker_time,
            self.correlation_id,
            self.traceparent,
            id_reused,
            attempt,
            aggregate,
            replicas,
            caused,
        )

    def replica(self, kind: str, aggregate_id: str) -> Any:
        """The state of another aggregate of this service, or None; the route must name it."""
        return self.replicas[Ref(kind, aggregate_id)]


_URL = NAMESPACE_URL.bytes


@lru_cache(maxsize=4096)
def message_uuid(source: str, message_id: str) -> UUID:
    """The UUIDv5 of a message's identity; a URI holds no space, so the pair is unambiguous.

    An inquiry's id is the `message_uuid` of the submission that opened it.
    """
    name = _URL + f"{source} {message_id}".encode()
    return UUID(bytes=sha1(name, usedforsecurity=False).digest()[:16], version=5)


@lru_cache(maxsize=4096)
def _record_id(source: str, message_id: str) -> str:
    return str(message_uuid(source, message_id))


def caused_event_id(cause: UUID, owner: str, index: int) -> str:
    """The deterministic id of the event that `owner` (an aggregate) emits as its `index`-th."""
    # uuid5 in a third of the time: half of what the runtime itself does for a message is naming.
    name = sha1(cause.bytes + f"{owner} {index}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(name[16], 16) & 3]
    return f"{name[:8]}-{name[8:12]}-5{name[13:16]}-{variant}{name[17:20]}-{name[20:32]}"
