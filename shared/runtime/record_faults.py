"""The faults of a record, in its sender's words and in operators'; never its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.events.envelope import WITHHELD, Event, Fault, FaultCode
from shared.events.limits import MAX_HEADERS, MAX_RECORD_BYTES, faults_of_size
from shared.events.text import is_blank, trimmed
from shared.events.topics import EVENT_TYPES, TOPIC_OF, Topic
from shared.kafka.records import Record, size_of
from shared.runtime.attributes import Attributes
from shared.runtime.faults import Unreadable
from shared.runtime.reason import Reason

MOST_FAULTS = 20

Sources = Mapping[str, tuple[str, ...]]
"""Prefixes of the `ce_source`s that each topic accepts."""
NO_OVERRIDES: Sources = {}

_IDENTIFIER = re.compile(r"[A-Za-z0-9._/-]{1,64}")


class FoundFault(NamedTuple):
    """A fault of a record: its code for the sender, and its words for operators."""

    fault: Fault
    words: str
    reason: Reason = Reason.UNREADABLE

    @property
    def unreadable(self) -> Unreadable:
        return Unreadable(self.reason, self.words)


def faults_of_envelope(
    topic: Topic, record: Record, attributes: Attributes, sources: Sources
) -> Iterator[FoundFault]:
    """The faults of a record that show before its value is looked at, the worst first."""
    size = size_of(record.value)
    if size > MAX_RECORD_BYTES:
        words = f"value of {size} bytes; {MAX_RECORD_BYTES} allowed"
        yield FoundFault(Fault("data", FaultCode.TOO_LARGE), words, Reason.TOO_LARGE)
    if len(record.headers) > MAX_HEADERS:
        words = f"{len(record.headers)} headers; {MAX_HEADERS} allowed"
        yield FoundFault(Fault("headers", FaultCode.TOO_LONG), words, Reason.TOO_LARGE)
    if attributes.structured:
        words = "structured mode (application/cloudevents) is not read: send binary mode"
        yield FoundFault(Fault("content-type", FaultCode.STRUCTURED_MODE), words)
        return
    yield from (FoundFault(fault, words) for fault, words in attributes.faults())
    ce_type, source = attributes.text("ce_type"), attributes.text("ce_source")
    if ce_type and TOPIC_OF.get(ce_type) is not topic:
        words = f"ce_type is not one of {record.topic}"
        yield FoundFault(Fault("ce_type", FaultCode.UNKNOWN_TYPE), words, Reason.UNKNOWN_TYPE)
    if source and not _is_allowed(topic, ce_type, source, sources):
        words = f"ce_source is not one that {record.topic} takes"
        yield FoundFault(Fault("ce_source", FaultCode.SOURCE_NOT_ALLOWED), words)
    if topic.key and not decoded(record.key):
        words = "key is not UTF-8" if record.key else "key is missing"
        yield FoundFault(Fault("key", FaultCode.WRONG_KEY), words)


def _is_allowed(topic: Topic, ce_type: str | None, source: str, sources: Sources) -> bool:
    writer = topic.writer_of(ce_type) if topic.only_by else None
    if writer is not None:
        return f"{source}/".startswith(f"/services/{writer}/")
    return source.startswith(sources.get(topic.name) or topic.takes_from)


def faults_of_fields(
    topic: Topic, ce_type: str, fields: dict[str, Any], key: bytes | None
) -> Iterator[Fault]:
    known = EVENT_TYPES.get(ce_type)
    yield from faults_of_size(fields, known.model_fields if known else fields, topic.most_items)
    if known and key_differs(ce_type, fields, key):
        yield Fault("key", FaultCode.WRONG_KEY)


def withhold(fields: dict[str, Any], path: str) -> None:
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


def decoded(raw: bytes | None) -> str | None:
    """The text, None where it is not UTF-8."""
    try:
        return None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None


def is_nameless(event: Event) -> bool:
    """Whether what would name its record is blank: no record key is that one."""
    names = TOPIC_OF[event.ce_type].key
    own = next((it for name in names if (it := getattr(event, name, None)) is not None), None)
    return isinstance(own, str) and is_blank(own)


def key_differs(ce_type: str, data: Mapping[str, Any], key: bytes | None) -> bool:
    """Whether the record lies under another key than its data has; order would not hold there.

    A key field that is faulty itself says so by its own fault.
    """
    names = TOPIC_OF[ce_type].key
    own = next((data[name] for name in names if data.get(name) is not None), None)
    if not isinstance(own, str) or not _IDENTIFIER.fullmatch(trimmed(own)):
        return False
    return trimmed(own) != trimmed(decoded(key) or "")


def words_of(error: ValidationError) -> str:
    """Every faulty field (of very many the first) with its kind of fault; never the value."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return named_faults(
        (".".join(map(str, fault["loc"])) or "data", fault["type"]) for fault in faults
    )


def named_faults(faults: Iterable[tuple[str, str]]) -> str:
    """Each field with its kind of fault; of very many the first."""
    named = [f"{field}: {code}" for field, code in faults]
    more = [f"{len(named) - MOST_FAULTS} more"] if len(named) > MOST_FAULTS else []
    return "; ".join([*named[:MOST_FAULTS], *more])
