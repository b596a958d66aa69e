"""A record as an operator reads it: its place, its attributes, its data; masked unless asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.envelope import message_uuid
from shared.events.field_classes import HIDDEN, is_fact, masked
from shared.events.limits import MAX_HEADERS, MAX_RECORD_BYTES
from shared.events.topics import DEAD_LETTERS, EVENT_TYPES
from shared.kafka.records import (
    EPOCH,
    Record,
    RecordPosition,
    UndecodableRecord,
    UndeliveredValue,
    size_of,
    stamped,
)
from shared.operations.dead_letters.letter import letter_of
from shared.runtime.attributes import Attributes
from shared.runtime.faults import Unreadable
from shared.runtime.json_object import json_object

INQUIRY_FIELDS = ("inquiry_id", "answers_inquiry_id")


@dataclass(frozen=True, slots=True)
class DeadBecause:
    """The reason for a dead letter, as its headers state it."""

    letter: str
    service: str
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A decoded record. `at` is the timestamp on its topic; an absent attribute is empty.

    `fault` says why it is no event that the desk can read; then `data` is empty. `dead` tells a
    dead letter, whose attributes and data are those of the record that was given up.
    """

    place: RecordPosition
    at: datetime
    type: str
    id: str
    source: str
    correlation_id: str
    causation_id: str
    key: str
    data: Mapping[str, Any]
    bytes: int
    fault: str = ""
    dead: DeadBecause | None = None

    @property
    def contracts(self) -> frozenset[str]:
        """The contracts that it names."""
        named = self.data.get("contract_numbers")
        several = named if isinstance(named, list) else ()
        one = None if self._kind == "inquiry" else self.data.get("contract_number")
        return frozenset(it for it in (one, *several) if isinstance(it, str) and it)

    @property
    def inquiries(self) -> frozenset[str]:
        """The inquiries that it is about, by id."""
        fields = [self.data.get(name) for name in INQUIRY_FIELDS]
        if self._kind == "inquiry":
            fields.append(self.data.get("id"))
        if self.is_submission and self.source and self.id:
            fields.append(str(message_uuid(self.source, self.id)))
        return frozenset(it for it in fields if isinstance(it, str) and it)

    @property
    def customer(self) -> str:
        """The record's customer id; empty if it names none."""
        found = self.data.get("customer_id")
        return found if isinstance(found, str) else ""

    @property
    def is_submission(self) -> bool:
        """Whether a channel sent it: its id is the correlation id of all that follows."""
        return self.type.startswith("submission.") and self.type != "submission.rejected.v1"

    @property
    def names(self) -> frozenset[str]:
        """Ids that only this record has: its own, an inquiry's reference, a mail address's hash."""
        found = (self.id, self.data.get("reference"), self.data.get("recipient_hash"))
        return frozenset(it for it in found if isinstance(it, str) and it)

    @property
    def ids(self) -> frozenset[str]:
        """Everything by which the record can be found."""
        named = (self.id, self.correlation_id, self.causation_id, self.key, self.customer)
        others = [value for name, value in self.data.items() if name.endswith(("_id", "_number"))]
        own = [self.data.get("reference"), *others]
        found = {*named, *self.contracts, *self.inquiries, *(it for it in own if _is_text(it))}
        return frozenset(str(it) for it in found if it)

    @property
    def _kind(self) -> str:
        """The kind of record that a timer wakes; empty for any other message."""
        return str(self.data.get("kind", "")) if self.type == "timer.due.v1" else ""

    def shown_data(self) -> dict[str, Any]:
        """The data, masked."""
        return masked(self.type, self.data)


def decoded(record: Record) -> DecodedRecord:
    """The record; never raises for what is in it."""
    place = RecordPosition(record.topic, record.partition, record.offset)
    attributes = Attributes.of(record.headers[:MAX_HEADERS])
    said = {name: attributes.text(f"ce_{name}") or "" for name in _ATTRIBUTES}
    data, fault = _data(record, said["type"])
    return DecodedRecord(
        place,
        stamped(record) or EPOCH,
        said["type"],
        said["id"],
        said["source"],
        said["correlationid"],
        said["causationid"],
        (record.key or b"").decode(errors="replace"),
        data,
        size_of(record.value),
        fault or _missing(said),
        _dead(record) if record.topic == DEAD_LETTERS else None,
    )


_ATTRIBUTES = ("type", "id", "source", "correlationid", "causationid")


def shown(text: str) -> str:
    """A key or an attribute as it may be shown: a stranger can write anything there."""
    return text if not text or is_fact(text) else HIDDEN


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _missing(said: Mapping[str, str]) -> str:
    missing = [f"ce_{name}" for name in ("type", "id", "source") if not said[name]]
    return f"{', '.join(missing)} cannot be read" if missing else ""


def _data(record: Record, ce_type: str) -> tuple[Mapping[str, Any], str]:
    if isinstance(record, UndecodableRecord):
        return {}, "a header's name is not UTF-8"
    if isinstance(record.value, UndeliveredValue) or size_of(record.value) > MAX_RECORD_BYTES:
        return {}, "it is too large to be read"
    if record.value is None:
        return {}, "it has no value (a tombstone)"
    try:
        data = json_object(record.value)
    except Unreadable as unreadable:
        return {}, unreadable.error
    return data, "" if ce_type in EVENT_TYPES or not ce_type else "the desk has no such type"


def _dead(record: Record) -> DeadBecause:
    letter = letter_of(record)
    return DeadBecause(str(letter.id), letter.service, letter.reason, letter.error)
