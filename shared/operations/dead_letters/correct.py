"""A corrected record, made from a dead letter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.events.topics import key_in
from shared.operations.dead_letters.errors import (
    HalfACharacter,
    NoSuchField,
    NotAnObject,
    NotAPointer,
    NothingCorrected,
    NotJson,
)
from shared.operations.dead_letters.letter import Headers, Letter, Original

MOST_CHANGES = 200
_GONE = object()


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction: a whole new `body`, else `fields`, JSON text by JSON pointer; and headers.

    A field or header without a value is removed.
    """

    body: bytes | None = None
    fields: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to change."""
        return self.body is None and not self.fields and not self.headers


@dataclass(frozen=True, slots=True)
class Corrected:
    """The record to send, and the names of what changed in it; never the values."""

    record: Original
    changed: tuple[str, ...]


def corrected(letter: Letter, correction: Correction) -> Corrected:
    """The letter's record with the correction, under the key of its data.

    Raises `NothingCorrected`, `NotAnObject`, `NotAPointer`, `NotJson`, `NoSuchField`,
    `HalfACharacter`.
    """
    headers, changed_headers = _headers(letter, correction.headers)
    value = letter.value if correction.body is None else correction.body
    if correction.fields:
        value = _with_fields(value, correction.fields)
    changed = [*_changed(letter.value, value), *changed_headers]
    if not changed:
        raise NothingCorrected(letter.id)
    record = replace(letter.original, value=value, headers=headers)
    return Corrected(replace(record, key=_key(record)), tuple(changed[:MOST_CHANGES]))


def _headers(letter: Letter, given: Sequence[tuple[str, str]]) -> tuple[Headers, list[str]]:
    headers, changed = letter.original_headers, []
    for name, value in given:
        others = [header for header in headers if header[0].lower() != name.lower()]
        new = [*others, (name, value.encode())] if value else others
        if sorted(map(repr, new)) != sorted(map(repr, headers)):
            changed.append(f"header {name[:60]}")
        headers = new
    return tuple(headers), changed


def _with_fields(value: bytes | None, fields: Sequence[tuple[str, str]]) -> bytes:
    body = _parsed(value)
    if not isinstance(body, dict):
        raise NotAnObject
    for pointer, written in fields:
        _set(body, pointer, _GONE if not written else _json(pointer, written))
    return _dumped(body)


def _dumped(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise HalfACharacter from None


def _json(pointer: str, written: str) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        raise NotJson(pointer) from None


def _set(body: Any, pointer: str, value: Any) -> None:
    """Set or remove what an RFC 6901 pointer names."""
    if not pointer.startswith("/"):
        raise NotAPointer(pointer)
    *way, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
    try:
        for step in way:
            body = body[int(step)] if isinstance(body, list) else body[step]
        if isinstance(body, list):
            _set_item(body, last, value)
        elif value is _GONE:
            del body[last]
        else:
            body[last] = value
    except (KeyError, IndexError, ValueError, TypeError):
        raise NoSuchField(pointer) from None


def _set_item(items: list[Any], step: str, value: Any) -> None:
    if value is _GONE:
        del items[int(step)]
    elif step == "-":
        items.append(value)
    else:
        items[int(step)] = value


def _parsed(value: bytes | None) -> Any:
    """The JSON in a value, or `_GONE` if there is none. UTF-8 alone, as the codec reads it."""
    try:
        return json.loads((value or b"").decode())
    except (ValueError, RecursionError):
        return _GONE


def _changed(before: bytes | None, after: bytes | None) -> list[str]:
    old, new = _parsed(before), _parsed(after)
    if old is _GONE and new is _GONE:
        return [] if before == after else [""]
    return list(_differing(old, new, ""))


def _differing(old: Any, new: Any, pointer: str) -> Iterator[str]:
    """The pointers at which two values differ; the empty one is the whole value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            step = name.replace("~", "~0").replace("/", "~1")
            yield from _differing(old.get(name, _GONE), new.get(name, _GONE), f"{pointer}/{step}")
    elif type(old) is not type(new) or old != new:
        yield pointer


def _key(record: Original) -> bytes | None:
    """The contract's key for this data, the original one where the data has none."""
    body = _parsed(record.value)
    types = [v for name, v in record.headers if name.lower() == "ce_type" and v is not None]
    try:
        return key_in(types[-1].decode(), body).encode()
    except (IndexError, UnicodeError, LookupError, AttributeError):
        return record.key
