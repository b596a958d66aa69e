"""`desk doctor` reports parked records and large documents."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.events.envelope import Ref
from shared.operations.checks.records import parked_check, size_check
from shared.operations.checks.result import Severity
from shared.operations.parked import Parked
from shared.runtime.aggregates.document_mapper import MB
from shared.runtime.operations.answers import LargeRecords


@pytest.mark.parametrize(
    ("sizes", "verdict"),
    [
        ([], Severity.OK),
        ([MB], Severity.WARN),
        ([4 * MB - 1, MB], Severity.WARN),
        ([MB, 4 * MB], Severity.FAIL),
    ],
)
def test_a_document_over_a_megabyte_is_noted_and_one_over_four_is_a_fault(
    sizes: list[int], verdict: Severity
) -> None:
    large = [
        LargeRecords(kind="file", documents=1, largest=f"of {size}", bytes=size) for size in sizes
    ]
    found = size_check([("cancellation file", size) for size in large])
    assert found.verdict is verdict
    assert not sizes or f"of {max(sizes)}" in found.found


def test_a_parked_record_is_a_fault_and_named() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    parked = Parked("cancellation", Ref("file", "SW-1"), at, "KeyError", ("/x 1",))
    assert parked_check([parked]).verdict is Severity.FAIL
    assert "cancellation file SW-1" in parked_check([parked]).found
    assert parked_check([]).verdict is Severity.OK
