"""CloudEvents in Kafka's binary content mode: a raw record in, a message out, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from shared.events.envelope import HIDING, Event, Fault, Message, Unchecked
from shared.events.internal import KeyForgotten
from shared.events.limits import (
    MAX_HEADERS,
    MAX_RECORD_BYTES,
    faults_of_size,
    is_small,
    soon_written,
)
from shared.events.text import trimmed
from shared.events.topics import EVENT_TYPES, TOPIC_OF, TOPICS, Topic, key_in
from shared.kafka.decompression import MOST_BATCH_BYTES
from shared.kafka.records import (
    LOG_APPEND_TIME,
    Envelope,
    Headers,
    Record,
    UndecodableRecord,
    UndeliveredValue,
    stamped,
)
from shared.runtime.attributes import MAX_ID_CHARS, Attributes
from shared.runtime.digests import digest_of, digests_of, meaning_of
from shared.runtime.faults import FaultyForm, Unreadable
from shared.runtime.faulty_act import faulty_act
from shared.runtime.json_object import NoObject, json_object
from shared.runtime.reason import Reason
from shared.runtime.record_faults import (
    NO_OVERRIDES,
    FoundFault,
    Sources,
    decoded,
    faults_of_envelope,
    faults_of_fields,
    is_nameless,
    key_differs,
    named_faults,
    withhold,
    words_of,
)

__all__ = ["MAX_ID_CHARS", "MAX_RECORD_BYTES", "Envelope", "Read", "Record", "read"]


_WRONG_KEY = "key is not the one that the data has"


@dataclass(frozen=True, slots=True)
class Read:
    """A record that could be read: its message, and two digests of what it says.

    `digest` tells one body from another, `meaning` one submission from another, and one agent's
    act: null is as good as absent there, and an instant is the same in every zone.
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
    if isinstance(record.value, UndeliveredValue) and record.value.whole_batch:
        words = f"a compressed batch of over {MOST_BATCH_BYTES} bytes, or damaged; it stays there"
        raise Unreadable(Reason.TOO_LARGE, words)
    topic = TOPICS[record.topic]
    if record.value is None and topic.compacted:
        return _tombstone(record)
    attributes = Attributes.of(record.headers[:MAX_HEADERS])
    found = list(faults_of_envelope(topic, record, attributes, sources))
    if topic.answers_faults:
        return _answerable(topic, record, attributes, found)
    if found:
        raise found[0].unreadable
    event = _event(topic, attributes, record)
    digest = meaning = digest_of(event.ce_type, record.value or b"")
    if topic.forms_answered_by is not None:
        meaning = meaning_of(event.ce_type, json_object(record.value))
    return Read(_message(record, attributes, event), digest, meaning)


def check_envelope(record: Record, sources: Sources = NO_OVERRIDES) -> None:
    """Checks all that shows before the data is read, on a topic that answers no faults.

    Raises `Unreadable`, naming the worst fault without its value, as `read` does.
    """
    attributes = Attributes.of(record.headers[:MAX_HEADERS])
    for fault in faults_of_envelope(TOPICS[record.topic], record, attributes, sources):
        raise fault.unreadable


def has_faulty_form(record: Record, sources: Sources = NO_OVERRIDES) -> bool:
    """Whether the record is an event whose fields alone are faulty."""
    try:
        read(record, sources)
    except FaultyForm:
        return True
    except Unreadable:
        return False
    return False


def _tombstone(record: Record) -> Read:
    """A compacted topic's record without value. Few carry headers, so its place identifies it.

    The timestamp tells it from the record at the same place of a topic that was created again.
    """
    forgotten = KeyForgotten(topic=record.topic, key=trimmed(decoded(record.key) or ""))
    message = Message(
        source=f"/topics/{record.topic}",
        id=f"{record.partition}-{record.offset}-{record.timestamp}",
        data=forgotten,
        key=forgotten.key,
        time=stamped(record) if record.timestamp >= 0 else None,
        broker_time=broker_time(record),
    )
    digest = digest_of(forgotten.ce_type, b"")
    return Read(message, digest, digest)


def _event(topic: Topic, attributes: Attributes, record: Record) -> Event:
    """The event of a topic that is read strictly. Raises `Unreadable`."""
    model = EVENT_TYPES[attributes.text("ce_type") or ""]
    fields = json_object(record.value)
    if faults := [*faults_of_size(fields, model.model_fields, topic.most_items)]:
        raise FaultyForm(named_faults((fault.field, fault.code) for fault in faults), fields)
    try:
        event = model.model_validate(fields)
    except ValidationError as error:
        raise FaultyForm(words_of(error), fields) from None
    if is_nameless(event) or key_differs(model.ce_type, vars(event), record.key):
        raise FaultyForm(_WRONG_KEY, fields)
    return event


def read_faulty_act(record: Record, fields: dict[str, Any]) -> Read:
    """The message of an agent's act whose `fields` break its form, with every fault."""
    attributes = Attributes.of(record.headers[:MAX_HEADERS])
    model = EVENT_TYPES[attributes.text("ce_type") or ""]
    act = faulty_act(TOPICS[record.topic], model, fields, record.key)
    digest = digest_of(model.ce_type, record.value or b"")
    return Read(_message(record, attributes, act), digest, digest)


def _answerable(
    topic: Topic, record: Record, attributes: Attributes, found: list[FoundFault]
) -> Read:
    """Builds an answerable message with all its faults; else raises the first fault."""
    if attributes.structured and attributes.identity is None:
        attributes = _attributes_within(record) or attributes
    if attributes.identity is None or not decoded(record.key):
        raise found[0].unreadable
    ce_type, faults = attributes.text("ce_type") or "", [fault.fault for fault in found]
    raw, fields = record.value or b"", {}
    digests = None
    if not any(fault.field in HIDING for fault in faults):
        try:
            fields = json_object(record.value, halves=True)
        except NoObject as error:
            faults.append(Fault("data", error.code))
        else:
            if is_small(raw) or soon_written(fields):
                digests = digests_of(ce_type, fields)
            faults += faults_of_fields(topic, ce_type, fields, record.key)
    for fault in faults:
        withhold(fields, fault.field)
    digest, meaning = digests or (digest_of(ce_type, raw),) * 2
    return Read(
        _message(record, attributes, Unchecked(ce_type, fields, (*faults,))), digest, meaning
    )


def _attributes_within(record: Record) -> Attributes | None:
    """Reads a structured event's attributes, so that its sender can be answered."""
    if record.value is None or len(record.value) > MAX_RECORD_BYTES:
        return None
    try:
        event = json_object(record.value)
    except NoObject:
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
        key=decoded(record.key) or "",
        time=attributes.time,
        broker_time=broker_time(record),
        correlation_id=attributes.text("ce_correlationid"),
        traceparent=attributes.traceparent,
    )


def broker_time(record: Record) -> datetime | None:
    """When the broker appended the record, by its own clock; None where it did not stamp it."""
    return stamped(record) if record.timestamp_type == LOG_APPEND_TIME else None


def dump(event: Event) -> dict[str, Any]:
    """An event's data as JSON-ready values; absent optional fields stay absent."""
    # As `model_dump` does, without its dozen further options: a record's events are many.
    data: dict[str, Any] = event.__pydantic_serializer__.to_python(
        event, mode="json", exclude_none=True
    )
    return data


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
