"""The JSON object in a record's value: the bytes of a stranger, read within bounds."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from pydantic_core import from_json

from shared.events.envelope import FaultCode
from shared.events.limits import soon_written
from shared.runtime.faults import Unreadable
from shared.runtime.reason import Reason

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""The beginning of an escape of one half of a surrogate pair."""


class NoObject(Unreadable):
    """The value is not a JSON object."""

    def __init__(self, code: FaultCode, words: str) -> None:
        super().__init__(Reason.UNREADABLE, words)
        self.code = code


def json_object(value: bytes | None, *, halves: bool = False) -> dict[str, Any]:
    """The JSON object in a value; with `halves`, its texts may hold halves of characters.

    Raises `Unreadable`.
    """
    if value is None:
        raise NoObject(FaultCode.NOT_JSON, "no value (a tombstone)")
    plain = value.removeprefix(BYTE_ORDER_MARK)
    try:
        fields = from_json(plain, allow_inf_nan=False)
    except (ValueError, RecursionError):
        fields = _with_halves(plain) if halves else None
        if fields is None:
            raise NoObject(FaultCode.NOT_JSON, "value is not JSON in UTF-8") from None
    if not isinstance(fields, dict):
        raise NoObject(FaultCode.NOT_AN_OBJECT, "value is not a JSON object")
    return fields


class _Members(list[tuple[str, Any]]):
    """An object's members as they were written."""


def repeated_members(value: bytes) -> list[str]:
    """The dotted paths of members that an object of this JSON has more than once.

    Parsers take the last one, or the first, or both: two who read such an object need not read the
    same. Empty for what is no JSON.
    """
    try:
        whole = json.loads(
            value.removeprefix(BYTE_ORDER_MARK).decode(),
            object_pairs_hook=_Members,
            parse_int=str,
            parse_float=str,
        )
    except (ValueError, RecursionError):
        return []
    found, left = set(), [("", whole)]
    while left:
        path, it = left.pop()
        if isinstance(it, _Members):
            times = Counter(name for name, _ in it)
            found |= {path + name for name, number in times.items() if number > 1}
            left += [(f"{path}{name}.", value) for name, value in it]
        elif isinstance(it, list):
            left += [(f"{path}{number}.", value) for number, value in enumerate(it)]
    return sorted(found)


def _with_halves(value: bytes) -> Any:
    """JSON whose only fault is that a text escapes one half of a surrogate pair; else None.

    Its depth, its numbers and its items are bounded: the parser that reads it is a slow one.
    """
    whole = _HALF.sub(rb"\\u00", value)
    if whole == value:
        return None
    try:
        sound = soon_written(from_json(whole, allow_inf_nan=False))
        return json.loads(value.decode()) if sound else None
    except (ValueError, RecursionError):
        return None
