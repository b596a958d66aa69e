"""No record of 256 KiB has more than a thousand items looked at, or takes more than 20 MB."""

from __future__ import annotations

import contextlib
import gc
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.inquiry_intake.submission.validate import checked
from shared.events.envelope import Event, Fault, FaultCode, Unchecked
from shared.events.limits import (
    MAX_HEADERS,
    MAX_RECORD_BYTES,
    faults_of_size,
    is_small,
    soon_written,
)
from shared.runtime import codec
from shared.runtime.consumption import parts_of
from shared.runtime.faults import Unreadable
from shared.runtime.process import GC_THRESHOLDS
from shared.runtime.reason import Reason
from tests.poison.inputs import Poison
from tests.poison.shapes import LISTS, OBJECTS, ROOM, WORST
from tests.poison.worst import HALF, HEADERS, NOW, UNKNOWN, with_field, with_headers

MOST_MEMORY = 20 * 1024 * 1024

SHAPES = {**LISTS, **OBJECTS}
FIELDS = ("consents", "contact", "text", UNKNOWN)


def hostiles() -> Iterator[Any]:
    for field in FIELDS:
        for name in SHAPES:
            yield pytest.param("submission.registration.v1", field, name, id=f"{field}-{name}")
    for ce_type, field in (
        ("registry.contract_recorded.v1", "title"),
        ("inquiry.opened.v1", "details"),
        ("customer.registered.v1", "consents"),
    ):
        for name in WORST:
            yield pytest.param(ce_type, field, name, id=f"{ce_type}-{name}")


def peak_of(worst: Poison) -> int:
    """The most memory that reading and judging a record takes, in bytes."""
    tracemalloc.start()
    try:
        with contextlib.suppress(Unreadable):
            data = codec.read(worst).message.data
            if isinstance(data, Unchecked):
                checked(data, NOW)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("ce_type", "field", "name"), list(hostiles()))
def test_reading_and_judging_the_worst_takes_little_memory(
    ce_type: str, field: str, name: str
) -> None:
    worst = with_field(ce_type, field, WORST[name])
    assert worst.value is not None
    assert len(worst.value) <= MAX_RECORD_BYTES
    assert peak_of(worst) < MOST_MEMORY


@pytest.mark.parametrize("name", LISTS)
def test_half_a_character_makes_the_worst_no_worse(name: str) -> None:
    worst = with_field("submission.registration.v1", UNKNOWN, LISTS[name], HALF)

    assert peak_of(worst) < MOST_MEMORY


@pytest.mark.parametrize("name", HEADERS)
def test_a_flood_of_headers_takes_little_memory(name: str) -> None:
    header, value = HEADERS[name]
    size = 2 + len(header) + len(value or b"")

    assert peak_of(with_headers("submission.inquiry.v1", header, value, ROOM // size)) < MOST_MEMORY


@pytest.mark.parametrize("name", LISTS)
def test_no_record_makes_the_collector_look_through_what_it_holds(name: str) -> None:
    worst = with_field("submission.registration.v1", UNKNOWN, LISTS[name])
    usual = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*GC_THRESHOLDS)
    before = gc.get_stats()[0]["collections"]
    try:
        codec.read(worst)
        assert gc.get_stats()[0]["collections"] == before
    finally:
        gc.set_threshold(*usual)


class Taken(tuple[Any, ...]):
    """Headers that count how many are looked at."""

    taken = 0

    def __getitem__(self, which: Any) -> Any:
        found = super().__getitem__(which)
        Taken.taken += len(found) if isinstance(which, slice) else 1
        return found

    def __iter__(self) -> Iterator[Any]:
        Taken.taken += len(self)
        return super().__iter__()


def test_no_more_than_a_thousand_headers_are_looked_at() -> None:
    flooded = with_headers("submission.inquiry.v1", "note", None, 60_000)
    Taken.taken = 0

    data = codec.read(replace(flooded, headers=Taken(flooded.headers))).message.data

    assert isinstance(data, Unchecked)
    assert data.faults == (Fault("headers", FaultCode.TOO_LONG),)
    assert Taken.taken <= MAX_HEADERS


@pytest.mark.parametrize("count", [900, 1_000])
def test_more_than_a_thousand_headers_are_refused(count: int) -> None:
    event = with_headers("inquiry.opened.v1", "note", None, count)

    if count <= 900:
        assert isinstance(codec.read(event).message.data, Event)
        return
    with pytest.raises(Unreadable) as fault:
        codec.read(event)
    assert fault.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("value", "soon"),
    [
        ({"a": [0] * 999}, True),
        ({"a": [0] * 1_000}, False),
        ({"a": 10**308 - 1}, True),
        ({"a": {"b": [10**308]}}, False),
        ({"a": -(10**308)}, False),
    ],
)
def test_what_takes_long_to_write_down_again_is_not_written(value: Any, soon: bool) -> None:
    assert soon_written(value) is soon


def test_a_repeat_of_very_long_numbers_is_the_same_submission() -> None:
    sent = with_field("submission.inquiry.v1", UNKNOWN, LISTS["numbers of 4,299 digits"])

    assert codec.read(sent).digest == codec.read(sent).digest
    other = with_field("submission.inquiry.v1", UNKNOWN, LISTS["numbers of 4,000 digits"])
    assert codec.read(sent).digest != codec.read(other).digest


class Looked(list[Any]):
    """A list that counts the items that are taken out of it."""

    taken = 0

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            Looked.taken += 1
            yield item


@pytest.mark.parametrize("name", ["consents", "documents", "contract_numbers", "anything"])
def test_no_more_than_a_thousand_items_are_looked_at(name: str) -> None:
    Looked.taken = 0
    fields = {name: Looked([{}] * 87_000), "lists": [Looked([0] * 90) for _ in range(100)]}

    found = {field for field, _ in faults_of_size(fields, fields)}

    assert name in found
    assert Looked.taken <= 1_000


@pytest.mark.parametrize(
    ("field", "most"), [("consents", 10), ("contract_numbers", 50), ("documents", 10)]
)
def test_the_lists_of_the_contract_have_their_own_limits(field: str, most: int) -> None:
    def faults(count: int) -> list[str]:
        fields = {field: ["x"] * count}
        return [f"{fault.field}: {fault.code}" for fault in faults_of_size(fields, fields)]

    assert faults(most) == []
    assert faults(most + 1) == [f"{field}: too_long"]


def test_a_field_that_nobody_reads_may_hold_what_it_likes() -> None:
    worst = with_field("submission.inquiry.v1", UNKNOWN, LISTS["empty objects"])
    data = codec.read(worst).message.data

    assert isinstance(data, Unchecked)
    assert data.faults == ()


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], []),
        ([1, 1, 1], [3]),
        ([5, 5, 5], [2, 1]),
        ([11, 1, 11], [1, 1, 1]),
        ([4, 6, 1], [2, 1]),
    ],
)
def test_a_batch_is_decided_in_parts_of_bounded_size(sizes: list[int], parts: list[int]) -> None:
    records = [
        Poison(number, "", "desk.submissions", b"k", b"x" * size, ())
        for number, size in enumerate(sizes)
    ]

    made = list(parts_of(records, 10))

    assert [len(part) for part in made] == parts
    assert [record for part in made for record in part] == records


@pytest.mark.parametrize(
    ("raw", "small"),
    [
        (b"[" + b"1," * 998 + b"1]", True),
        (b"[" + b"1," * 1_000 + b"1]", False),
        (b'{"n":' + b"9" * 299 + b"}", True),
        (b'{"n":' + b"9" * 309 + b"}", False),
    ],
)
def test_a_value_that_is_small_by_its_bytes_is_soon_written(raw: bytes, small: bool) -> None:
    assert is_small(raw) is small
    assert soon_written(json.loads(raw)) or not small
