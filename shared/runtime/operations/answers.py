"""Answers of a service on its internal port. Instants are UTC, bytes are base64.

Histories, states and dry runs hold personal data as stored; nothing else here does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Ref


class Answer(BaseModel):
    """A client ignores fields that it does not know: the service may be newer."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"
    )


Item = TypeVar("Item", bound=Answer)


class ListPage(Answer, Generic[Item]):
    """Some items of a list in its order; `next` is what to ask for the following ones with."""

    service: str
    items: tuple[Item, ...]
    next: str | None = None


class ParkedRecord(Answer):
    """A record that a defect parked, since when and by what, and the messages that wait for it.

    `waiting` are the first of them by id, in their order; `behind` the digests of the later ones'
    ids, eight bytes each (`parking.digest_of`).
    """

    kind: str
    id: str
    since: datetime
    error: str
    waiting: tuple[str, ...]
    behind: bytes = b""

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.id)


class WaitingMessage(Answer):
    """Whether a message waits for a record; `error` is the defect that parked the record."""

    waits: bool
    error: str | None = None


class DueRecord(Answer):
    """A record that acts by itself at `at`: a `timer` decides it again, or a side effect is due.

    For work that is being done, `at` is the end of its lease.
    """

    kind: str
    id: str
    what: Literal["timer", "work"]
    at: datetime


class LargeRecords(Answer):
    """How many documents of a kind are larger than they should be, and the largest of them."""

    kind: str
    documents: int
    largest: str
    bytes: int


class Sizes(Answer):
    """The kinds of the service that have such documents."""

    service: str
    items: tuple[LargeRecords, ...]


class HealthAnswer(Answer):
    """How the service is: its status, and since when it lacks what, as its health page has it."""

    service: str
    status: str
    away: Mapping[str, datetime]


class RecordedEvent(Answer):
    """An event as stored: one that was published, or one that is kept in the history alone."""

    id: str
    type: str
    data: dict[str, Any]


class HistoryEntry(Answer):
    """A message that was decided: where it was read, when it was decided, and what it brought."""

    number: int
    message_id: str
    topic: str
    partition: int
    offset: int
    at: datetime
    events: tuple[RecordedEvent, ...]


class History(Answer):
    """One record: its state as stored, and entries of its history, oldest first.

    `entries_in_all` counts the archived ones too. `next` is the `first` of the following page.
    """

    service: str
    kind: str
    id: str
    version: int
    state: dict[str, Any] | None
    due_at: datetime | None = None
    parked: ParkedRecord | None = None
    entries_in_all: int
    entries: tuple[HistoryEntry, ...]
    next: int | None = None


class ForeseenEvent(Answer):
    """An event that would be recorded, and in which record; `public`: it would be published."""

    kind: str
    id: str
    type: str
    data: dict[str, Any]
    public: bool


class DecidedThen(Answer):
    """A message's original decision: its events, its instant and the position of its record.

    `again`: the records as they stood then follow from their histories, so it was decided again.
    """

    at: datetime
    topic: str
    partition: int
    offset: int
    events: tuple[ForeseenEvent, ...]
    again: bool


class Foreseen(Answer):
    """The foreseen decision of one record: its events, or why it would be given up.

    Neither: nothing would happen, since the service ignores it or has decided it already. With
    `then` it was decided again as of that time, and the events are what it would have brought.
    """

    events: tuple[ForeseenEvent, ...] = ()
    fault: str | None = None
    then: DecidedThen | None = None


class DryRunAnswer(Answer):
    """The foreseen decision of each record; the list may end early at a fault."""

    service: str
    foreseen: tuple[Foreseen, ...]


class CheckAnswer(Answer):
    """Everything that keeps a record from being decided, in words without its values."""

    service: str
    faults: tuple[str, ...]


class PreviewedEvent(Answer):
    """An event that would be published."""

    ce_type: str
    data: dict[str, Any]


class PreviewAnswer(Answer):
    """The preview as of today; `known` if the service has a record of its subject.

    `in_force` is what the service announces, such as the versions of its policies and their terms.
    """

    service: str
    at: datetime
    known: bool
    events: tuple[PreviewedEvent, ...]
    in_force: tuple[PreviewedEvent, ...] = ()


class DocumentAnswer(Answer):
    """A document for the customer that was named, and the SHA-256 of its bytes, in hex."""

    service: str
    media_type: str
    sha256: str
    content: bytes


class HandInAnswer(Answer):
    """The attachment was taken."""

    service: str


class QuestionFault(Answer):
    """A fault of a question: the field (empty for the whole of it) and why."""

    field: str
    fault: str


class Faults(Answer):
    """The answer to a question that cannot be answered, with every fault of it."""

    faults: tuple[QuestionFault, ...]
