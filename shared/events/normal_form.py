"""Two submissions that say the same have one normal form, however a channel writes them down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.events.submitted import LANGUAGES, primary_tag
from shared.events.text import is_blank, trimmed

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)


def normalised(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` (of JSON) without what counts as absent or is the default, texts trimmed, instants
    in UTC, a language of ours by its primary tag.
    """
    found: dict[str, Any] = {}
    for name, given in fields.items():
        if given is None:
            continue
        if isinstance(given, str):
            if is_blank(given):
                continue
            value: Any = _text(name, given)
        else:
            value = _normalised(name, given)
        default = defaults.get(name)
        if value != default or type(value) is not type(default):
            found[name] = value
    return found


def _normalised(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _text(name, value)
    if isinstance(value, dict):
        return normalised(value, {})
    if isinstance(value, list):
        return [_normalised(name, item) for item in value]
    return value


def _text(name: str, given: str) -> str:
    text = trimmed(given)
    if name == "language":
        return tag if (tag := primary_tag(text)) in LANGUAGES else text
    is_instant = name == "at" or name.endswith("_at")
    return _in_utc(text) if is_instant and _INSTANT.fullmatch(text) else text


def _in_utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return text
