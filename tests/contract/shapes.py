"""The shape of a published record: its keys, and of each value the type and the format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from desk.contract_docs.schemas import MEANINGS

FORMATS = {
    "uuid": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "reference": re.compile(r"INQ-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z*~$=U]"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "instant": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"),
    "amount": re.compile(r"-?\d+\.\d+"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
    "hash": re.compile(r"[0-9a-f]{32}"),
    "address": re.compile(r"[^@\s]+@[^@\s]+"),
}


def shape_of(value: Any) -> str:
    """`{due_on: date, missing: [text]}`; ids, times and words are masked by their format."""
    match value:
        case Mapping():
            parts = [f"{name}: {shape_of(part)}" for name, part in sorted(value.items())]
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{' or '.join(sorted({shape_of(item) for item in value}))}]"
        case str():
            return next((it for it, form in FORMATS.items() if form.fullmatch(value)), "text")
    return type(value).__name__


def record_shape(record: Mapping[str, Any]) -> str:
    """Of the key, the headers' names and the value; what tracing adds is not the contract's."""
    headers = {name for name in record["headers"] if name != "traceparent"}
    value = shape_of(record["value"])
    return f"{record['topic']} {shape_of(record['key'])} {sorted(headers)} {value}"


def unknown_words(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """The words in closed sets' fields of a value that its schema does not explain."""
    yield from _unknown(value, schema, schema.get("$defs", {}), "")


def _unknown(
    value: Any, part: Mapping[str, Any], defs: Mapping[str, Any], at: str
) -> Iterator[str]:
    if "$ref" in part:
        part = defs[part["$ref"].rsplit("/", 1)[-1]]
    if MEANINGS in part and value not in part[MEANINGS]:
        yield f"{at}={value}"
    for name, below in part.get("properties", {}).items():
        if name in value:
            yield from _unknown(value[name], below, defs, f"{at}/{name}")
    if "items" in part:
        for item in value:
            yield from _unknown(item, part["items"], defs, at)
