"""The example subscriber drops repeats, and waits for the state after a gap."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = runpy.run_path(str(Path(__file__).parents[3] / "examples" / "billing_subscriber.py"))
STATES, DECISIONS = EXAMPLE["STATES"], EXAMPLE["DECISIONS"]
SCHEDULED, WITHDRAWN, REMINDED = (
    "cancellation.scheduled.v1",
    "cancellation.withdrawn.v1",
    "cancellation.evidence_reminded.v1",
)


def record(topic: str, ce_type: str, sequence: int, last: str | None = None) -> tuple[Any, ...]:
    data = {"contract_number": "K-1", "sequence": sequence}
    return topic, ce_type, data | ({"last_billable_on": last} if last else {})


@pytest.mark.parametrize(
    ("records", "sequence", "last"),
    [
        ([record(DECISIONS, SCHEDULED, 1, "2026-05-30")], 1, "2026-05-30"),
        ([record(DECISIONS, SCHEDULED, 1, "2026-05-30"), record(DECISIONS, WITHDRAWN, 2)], 2, None),
        (  # a repeat, and a decision that sets no date
            [
                record(DECISIONS, SCHEDULED, 1, "2026-05-30"),
                record(DECISIONS, REMINDED, 2),
                record(DECISIONS, SCHEDULED, 1, "2026-05-30"),
            ],
            2,
            "2026-05-30",
        ),
        ([record(DECISIONS, SCHEDULED, 3, "2026-05-30")], 0, None),  # a gap
        (
            [
                record(DECISIONS, SCHEDULED, 3, "2026-05-30"),
                record(STATES, "cancellation.state.v1", 4, "2026-06-30"),
                record(DECISIONS, SCHEDULED, 4, "2026-05-30"),
            ],
            4,
            "2026-06-30",
        ),
        ([record(STATES, "cancellation.state.v1", 5)], 5, None),
    ],
)
def test_the_highest_sequence_counts_and_a_gap_waits_for_the_state(
    records: list[tuple[Any, ...]], sequence: int, last: str | None
) -> None:
    book: dict[str, Any] = {"contracts": {}}

    for record in records:
        EXAMPLE["take"](book, *record)

    assert book["contracts"]["K-1"] == {"sequence": sequence, "last_billable_on": last}
