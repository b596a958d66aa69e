"""How long something rests that finds nothing to do."""

from __future__ import annotations

import pytest

from shared.runtime.backoff import IdlePace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("idle_s", "rest_s"), [(0, 0.1), (5, 0.1), (25, 0.5), (60, 1.0), (86_400, 1.0)]
)
def test_looks_are_the_rarer_the_longer_they_have_found_nothing(
    idle_s: float, rest_s: float
) -> None:
    clock = Clock()
    pace = IdlePace(clock=clock)
    pace.looked(3)
    clock.now += idle_s
    pace.looked(0)
    assert pace.seconds == pytest.approx(rest_s)


def test_whatever_is_found_makes_them_frequent_again() -> None:
    clock = Clock()
    pace = IdlePace(clock=clock)
    pace.looked(0)
    clock.now += 3600
    pace.looked(1)
    assert pace.seconds == pytest.approx(0.1)


def test_at_first_they_are_frequent() -> None:
    assert IdlePace().seconds == pytest.approx(0.1)
