"""A fault run waits as long as something moves, and gives up once all stands still."""

from __future__ import annotations

from tests.faults.patience import Patience


def test_patience_lasts_as_long_as_something_changes_and_ends_when_nothing_does() -> None:
    times = iter([0, 0, 0, 50, 50, 109, 110, 110, 170, 171])
    patience = Patience(60, clock=lambda: next(times))

    assert [patience.is_over(state) for state in "abbccc"] == [*[False] * 5, True]
