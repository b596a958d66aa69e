"""CloudEvents in Kafka's binary content mode: a raw record in, a message out, and back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from shared.events.envelope import Event, Message, Unchecked
from shared.events.topics import EVENT_TYPES, TOPIC_OF, TOPICS, Topic, key_in
from shared.events.values import Instant
from shared.runtime.consumer import UndecodableRecord
from shared.runtime.faults import Reason, Unreadable

MAX_RECORD_BYTES = 256 * 1024
MAX_ID_CHARS = 255
MOST_FAULTS = 20
LOG_APPEND_TIME = 1
"""The `timestamp_type` of a record that the broker stamped when it appended it."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Headers = list[tuple[str, bytes]]

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,200})?")


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
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def timestamp_type(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event on its way out: where to, and exactly what."""

    topic: str
    key: str
    type: str
    headers: Headers
    value: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """A record that could be read: its message, and a digest of what it says."""

    message: Message
    digest: str


def read(record: Record) -> Read:
    """The message in a raw record. Raises `Unreadable`, naming the fault without its value."""
    if isinstance(record, UndecodableRecord):
        raise Unreadable(
            Reason.UNREADABLE, "a header's name is not UTF-8; the record stays where it is"
        )
    topic = TOPICS[record.topic]
    value = record.value
    if value is not None and len(value) > MAX_RECORD_BYTES:
        raise Unreadable(
            Reason.TOO_LARGE, f"value of {len(value)} bytes; {MAX_RECORD_BYTES} allowed"
        )
    headers = _headers(record.headers)
    ce_type = _needed(headers, "ce_type")
    source, message_id = _needed(headers, "ce_source"), _needed(headers, "ce_id")
    if headers.get("ce_specversion") != "1.0":
        raise Unreadable(Reason.UNREADABLE, "header ce_specversion is not 1.0")
    _refuse_other_content(headers.get("content-type"))
    if TOPIC_OF.get(ce_type) is not topic:
        raise Unreadable(Reason.UNKNOWN_TYPE, f"ce_type is not one of {record.topic}")
    data, digest = _data(topic, ce_type, value)
    message = Message(
        source=source,
        id=message_id,
        data=data,
        key=_key(record.key),
        time=_instant(headers.get("ce_time")),
        broker_time=broker_time(record),
        correlation_id=_correlation(headers),
        traceparent=_traceparent(headers.get("traceparent")),
    )
    return Read(message, digest)


def broker_time(record: Record) -> datetime | None:
    """When the broker appended the record, by its own clock; None where it did not stamp it."""
    if record.timestamp_type != LOG_APPEND_TIME:
        return None
    try:
        return EPOCH + timedelta(milliseconds=record.timestamp)
    except OverflowError:
        return None


def _headers(raw: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in raw:
        if value is None:
            raise Unreadable(Reason.UNREADABLE, f"header {_shown(name)} is null")
        try:
            found[name.lower()] = value.decode()
        except UnicodeDecodeError:
            raise Unreadable(Reason.UNREADABLE, f"header {_shown(name)} is not UTF-8") from None
    return found


def _key(raw: bytes | None) -> str:
    try:
        return "" if raw is None else raw.decode()
    except UnicodeDecodeError:
        raise Unreadable(Reason.UNREADABLE, "key is not UTF-8") from None


def _shown(name: str) -> str:
    return repr(name[:40])


def _needed(headers: dict[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise Unreadable(Reason.UNREADABLE, f"header {name} is missing")
    if len(value) > MAX_ID_CHARS or not value.isprintable():
        raise Unreadable(
            Reason.UNREADABLE, f"header {name} is not 1 to {MAX_ID_CHARS} printable characters"
        )
    return value


def _correlation(headers: dict[str, str]) -> str | None:
    """Every event that follows carries it on, so it must be as short and plain as any id."""
    name = "ce_correlationid"
    return _needed(headers, name) if headers.get(name) else None


def _traceparent(value: str | None) -> str | None:
    """A malformed one is as good as none, says W3C Trace Context."""
    return value if value is not None and _TRACEPARENT.fullmatch(value) else None


def _refuse_other_content(content_type: str | None) -> None:
    if content_type and content_type.split(";")[0].strip().lower() != "application/json":
        raise Unreadable(Reason.UNREADABLE, "header content-type is not application/json")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return _INSTANT.validate_strings(text)
    except ValidationError:
        raise Unreadable(Reason.UNREADABLE, "header ce_time is not an RFC 3339 instant") from None


def _data(topic: Topic, ce_type: str, value: bytes | None) -> tuple[Event | Unchecked, str]:
    if value is None:
        raise Unreadable(Reason.UNREADABLE, "no value (a tombstone)")
    try:
        fields = from_json(value, allow_inf_nan=False)
        digest = _digest(ce_type, _canonical(fields) if topic.answers_faults else value)
    except (ValueError, RecursionError):
        raise Unreadable(Reason.UNREADABLE, "value is not JSON in UTF-8") from None
    if not isinstance(fields, dict):
        raise Unreadable(Reason.UNREADABLE, "value is not a JSON object")
    if topic.answers_faults:
        return Unchecked(ce_type, fields), digest
    try:
        event = EVENT_TYPES[ce_type].model_validate(fields)
    except ValidationError as error:
        raise Unreadable(Reason.UNREADABLE, _faults(error)) from None
    return event, digest


def _canonical(fields: dict[str, Any]) -> bytes:
    """The same object always gives the same bytes, however a channel formats its JSON."""
    return _CANONICAL.encode(fields).encode()


def _digest(ce_type: str, body: bytes) -> str:
    return hashlib.sha256(ce_type.encode() + b"\n" + body).hexdigest()[:32]


def _faults(error: ValidationError) -> str:
    """Every faulty field (of very many the first) with its kind of fault; never the value."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = [f"{'.'.join(map(str, f['loc'])) or 'data'}: {f['type']}" for f in faults[:MOST_FAULTS]]
    more = [f"{len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    return "; ".join([*named, *more])


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
