"""The worst records of 256 KiB that anybody thought of, of every kind of message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from shared.events.topics import EVENT_TYPES, TOPIC_OF
from tests.poison.bases import READ, Bases, Draft, Mix
from tests.poison.inputs import ROOT, Poison, record_of
from tests.poison.shapes import LISTS, ROOM
from tests.poison.shapes import WORST as WORST

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
BASES = Bases(Path(ROOT), NOW, Mix(with_email=1))
TYPES = sorted(ce_type for ce_type in EVENT_TYPES if TOPIC_OF[ce_type].name in READ)
"""Of every topic that a service reads."""
UNKNOWN = "nobody_asked_for"


HALF = b'"half":"\\ud800",'
"""Sends a submission's value to the second parser, with whatever else it holds."""


@dataclass(frozen=True, slots=True)
class Worst:
    """A record, and what is bad about it."""

    ce_type: str
    field: str
    name: str
    record: Poison


def sound(ce_type: str) -> Draft:
    return BASES.draft_of(ce_type, Random(1), "id-1", "mark")


def with_value(ce_type: str, value: bytes) -> Poison:
    draft = sound(ce_type)
    draft.says(value)
    return record_of(0, "worst", draft)


def with_headers(ce_type: str, name: str, value: bytes | None, count: int) -> Poison:
    draft = sound(ce_type)
    draft.extra = [(name, value)] * count
    return record_of(0, "worst", draft)


def with_field(ce_type: str, field: str, value: bytes, more: bytes = b"") -> Poison:
    """The example of `ce_type` with a field's value as it is written."""
    draft = sound(ce_type)
    draft.fields.pop(field, None)
    beside = json.dumps(draft.fields).encode()[1:]
    comma = b"," if draft.fields else b""
    return with_value(ce_type, b'{%s"%s":%s%s%s' % (more, field.encode(), value, comma, beside))


HEADERS: Mapping[str, tuple[str, bytes | None]] = {
    "nameless headers": ("", None),
    "short headers": ("a", b""),
    "one attribute again and again": ("CE_TIME", b"2026-03-04T09:00:00Z"),
    "a large header": ("note", b"x" * ROOM),
    "a large trace": ("traceparent", b"0" * ROOM),
    "a large subject": ("ce_subject", b"\xff" * ROOM),
}


def worst_of(ce_type: str) -> Iterator[Worst]:
    """The worst records of one type: in every field, beside them, instead of them, and headers."""
    fields = (UNKNOWN, *EVENT_TYPES[ce_type].model_fields)
    for field in fields:
        for name, value in WORST.items():
            yield Worst(ce_type, field, name, with_field(ce_type, field, value))
    for name, value in LISTS.items():
        halved = with_field(ce_type, UNKNOWN, value, HALF)
        yield Worst(ce_type, UNKNOWN, f"{name} beside half a character", halved)
        yield Worst(ce_type, "data", name, with_value(ce_type, value))
    for name, (header, raw) in HEADERS.items():
        size = 2 + len(header) + len(raw or b"")
        flooded = with_headers(ce_type, header, raw, max(1, ROOM // size))
        yield Worst(ce_type, "headers", name, flooded)


def all_worst() -> Iterator[Worst]:
    for ce_type in TYPES:
        yield from worst_of(ce_type)
