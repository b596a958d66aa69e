"""Raw records: as a consumer delivers them, and as a publisher takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC) for year in (2, 9999))
LOG_APPEND_TIME = 1
"""The `timestamp_type` of a record that the broker stamped when it appended it."""
Headers = list[tuple[str, bytes]]
RawHeaders = Sequence[tuple[str, bytes | None]]


class Record(Protocol):
    """A raw record as a consumer delivers it; nothing of it is decoded."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> RawHeaders: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def timestamp_type(self) -> int | None: ...


def stamped(record: Record) -> datetime | None:
    """A record's timestamp, in UTC, by whichever clock; None for one that no calendar has.

    The calendar's first and last days are not whole in every time zone: they count as none.
    """
    try:
        found = EPOCH + timedelta(milliseconds=record.timestamp)
    except OverflowError:
        return None
    return found if in_every_zone(found) else None


def in_every_zone(at: datetime) -> bool:
    """Whether this instant (timezone-aware) has a date in every time zone."""
    return FIRST <= at <= LAST


class RecordPosition(NamedTuple):
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class UndecodableRecord:
    """The place of a record that the Kafka client could not decode; its content stays there."""

    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = None
    headers: RawHeaders = ()
    timestamp: int = -1
    timestamp_type: int | None = None


class UndeliveredValue(bytes):
    """Stands for a value that was not delivered: `size` bytes, or that of its whole batch."""

    size: int
    whole_batch: bool

    @classmethod
    def of(cls, size: int, *, whole_batch: bool = False) -> UndeliveredValue:
        withheld = cls()
        withheld.size, withheld.whole_batch = size, whole_batch
        return withheld


def size_of(value: bytes | None) -> int:
    """Bytes of a record's value as it was sent."""
    return value.size if isinstance(value, UndeliveredValue) else len(value or b"")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event on its way out: where to, and exactly what."""

    topic: str
    key: str
    type: str
    headers: Headers
    value: bytes


class OutgoingRecord(Protocol):
    """A record on its way out that is no event, such as a dead letter: it is sent by itself."""

    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> RawHeaders: ...


Outgoing = Envelope | OutgoingRecord
