"""Two digests of what a record says: one tells bodies apart, the other submissions."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from functools import lru_cache
from typing import Any

from shared.events.normal_form import normalised
from shared.events.topics import EVENT_TYPES

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)


def digest_of(ce_type: str, body: bytes) -> str:
    """Tells one body from another, byte by byte."""
    return hashlib.sha256(ce_type.encode() + b"\n" + body).hexdigest()[:32]


def digests_of(ce_type: str, fields: dict[str, Any]) -> tuple[str, str]:
    """The digest of a body however a channel formats its JSON, and that of what it means."""
    return digest_of(ce_type, _canonical(fields)), meaning_of(ce_type, fields)


def meaning_of(ce_type: str, fields: dict[str, Any]) -> str:
    """The digest of what a body means. Its known fields must be bounded."""
    return digest_of(ce_type, _canonical(_meant(ce_type, fields)))


def _meant(ce_type: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Returns a body's known fields with defaults applied; unknown fields do not count."""
    defaults = _defaults(ce_type)
    read = {it: fields[it] for it in fields if it in defaults} if defaults else fields
    return normalised(read, defaults)


@lru_cache(maxsize=64)
def _defaults(ce_type: str) -> dict[str, Any]:
    """Returns the JSON defaults of an event's fields."""
    model = EVENT_TYPES.get(ce_type)
    fields = model.model_fields.items() if model else ()
    return {
        name: str(it.default) if isinstance(it.default, StrEnum) else it.default
        for name, it in fields
    }


def _canonical(fields: dict[str, Any]) -> bytes:
    """The same object always gives the same bytes, however a channel formats its JSON."""
    return _CANONICAL.encode(fields).encode()
