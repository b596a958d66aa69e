"""JSON that can be parsed and is not meant: other types, other times, strings nobody can store."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.poison.bases import Draft

Spoil = Callable[[Random, Draft], None]

TIMES = (
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59-23:59"),
    *("2016-12-31T23:59:60Z", "2026-03-29T02:30:00+01:00", "2026-10-25T02:30:00+02:00"),
    *("2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00+24:00", "2026-01-01T24:00:00Z"),
    *("2026-01-01T00:00:00." + "9" * 400 + "Z", "2026-01-01T00:00:00", "now", ""),
)
DATES = (
    *("0001-01-01", "9999-12-31", "0000-00-00", "2026-02-29", "2024-02-29", "2026-02-30"),
    *("9999-12-01", "0001-01-31", "٢٠٢٦-٠١-٠١", "2026-1-1", "20260101", "-2026-01-01"),
)
NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**4_000, 1.5, 1e308, -0.0, 5e-324)
AMOUNTS = ("1e400", "-0", "NaN", "Infinity", "9" * 18 + "." + "9" * 6, "9" * 40, "1,00", "٣")
TEXTS = (
    *("", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e\u200f\u2066"),
    *("😀" * 50, "👨‍👩‍👧‍👦", "e\u0301" * 40, "$where", "a.b.$c", "\\", '"', "'; --", "<b>&amp;"),
    *("\r\nBcc: x@example.test", "{{ 7 * 7 }}", "{% raw %}", "%s%n", "../../etc", "\x1b[31m"),
    *("\U0010ffff", "\ufffe", "\x85\u2028\u2029", "ß" * 64, "İ", "x" * 10_000, "😀" * 10_000),
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, [{}] * 50)


def wrong_type(random: Random, draft: Draft) -> None:
    """One field, at any depth, holds something else."""
    place, name = _any_place(random, draft.fields)
    value = random.choice((*OTHERS, *NUMBERS, *TEXTS, *TIMES, *DATES, *AMOUNTS))
    place[name] = _with(draft.mark, value) if random.random() < 0.3 else value


def all_wrong(random: Random, draft: Draft) -> None:
    """Every field holds the same wrong thing."""
    value = random.choice((*OTHERS, *NUMBERS, *TEXTS[:8]))
    draft.fields = dict.fromkeys(draft.fields, value)


def swapped(random: Random, draft: Draft) -> None:
    """Every value under another field's name."""
    values = list(draft.fields.values())
    random.shuffle(values)
    draft.fields = dict(zip(draft.fields, values, strict=True))


def left_out(random: Random, draft: Draft) -> None:
    draft.fields.pop(random.choice(list(draft.fields)))


def times(random: Random, draft: Draft) -> None:
    """Years 0 and 9999, leap seconds, hours that do not exist: wherever a time or date stands."""
    for place, name, value in _places(draft.fields):
        if isinstance(value, str) and value[:2] == "20":
            place[name] = random.choice(TIMES if "T" in value else DATES)
    draft.head("ce_time", random.choice(TIMES).encode())


def numbers(random: Random, draft: Draft) -> None:
    place, name = _any_place(random, draft.fields)
    place[name] = random.choice(NUMBERS)
    if "amount" in json.dumps(draft.fields):
        _replace(draft.fields, "amount", random.choice(AMOUNTS))


def texts(random: Random, draft: Draft) -> None:
    """Every text is one that something on the way may stumble over."""
    for place, name, value in _places(draft.fields):
        if isinstance(value, str) and draft.mark in value:
            place[name] = random.choice(TEXTS) + random.choice(("", draft.mark))


def ids(random: Random, draft: Draft) -> None:
    """Ids with NUL, blanks, dots, dollars; empty and huge ones; the same in the key."""
    for name in ("contract_number", "customer_id", "inquiry_id", "notification_id"):
        if name in draft.fields:
            draft.fields[name] = random.choice((*TEXTS, "a.b", "$a", "." * 64, "A/B", "-"))
            draft.key = str(draft.fields[name]).encode("utf-8", "replace") or None


def odd_names(random: Random, draft: Draft) -> None:
    """Fields that no database likes the name of, beside the sound ones and inside them."""
    odd = dict.fromkeys(("$set", "a.b", "", "\x00", "__proto__", "_id", "😀"), draft.mark)
    place = draft.fields
    inner = [value for value in place.values() if isinstance(value, dict)]
    random.choice([place, *inner]).update(odd)


def long_lists(random: Random, draft: Draft) -> None:
    """Contract lists at their bound, beyond it, and of nothing but the same."""
    count = random.choice((50, 51, 5_000))
    same = random.random() < 0.5
    for name, value in draft.fields.items():
        if isinstance(value, list) and value:
            draft.fields[name] = [value[0] if same else f"L-{n}" for n in range(count)]
    if "contract_numbers" in draft.fields:
        draft.fields["contract_numbers"] = [f"L-{n if not same else 0}" for n in range(count)]


def as_long_as_allowed(random: Random, draft: Draft) -> None:
    """Sound, and every text has ten thousand characters of four bytes."""
    for place, name, value in _places(draft.fields):
        if isinstance(value, str) and draft.mark in value and name != "email":
            place[name] = draft.mark + "😀" * (10_000 - len(draft.mark))


def nested(random: Random, draft: Draft) -> None:
    """A field holds a nest, just within or beyond what a database takes."""
    nest: Any = draft.mark
    for _ in range(random.choice((50, 99, 101, 150, 190, 250, 900))):
        nest = {"n": nest} if random.random() < 0.5 else [nest]
    place, name = _any_place(random, draft.fields)
    place[name] = nest


def _with(mark: str, value: Any) -> Any:
    return value + mark if isinstance(value, str) else [mark, value]


def _places(value: Any) -> list[tuple[Any, Any, Any]]:
    """Every leaf with its container and its name there."""
    items = (
        list(value.items()) if isinstance(value, dict)
        else list(enumerate(value)) if isinstance(value, list)
        else []
    )  # fmt: skip
    found: list[tuple[Any, Any, Any]] = []
    for name, inner in items:
        deeper = _places(inner)
        found += deeper or [(value, name, inner)]
    return found


def _any_place(random: Random, fields: dict[str, Any]) -> tuple[Any, Any]:
    if random.random() < 0.6:
        return fields, random.choice(list(fields))
    place, name, _ = random.choice(_places(fields))
    return place, name


def _replace(fields: dict[str, Any], wanted: str, value: Any) -> None:
    for place, name, _ in _places(fields):
        if name == wanted:
            place[name] = value


KINDS: dict[str, tuple[Spoil, float]] = {
    "wrong type": (wrong_type, 10),
    "all wrong": (all_wrong, 2),
    "swapped": (swapped, 2),
    "left out": (left_out, 3),
    "times": (times, 6),
    "numbers": (numbers, 4),
    "texts": (texts, 6),
    "ids": (ids, 4),
    "odd names": (odd_names, 3),
    "long lists": (long_lists, 0.6),
    "as long as allowed": (as_long_as_allowed, 0.4),
    "nested": (nested, 3),
}
"""By name: how, and how often in relation to the other kinds."""
