"""How patiently a dead process is started again."""

from __future__ import annotations

import pytest

from desk.local.watched import Patience, how_it_ended


def test_pauses_double_up_to_ten_seconds() -> None:
    patience = Patience()

    pauses = [patience.pause_after(1.0) for _ in range(8)]

    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0])


def test_a_run_of_half_a_minute_starts_from_the_shortest_pause_again() -> None:
    patience = Patience()
    patience.pause_after(1.0)
    patience.pause_after(1.0)

    assert patience.pause_after(30.0) == pytest.approx(0.2)


def test_a_refused_configuration_is_tried_again_only_at_the_longest_pace() -> None:
    patience = Patience()

    assert [patience.pause_after(0.5, 78), patience.pause_after(60.0, 78)] == [10.0, 10.0]
    assert patience.pause_after(0.5, 70) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("exit_code", "told"),
    [
        (78, "refused its configuration (exit code 78; its log's last line says why)"),
        (70, "ended with exit code 70"),
        (0, "ended with exit code 0"),
        (-9, "was killed by SIGKILL"),
        (-15, "was killed by SIGTERM"),
        (-250, "was killed by signal 250"),
    ],
)
def test_an_end_is_told_by_its_signal_or_code(exit_code: int, told: str) -> None:
    assert how_it_ended(exit_code) == told
