"""The lag that a reader shows: in records, in seconds, and of its own partitions alone."""

from __future__ import annotations

import pytest

from shared.runtime.health.lag import ShownLag
from shared.telemetry.metrics import Metrics
from tests.integration.runtime.bounded import Sent

AT = 1_800_000_000.0
FIRST, SECOND = ("desk.submissions", 0), ("desk.submissions", 1)


def record(place: tuple[str, int], age: float | None) -> Sent:
    stamp = -1 if age is None else int((AT - age) * 1000)
    return Sent(place[0], 7, b"", (), partition=place[1], timestamp=stamp)


def lag(metrics: Metrics, place: tuple[str, int]) -> tuple[float | None, float | None]:
    labels = {"topic": place[0], "partition": str(place[1])}
    of = metrics.registry.get_sample_value
    return of("desk_lag_records", labels), of("desk_lag_seconds", labels)


@pytest.mark.parametrize(
    ("behind", "age", "seconds"),
    [(3, 40.0, 40.0), (0, 40.0, 0.0), (3, None, 0.0), (3, -5.0, 0.0)],
    ids=["behind", "at the end", "without a time", "from a clock that is ahead"],
)
def test_lag_shows_in_records_and_as_the_age_of_the_last_one_decided(
    behind: int, age: float | None, seconds: float
) -> None:
    metrics = Metrics()

    ShownLag(metrics).show({FIRST: behind}, [record(FIRST, 99), record(FIRST, age)], [FIRST], AT)

    assert lag(metrics, FIRST) == (behind, seconds)


def test_the_lag_of_a_partition_that_another_reader_has_now_is_shown_no_longer() -> None:
    metrics = Metrics()
    shown = ShownLag(metrics)
    shown.show({FIRST: 9, SECOND: 4}, [record(FIRST, 1)], [FIRST, SECOND], AT)

    shown.show({SECOND: 2}, [record(SECOND, 1)], [SECOND], AT)

    assert lag(metrics, FIRST) == (None, None)
    assert lag(metrics, SECOND) == (2, 1.0)
