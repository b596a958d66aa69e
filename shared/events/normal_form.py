"""Two submissions that say the same have one normal form, however a channel writes them down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.events.text import is_absent, trimmed

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)


def normalised(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` (of JSON) without what counts as absent or is the default, texts trimmed, instants
    in UTC.
    """
    return {
        name: _normalised(name, value)
        for name, value in fields.items()
        if not is_absent(value) and not _is_default(value, defaults.get(name))
    }


def _is_default(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _normalised(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return normalised(value, {})
    if isinstance(value, list):
        return [_normalised(name, item) for item in value]
    if not isinstance(value, str):
        return value
    text = trimmed(value)
    return _in_utc(text) if name.endswith("_at") and _INSTANT.fullmatch(text) else text


def _in_utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return text
