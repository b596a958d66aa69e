"""How much of one record is looked at, no matter who wrote it.

Parsing a record of 256 KiB is cheap; validating 87,000 items of a list is not. So what a record
holds is counted before any model sees it, field by field, and a field that holds too much is faulty
as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from shared.events.envelope import Fault, FaultCode

MAX_RECORD_BYTES = 256 * 1024
MAX_ITEMS = 1_000
"""Items of lists and members of objects, all together."""
MAX_DEPTH = 16
"""Levels of lists and objects in each other; no event of the catalogue has more than five."""
MAX_HEADERS = 1_000
LIST_LIMITS: Mapping[str | int, int] = {"contract_numbers": 50, "consents": 10, "documents": 10}
"""Items of the lists whose length the event contract states."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead of the desk's clock an instant in a submission may lie."""
_WIDEST = 2**63
_LONGEST_NUMBER = 10**308
"""Writing a number down takes time by the square of its digits."""
_MANY_DIGITS = re.compile(rb"\d{300}")
_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")


def faults_of_size(
    fields: Mapping[str, Any], names: Iterable[str], most_items: int = MAX_ITEMS
) -> Iterator[Fault]:
    """The fields among `names` that hold too much, and texts that are half a character.

    Looks at no more than `most_items` items; fields that nobody reads may hold what they like.
    """
    left = most_items
    waiting: list[tuple[str | None, str | int, Any, int]]
    waiting = [(None, name, fields[name], 1) for name in names if name in fields]
    while waiting:
        within, name, value, depth = waiting.pop()
        if isinstance(value, str):
            if not value.isascii() and not _is_text(value):
                yield Fault(_path(within, name), FaultCode.WRONG_FORMAT)
        elif isinstance(value, int):
            if not -_WIDEST <= value < _WIDEST:
                yield Fault(_path(within, name), FaultCode.TOO_LARGE)
        elif isinstance(value, list | dict):
            count, path = len(value), _path(within, name)
            if count > LIST_LIMITS.get(name, most_items) or count > left or depth > MAX_DEPTH:
                yield Fault(path, FaultCode.TOO_LONG)
                continue
            left -= count
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(path, key, item, depth + 1) for key, item in inner]


def is_small(raw: bytes) -> bool:
    """Whether JSON is `soon_written` by its length alone: an item takes at least two bytes."""
    return len(raw) <= 2 * MAX_ITEMS and _MANY_DIGITS.search(raw) is None


def soon_written(value: Any, most: int = MAX_ITEMS) -> bool:
    """Whether `value` (of JSON) holds at most `most` items and no number of over 308 digits.

    Looks at no more than `most` items.
    """
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, list | dict):
            most -= len(inner)
            if most < 0:
                return False
            waiting += inner.values() if isinstance(inner, dict) else inner
        elif isinstance(inner, int) and not -_LONGEST_NUMBER < inner < _LONGEST_NUMBER:
            return False
    return True


def _path(within: str | None, key: str | int) -> str:
    """A member's dotted path as a fault may repeat it: fields' names, never a text by chance."""
    name = str(key)
    if within is None:
        return name
    return f"{within}.{name}" if _NAME.fullmatch(name) else f"{within}.?"


def _is_text(value: str) -> bool:
    """Whether UTF-8 can say it: JSON can escape one half of a surrogate pair alone."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
