"""A dead letter: the record that was given up, and what is said of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from shared.kafka.records import EPOCH, RecordPosition, in_every_zone, stamped
from shared.operations.errors import OperationError
from shared.runtime.reason import Reason

WAITING_REASONS = frozenset({Reason.DEFECT, Reason.BLOCKED})
"""Such a letter belongs to one service alone; any other one to every reader of its topic."""
DL_HEADERS = frozenset(
    f"dl_{name}" for name in ("topic", "partition", "offset", "service", "reason", "error", "at")
)
_ID = re.compile(r"([0-9]{1,9})-([0-9]{1,18})")
_DIGITS = re.compile(r"[0-9]{1,19}")
"""Of any number that a place has; Python refuses to parse thousands of them."""
MOST_OFFSET = 2**63 - 1
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(eq=False)
class NotALetterId(OperationError):
    """The text is not the id of a dead letter."""

    written: str


class LetterId(NamedTuple):
    """A letter's place in its topic, written `3-1042`. It stays where it is for a year."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


@dataclass(eq=False)
class NoSuchLetters(OperationError):
    """The topic does not hold these dead letters."""

    ids: Sequence[LetterId]


@dataclass(frozen=True, slots=True)
class Original:
    """The record as it was, for the codec to read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int = -1
    timestamp_type: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: the original record, and what the `dl_` headers say of it.

    `at` (timezone-aware) is when it was given up. `sha256` is that of the value, also of a letter
    that was listed without it.
    """

    id: LetterId
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers
    sha256: str

    def says(self, name: str) -> str:
        """A header as text, its name in lower case; empty where it is missing."""
        found = [v for header, v in self.headers if header.lower() == name and v is not None]
        return found[-1].decode(errors="replace") if found else ""

    @property
    def service(self) -> str:
        """The service that gave the record up."""
        return self.says("dl_service")

    @property
    def reason(self) -> str:
        """The reason for the dead letter, one of `Reason`'s words."""
        return self.says("dl_reason")

    @property
    def error(self) -> str:
        """The fault, without the record's values."""
        return self.says("dl_error")

    @property
    def message_id(self) -> str:
        """The identity by which the runtime knows the message; empty where it has none."""
        source, ce_id = self.says("ce_source"), self.says("ce_id")
        return f"{source} {ce_id}" if source and ce_id else ""

    @property
    def origin(self) -> RecordPosition:
        """Where the record was read when it was given up."""
        partition, offset = self.says("dl_partition"), self.says("dl_offset")
        return RecordPosition(self.says("dl_topic"), _number(partition), _number(offset))

    @property
    def original_headers(self) -> list[tuple[str, bytes | None]]:
        return [(name, value) for name, value in self.headers if name not in DL_HEADERS]

    @property
    def original(self) -> Original:
        """The record as it was before it was given up."""
        headers = tuple(self.original_headers)
        return Original(*self.origin, key=self.key, value=self.value, headers=headers)

    @property
    def brief(self) -> Letter:
        """The same without the value, which may be large."""
        return replace(self, value=None)


def _number(text: str) -> int:
    number = int(text) if _DIGITS.fullmatch(text) else -1
    return number if number <= MOST_OFFSET else -1


def letter_id(written: str) -> LetterId:
    """Parses an id that a person typed. Raises `NotALetterId`."""
    found = _ID.fullmatch(written.strip())
    if found is None:
        raise NotALetterId(written)
    return LetterId(int(found[1]), int(found[2]))


def letter_of(record: Any) -> Letter:
    """The letter that a consumed record is."""
    headers: Headers = tuple(record.headers)
    letter = Letter(
        id=LetterId(record.partition, record.offset),
        at=stamped(record) or EPOCH,
        key=record.key,
        value=record.value,
        headers=headers,
        sha256=hashlib.sha256(record.value or b"").hexdigest(),
    )
    try:
        at = datetime.fromisoformat(letter.says("dl_at"))
    except ValueError:
        return letter
    return replace(letter, at=at) if at.tzinfo and in_every_zone(at) else letter


def by_id(found: Sequence[Letter]) -> dict[LetterId, Letter]:
    """The letters by their ids."""
    return {letter.id: letter for letter in found}
