"""A record has its time before it is decoded, if a calendar has that time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.kafka.records import UndecodableRecord, stamped

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        (int(NOON.timestamp() * 1000), NOON),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (2**63 - 1, None),
        (-(2**63), None),
        (253_402_300_800_000, None),
        (253_402_300_799_000, None),
        (-62_135_596_800_000, None),
    ],
    ids=[
        "sound",
        "the beginning",
        "the largest",
        "the least",
        "the year 10000",
        "tomorrow in Madrid",
        "before the first year in Madrid",
    ],
)
def test_a_timestamp_that_no_calendar_has_is_none(timestamp: int, at: datetime | None) -> None:
    assert stamped(UndecodableRecord("desk.contracts", 0, 0, timestamp=timestamp)) == at
