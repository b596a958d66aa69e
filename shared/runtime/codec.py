"""CloudEvents in Kafka's binary content mode: a raw record in, a message out, and back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from shared.events.envelope import HIDING, WITHHELD, Event, Fault, FaultCode, Message, Unchecked
from shared.events.internal import KeyForgotten
from shared.events.limits import MAX_HEADERS, MAX_RECORD_BYTES, faults_of_size, soon_written
from shared.events.normal_form import normalised
from shared.events.text import is_blank, trimmed
from shared.events.topics import EVENT_TYPES, TOPIC_OF, TOPICS, Topic, key_in
from shared.kafka.decompression import MOST_BATCH_BYTES
from shared.kafka.records import (
    LOG_APPEND_TIME,
    Envelope,
    Headers,
    Record,
    UndecodableRecord,
    Withheld,
    size_of,
)
from shared.runtime.attributes import MAX_ID_CHARS, Attributes
from shared.runtime.faults import Unreadable
from shared.runtime.reason import Reason

__all__ = ["MAX_ID_CHARS", "MAX_RECORD_BYTES", "Envelope", "Read", "Record", "read"]

MOST_FAULTS = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Sources = Mapping[str, tuple[str, ...]]
"""By topic: the prefixes of the `ce_source`s that it takes."""
NO_OVERRIDES: Sources = {}

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_IDENTIFIER = re.compile(r"[A-Za-z0-9._/-]{1,64}")
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""The beginning of an escape of one half of a surrogate pair."""
_WRONG_KEY = "key is not the one that the data has"


@dataclass(frozen=True, slots=True)
class Read:
    """A record that could be read: its message, and two digests of what it says.

    `digest` tells one body from another, `meaning` one submission from another: null is as good as
    absent there, and an instant is the same in every zone.
    """

    message: Message
    digest: str
    meaning: str


def read(record: Record, sources: Sources = NO_OVERRIDES) -> Read:
    """The message in a raw record. Raises `Unreadable`, naming the fault without its value.

    Where the topic answers faults, whatever has a readable id, source and key is a message: its
    faults are handed to the domain. `sources` overrides the catalogue's allowed `ce_source`s.
    """
    if isinstance(record, UndecodableRecord):
        raise Unreadable(
            Reason.UNREADABLE, "a header's name is not UTF-8; the record stays where it is"
        )
    if isinstance(record.value, Withheld) and record.value.whole_batch:
        words = f"a compressed batch of over {MOST_BATCH_BYTES} bytes, or damaged; it stays there"
        raise Unreadable(Reason.TOO_LARGE, words)
    topic = TOPICS[record.topic]
    if record.value is None and topic.compacted:
        return _tombstone(record)
    attributes = Attributes.of(record.headers[:MAX_HEADERS])
    found = list(_faults_of_envelope(topic, record, attributes, sources))
    if topic.answers_faults:
        return _answerable(topic, record, attributes, found)
    if found:
        raise found[0].unreadable
    event = _event(topic, attributes, record)
    digest = _digest(event.ce_type, record.value or b"")
    return Read(_message(record, attributes, event), digest, digest)


def _tombstone(record: Record) -> Read:
    """A compacted topic's record without value. Few carry headers, so its place identifies it.

    The timestamp tells it from the record at the same place of a topic that was created again.
    """
    forgotten = KeyForgotten(topic=record.topic, key=trimmed(_text(record.key) or ""))
    message = Message(
        source=f"/topics/{record.topic}",
        id=f"{record.partition}-{record.offset}-{record.timestamp}",
        data=forgotten,
        key=forgotten.key,
        broker_time=broker_time(record),
    )
    digest = _digest(forgotten.ce_type, b"")
    return Read(message, digest, digest)


class _Found(NamedTuple):
    """One fault of a record: what its sender is told, and what operators are."""

    fault: Fault
    words: str
    reason: Reason = Reason.UNREADABLE

    @property
    def unreadable(self) -> Unreadable:
        return Unreadable(self.reason, self.words)


def _faults_of_envelope(
    topic: Topic, record: Record, attributes: Attributes, sources: Sources
) -> Iterator[_Found]:
    """What is wrong with a record before its value is looked at, the worst first."""
    size = size_of(record.value)
    if size > MAX_RECORD_BYTES:
        words = f"value of {size} bytes; {MAX_RECORD_BYTES} allowed"
        yield _Found(Fault("data", FaultCode.TOO_LARGE), words, Reason.TOO_LARGE)
    if len(record.headers) > MAX_HEADERS:
        words = f"{len(record.headers)} headers; {MAX_HEADERS} allowed"
        yield _Found(Fault("headers", FaultCode.TOO_LONG), words, Reason.TOO_LARGE)
    if attributes.structured:
        words = "structured mode (application/cloudevents) is not read: send binary mode"
        yield _Found(Fault("content-type", FaultCode.STRUCTURED_MODE), words)
        return
    yield from (_Found(fault, words) for fault, words in attributes.faults())
    ce_type, source = attributes.text("ce_type"), attributes.text("ce_source")
    if ce_type and TOPIC_OF.get(ce_type) is not topic:
        words = f"ce_type is not one of {record.topic}"
        yield _Found(Fault("ce_type", FaultCode.UNKNOWN_TYPE), words, Reason.UNKNOWN_TYPE)
    if source and not source.startswith(sources.get(topic.name) or topic.takes_from):
        words = f"ce_source is not one that {record.topic} takes"
        yield _Found(Fault("ce_source", FaultCode.SOURCE_NOT_ALLOWED), words)
    if topic.key and not _text(record.key):
        words = "key is not UTF-8" if record.key else "key is missing"
        yield _Found(Fault("key", FaultCode.WRONG_KEY), words)


def _text(raw: bytes | None) -> str | None:
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None


def _event(topic: Topic, attributes: Attributes, record: Record) -> Event:
    """The event of a topic that is read strictly. Raises `Unreadable`."""
    model = EVENT_TYPES[attributes.text("ce_type") or ""]
    fields = _object(record.value)
    if faults := [*faults_of_size(fields, model.model_fields, topic.most_items)]:
        raise Unreadable(Reason.UNREADABLE, _named((fault.field, fault.code) for fault in faults))
    try:
        event = model.model_validate(fields)
    except ValidationError as error:
        raise Unreadable(Reason.UNREADABLE, _faults(error)) from None
    if _is_nameless(event) or _key_differs(model.ce_type, dict(event), record.key):
        raise Unreadable(Reason.UNREADABLE, _WRONG_KEY)
    return event


def _answerable(topic: Topic, record: Record, attributes: Attributes, found: list[_Found]) -> Read:
    """A message of whatever can be answered, with all its faults; else raises the first of them."""
    if attributes.structured and attributes.identity is None:
        attributes = _attributes_within(record) or attributes
    if attributes.identity is None or not _text(record.key):
        raise found[0].unreadable
    ce_type, faults = attributes.text("ce_type") or "", [fault.fault for fault in found]
    raw, fields = record.value or b"", {}
    digest = meaning = _digest(ce_type, raw)
    if not any(fault.field in HIDING for fault in faults):
        try:
            fields = _object(record.value, halves=True)
        except _NoObject as error:
            faults.append(Fault("data", error.code))
        else:
            if soon_written(fields):
                digest = _digest(ce_type, _canonical(fields))
                meaning = _digest(ce_type, _canonical(_meant(ce_type, fields)))
            faults += _faults_of_fields(topic, ce_type, fields, record.key)
    for fault in faults:
        _withhold(fields, fault.field)
    return Read(
        _message(record, attributes, Unchecked(ce_type, fields, (*faults,))), digest, meaning
    )


def _withhold(fields: dict[str, Any], path: str) -> None:
    """Put `WITHHELD` where the faulty value is; what stands beside it is still looked at.

    A path may hide the name of a member: then the whole that it is in is withheld.
    """
    for within, key in [*_places(fields, path)][-1:]:
        within[key] = WITHHELD


def _places(fields: dict[str, Any], path: str) -> Iterator[tuple[Any, Any]]:
    """Every object or list on the way to a value, each with the key that leads on."""
    place: Any = fields
    for step in path.split("."):
        key: Any = int(step) if isinstance(place, list) and step.isdecimal() else step
        keys = range(len(place)) if isinstance(place, list) else place
        if not isinstance(place, dict | list) or key not in keys:
            return
        yield place, key
        place = place[key]


def _faults_of_fields(
    topic: Topic, ce_type: str, fields: dict[str, Any], key: bytes | None
) -> Iterator[Fault]:
    known = EVENT_TYPES.get(ce_type)
    yield from faults_of_size(fields, known.model_fields if known else fields, topic.most_items)
    if known and _key_differs(ce_type, fields, key):
        yield Fault("key", FaultCode.WRONG_KEY)


def _attributes_within(record: Record) -> Attributes | None:
    """Whose a structured event is: it can be answered, though it is not read."""
    if record.value is None or len(record.value) > MAX_RECORD_BYTES:
        return None
    try:
        event = _object(record.value)
    except _NoObject:
        return None
    said = {f"ce_{name}": event.get(name) for name in ("id", "source", "type")}
    return Attributes({name: it.encode() for name, it in said.items() if isinstance(it, str)})


def _message(record: Record, attributes: Attributes, data: Event | Unchecked) -> Message:
    assert attributes.identity is not None
    source, message_id = attributes.identity
    return Message(
        source=source,
        id=message_id,
        data=data,
        key=_text(record.key) or "",
        time=attributes.time,
        broker_time=broker_time(record),
        correlation_id=attributes.text("ce_correlationid"),
        traceparent=attributes.traceparent,
    )


def _is_nameless(event: Event) -> bool:
    """Whether what would name its record is blank: no record key is that one."""
    names = TOPIC_OF[event.ce_type].key
    own = next((it for name in names if (it := getattr(event, name, None)) is not None), None)
    return isinstance(own, str) and is_blank(own)


def _key_differs(ce_type: str, data: Mapping[str, Any], key: bytes | None) -> bool:
    """Whether the record lies under another key than its data has; order would not hold there.

    A key field that is faulty itself says so by its own fault.
    """
    names = TOPIC_OF[ce_type].key
    own = next((data[name] for name in names if data.get(name) is not None), None)
    if not isinstance(own, str) or not _IDENTIFIER.fullmatch(trimmed(own)):
        return False
    return trimmed(own) != trimmed(_text(key) or "")


def broker_time(record: Record) -> datetime | None:
    """When the broker appended the record, by its own clock; None where it did not stamp it."""
    if record.timestamp_type != LOG_APPEND_TIME:
        return None
    try:
        return EPOCH + timedelta(milliseconds=record.timestamp)
    except OverflowError:
        return None


class _NoObject(Unreadable):
    """The value is not a JSON object."""

    def __init__(self, code: FaultCode, words: str) -> None:
        super().__init__(Reason.UNREADABLE, words)
        self.code = code


def _object(value: bytes | None, *, halves: bool = False) -> dict[str, Any]:
    """The JSON object in a value; with `halves`, its texts may hold halves of characters.

    Raises `Unreadable`.
    """
    if value is None:
        raise _NoObject(FaultCode.NOT_JSON, "no value (a tombstone)")
    plain = value.removeprefix(BYTE_ORDER_MARK)
    try:
        fields = from_json(plain, allow_inf_nan=False)
    except (ValueError, RecursionError):
        fields = _with_halves(plain) if halves else None
        if fields is None:
            raise _NoObject(FaultCode.NOT_JSON, "value is not JSON in UTF-8") from None
    if not isinstance(fields, dict):
        raise _NoObject(FaultCode.NOT_AN_OBJECT, "value is not a JSON object")
    return fields


def _with_halves(value: bytes) -> Any:
    """JSON whose only fault is that a text escapes one half of a surrogate pair; else None.

    Its depth, its numbers and its items are bounded: the parser that reads it is a slow one.
    """
    whole = _HALF.sub(rb"\\u00", value)
    if whole == value:
        return None
    try:
        sound = soon_written(from_json(whole, allow_inf_nan=False))
        return json.loads(value.decode()) if sound else None
    except (ValueError, RecursionError):
        return None


def _meant(ce_type: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What a body says: without the fields that nobody reads."""
    model = EVENT_TYPES.get(ce_type)
    read = {it: fields[it] for it in fields if model is None or it in model.model_fields}
    return normalised(read, _defaults(ce_type))


@lru_cache(maxsize=64)
def _defaults(ce_type: str) -> dict[str, Any]:
    """What the optional fields of an event are when they are absent, as JSON has it."""
    model = EVENT_TYPES.get(ce_type)
    fields = model.model_fields.items() if model else ()
    return {
        name: str(it.default) if isinstance(it.default, StrEnum) else it.default
        for name, it in fields
    }


def _canonical(fields: dict[str, Any]) -> bytes:
    """The same object always gives the same bytes, however a channel formats its JSON."""
    return _CANONICAL.encode(fields).encode()


def _digest(ce_type: str, body: bytes) -> str:
    return hashlib.sha256(ce_type.encode() + b"\n" + body).hexdigest()[:32]


def _faults(error: ValidationError) -> str:
    """Every faulty field (of very many the first) with its kind of fault; never the value."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return _named((".".join(map(str, fault["loc"])) or "data", fault["type"]) for fault in faults)


def _named(faults: Iterable[tuple[str, str]]) -> str:
    named = [f"{field}: {code}" for field, code in faults]
    more = [f"{len(named) - MOST_FAULTS} more"] if len(named) > MOST_FAULTS else []
    return "; ".join([*named[:MOST_FAULTS], *more])


def dump(event: Event) -> dict[str, Any]:
    """An event's data as JSON-ready values; absent optional fields stay absent."""
    return event.model_dump(mode="json", exclude_none=True)


def envelope(
    event_id: str,
    ce_type: str,
    data: dict[str, Any],
    *,
    source: str,
    subject: str,
    at: datetime,
    causation_id: str | None,
    correlation_id: str | None,
    traceparent: str | None,
) -> Envelope:
    """The record of an event. The same arguments give the same bytes, also years later."""
    headers: Headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", ce_type.encode()),
        ("ce_time", _rfc3339(at)),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    ]
    if correlation_id is not None:
        headers.append(("ce_correlationid", correlation_id.encode()))
    if causation_id is not None:
        headers.append(("ce_causationid", causation_id.encode()))
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    value = to_json(data)
    return Envelope(TOPIC_OF[ce_type].name, key_in(ce_type, data), ce_type, headers, value)


@lru_cache(maxsize=64)  # one batch, one instant
def _rfc3339(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
