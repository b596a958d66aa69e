"""The contract's words: names of readers and writers, types, times, as a person says them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

from desk.contract_docs.schemas import DECIMAL_PATTERN
from shared.events import values
from shared.events.topics import (
    ARCHIVE,
    CONSOLE,
    INTAKE,
    PORTAL,
    SERVICES,
    Topic,
)

SPOKEN = {INTAKE: "intake", ARCHIVE: "archive", PORTAL: "portal", CONSOLE: "console"}

_KNOWN_PATTERNS = {
    get_args(annotated)[1].pattern: words
    for annotated, words in (
        (values.CustomerId, "1 to 64 of `A-Z a-z 0-9 . _ -`"),
        (values.ContractNumber, "1 to 64 of `A-Z a-z 0-9 . _ / -`"),
        (values.Country, "two capitals"),
    )
} | {DECIMAL_PATTERN: "decimal number in a string", r"^[A-Z]{3}$": "three capitals"}
_FORMATS = {"idn-email": "e-mail address", "date": "date", "date-time": "instant"}
_PLAIN = {"boolean": "true or false", "integer": "whole number", "object": "object"}


def spoken(participant: str) -> str:
    """A reader's or writer's name as the contract says it (`intake` for `inquiry_intake`)."""
    return SPOKEN.get(participant, participant)


def participants(names: tuple[str, ...]) -> str:
    if set(names) == set(SERVICES):
        return "every service"
    return ", ".join(spoken(name) for name in names)


def key_words(topic: Topic) -> str:
    if not topic.key:
        return "the original key"
    return ", else ".join(f"`{field}`" for field in topic.key)


def retention_words(topic: Topic) -> str:
    if topic.compacted:
        return "the last per key, until its tombstone"
    return days(topic.retention)


def days(span: timedelta) -> str:
    return f"{span.days} days"


def type_words(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """A field's type in plain words; a shared value is linked to its own table."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        link = f"[{name}](#{name.lower()})"
        return f"{one_of(defs[name])}: {link}" if "enum" in defs[name] else link
    if "const" in schema:
        return f"`{str(schema['const']).lower()}`"
    if choices := one_of(schema):
        return choices
    if schema.get("type") == "array":
        return _list_words(schema, defs)
    if schema.get("type") == "string":
        return _string_words(schema)
    return _PLAIN[schema["type"]]


def one_of(schema: Mapping[str, Any]) -> str:
    return ", ".join(f"`{choice}`" for choice in schema.get("enum", ()))


def _list_words(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    item = type_words(schema["items"], defs)
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is None:
        return f"list of {item}"
    amount = f"{least} to {most}" if most else f"at least {least}"
    return f"list ({amount}) of {item}"


def _string_words(schema: Mapping[str, Any]) -> str:
    if known := _FORMATS.get(schema.get("format", "")):
        return known
    if pattern := schema.get("pattern"):
        return _KNOWN_PATTERNS.get(pattern, f"text like `{pattern}`")
    if most := schema.get("maxLength"):
        least = schema.get("minLength", 0)
        return f"text, {least} to {most:,} characters"
    return "text"
