"""No record of 256 KiB has more than a thousand items looked at, or takes more than 20 MB."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.inquiry_intake.validation import checked
from shared.events.envelope import Unchecked
from shared.events.limits import MAX_RECORD_BYTES, faults_of_size
from shared.runtime import codec
from shared.runtime.app import parts_of
from shared.runtime.faults import Unreadable
from tests.poison.inputs import Poison
from tests.unit.runtime.test_tolerant_reading import draft_of, record

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MOST_MEMORY = 20 * 1024 * 1024

FILLINGS = {
    "empty objects": b"{},",
    "empty lists": b"[],",
    "lists of lists": b"[[]],",
    "lists of an object": b"[{}],",
    "objects of one member": b'{"":0},',
    "zeros": b"0,",
    "fractions": b"0.1,",
    "numbers of 19 digits": b"9999999999999999999,",
    "numbers of 4,000 digits": b"9" * 4_000 + b",",
    "short texts": b'"ab",',
    "escaped texts": b'"\\u00e9",',
    "halves of characters": b'"\\ud800",',
    "nulls": b"null,",
}
FIELDS = ("consents", "contact", "text", "contract_numbers", "nobody_asked_for")


def filled(filling: bytes) -> bytes:
    """As long a list of it as a record can hold."""
    room = MAX_RECORD_BYTES - 2_000
    return b"[" + filling * (room // len(filling)) + b"0]"


def names() -> bytes:
    members = b"".join(b'"%x":0,' % number for number in range(30_000))
    return b"{" + members[: MAX_RECORD_BYTES - 2_000].rpartition(b",")[0] + b"}"


WORST: dict[str, bytes] = {
    **{name: filled(filling) for name, filling in FILLINGS.items()},
    "many names": names(),
    "one name again and again": b"{" + b'"a":{},' * 36_000 + b'"a":0}',
    "a deep nest": b"[" * 120_000 + b"]" * 120_000,
    "a nest as deep as JSON may be": b"[" * 190 + b"]" * 190,
    "a long text": b'"' + b"x" * 250_000 + b'"',
    "a long text of escapes": b'"' + b"\\u0000" * 42_000 + b'"',
    "a long text of quotes": b'"' + b'\\"' * 125_000 + b'"',
}


def hostile(ce_type: str, field: str, value: bytes) -> Poison:
    draft = draft_of(ce_type)
    draft.fields.pop(field, None)
    sound = json.dumps(draft.fields).encode()
    draft.value = sound[:-1] + b',"%s":%s}' % (field.encode(), value)
    return record(ce_type, lambda made: setattr(made, "value", draft.value))


def hostiles() -> Iterator[Any]:
    for field in FIELDS:
        for name, value in WORST.items():
            yield pytest.param("submission.registration.v1", field, value, id=f"{field}-{name}")
    for ce_type, field in (
        ("registry.contract_recorded.v1", "title"),
        ("inquiry.opened.v1", "details"),
        ("customer.registered.v1", "consents"),
    ):
        for name, value in WORST.items():
            yield pytest.param(ce_type, field, value, id=f"{ce_type}-{name}")


@pytest.mark.parametrize(("ce_type", "field", "value"), list(hostiles()))
def test_reading_and_judging_the_worst_takes_little_memory(
    ce_type: str, field: str, value: bytes
) -> None:
    worst = hostile(ce_type, field, value)
    assert worst.value is not None
    assert len(worst.value) <= MAX_RECORD_BYTES
    tracemalloc.start()
    try:
        with contextlib.suppress(Unreadable):
            data = codec.read(worst).message.data
            if isinstance(data, Unchecked):
                checked(data, NOW)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MOST_MEMORY


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
    worst = hostile("submission.inquiry.v1", "extra", filled(b"{},"))
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
    assert [one for part in made for one in part] == records
