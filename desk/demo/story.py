"""The words in which the scenario is written: what is sent, what must come, and which mails.

Nothing here knows the services: only the public event contract and the mails that people get.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from shared.events.envelope import message_uuid

CANCELLATIONS = "desk.cancellations"

Facts = Mapping[str, Any]
"""A record's data with its `ce_*` and `dl_*` headers and its `key`; a dead letter's `value` too."""


@dataclass(frozen=True, slots=True)
class SentRecord:
    """One record that somebody outside the desk publishes. `data` is JSON-ready, or raw bytes."""

    topic: str
    key: str
    ce_type: str
    id: str
    source: str
    data: Mapping[str, Any] | bytes

    @property
    def inquiry_id(self) -> str:
        """The id of the inquiry that this submission opens, by the event contract."""
        return str(message_uuid(self.source, self.id))


@dataclass(frozen=True, slots=True)
class ExpectedMail:
    """A mail that must come: to whom, with which inquiry's reference in its subject (None: none).

    `says` are words that must be in its text.
    """

    to: str
    about: str | None
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """One record that must come. `which` finds it on its topic, `has` is what it must say.

    `shows` are the fields of the table's details column, each with the word before it.
    Records with the same `alike` must say the same but for whom and which contract they are about.
    `download`: what the link in its mail leads to must have its `sha256`.
    """

    topic: str
    which: Mapping[str, Any]
    has: Mapping[str, Any]
    shows: tuple[tuple[str, str], ...] = ()
    mail: ExpectedMail | None = None
    alike: str | None = None
    download: bool = False

    def __str__(self) -> str:
        wanted = {**self.which, **self.has}
        about = ", ".join(f"{name} {value}" for name, value in self.which.items() if _names(name))
        return f"{wanted.get('ce_type') or 'a record'} on {self.topic} ({about})"


def _names(field: str) -> bool:
    return field != "ce_type"


@dataclass(frozen=True, slots=True)
class DemoStep:
    """Messages sent together, and the answers that must have come before the next step."""

    sends: tuple[SentRecord, ...]
    then: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One request, and one row of the table. `about` is the inquiry whose reference is shown."""

    title: str
    steps: tuple[DemoStep, ...]
    about: str | None = None

    @property
    def expected(self) -> tuple[Expected, ...]:
        return tuple(expected for step in self.steps for expected in step.then)


@dataclass(frozen=True, slots=True)
class DemoCase:
    """Requests that follow on each other; cases run side by side, or `after` another one."""

    name: str
    rows: tuple[DemoRow, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """Stands for any text that the pattern matches as a whole; `name` says what it is."""

    pattern: str
    name: str


@dataclass(frozen=True, slots=True)
class Each:
    """Stands for a list with exactly these entries, in any order."""

    entries: tuple[Any, ...]


class AbsentField:
    """Stands for a field that must not be there (or be null)."""


ABSENT = AbsentField()
TEXT = Matching(r"(?s).*\S.*", "any text")


def told(value: Any) -> str:
    """An expected or actual value as people read it; texts that may be any are left out."""
    match value:
        case None | AbsentField():
            return "nothing"
        case Matching(name=name):
            return name
        case Mapping():
            inner = (
                (name, told(inner_value))
                for name, inner_value in value.items()
                if inner_value != TEXT
            )
            return ", ".join(f"{name} {words}" for name, words in inner if words)
        case Each(entries=entries):
            return " + ".join(told(entry) for entry in entries)
        case list() | tuple():
            return " + ".join(told(item) for item in value) or "none"
    return str(value)


def says(expected: Any, actual: Any) -> bool:
    """Whether `actual` (of JSON) is what is expected; of an object only the expected fields."""
    match expected:
        case AbsentField():
            return actual is None
        case Matching(pattern=pattern):
            return isinstance(actual, str) and re.fullmatch(pattern, actual) is not None
        case Each(entries=entries):
            return isinstance(actual, list) and _pairs_off(entries, actual)
        case Mapping():
            return isinstance(actual, dict) and all(
                says(value, actual.get(name)) for name, value in expected.items()
            )
        case list() | tuple():
            return (
                isinstance(actual, list)
                and len(actual) == len(expected)
                and all(says(wanted, other) for wanted, other in zip(expected, actual, strict=True))
            )
        case date():
            return bool(actual == expected.isoformat())
    return bool(actual == expected)


def _pairs_off(entries: tuple[Any, ...], actual: list[Any]) -> bool:
    left = list(actual)
    for entry in entries:
        found = next((i for i, value in enumerate(left) if says(entry, value)), None)
        if found is None:
            return False
        left.pop(found)
    return not left


def differences(expected: Expected, facts: Facts) -> Iterator[str]:
    """One sentence for each field that does not say what it must."""
    for name, value in expected.has.items():
        if not says(value, facts.get(name)):
            yield f"{name}: expected {told(value)}, came {told(facts.get(name))}"


def in_sequence(cases: tuple[DemoCase, ...]) -> tuple[DemoCase, ...]:
    """Each decision of the scenario is its contract's next one: `sequence` 1, 2, 3…"""
    last: dict[str, int] = {}

    def numbered(expected: Expected) -> Expected:
        if expected.topic != CANCELLATIONS:
            return expected
        contract = expected.which["contract_number"]
        last[contract] = last.get(contract, 0) + 1
        return replace(expected, which={**expected.which, "sequence": last[contract]})

    return tuple(
        replace(
            case,
            rows=tuple(
                replace(
                    row,
                    steps=tuple(
                        replace(step, then=tuple(numbered(expected) for expected in step.then))
                        for step in row.steps
                    ),
                )
                for row in case.rows
            ),
        )
        for case in cases
    )
