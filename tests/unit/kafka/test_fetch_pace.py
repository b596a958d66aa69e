"""When a broker is asked for records again."""

from __future__ import annotations

import pytest

from shared.kafka.fetch_pace import FetchPace

AT_ONCE, HELD_BACK = 0.001, 0.5


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rests(pace: FetchPace, clock: Clock, *answers: tuple[float, bool]) -> list[float]:
    """After each answer (how long it took, whether it brought records), the rest in ms."""
    found = []
    for took, records in answers:
        asked = clock.now
        clock.now += took
        pace.answered(1, asked=asked, records=records)
        found.append(round(max(0.0, pace.rest(1)) * 1000, 3))
    return found


@pytest.mark.parametrize(
    ("interval", "answers", "rests_ms"),
    [
        (0, [(AT_ONCE, False)] * 8, [0.5, 1, 2, 4, 8, 16, 20, 20]),
        (0, [(AT_ONCE, False)] * 2 + [(AT_ONCE, True), (AT_ONCE, False)], [0.5, 1, 0, 0.5]),
        (0, [(HELD_BACK, False)] * 3, [0, 0, 0]),
        (0.05, [(AT_ONCE, True), (HELD_BACK, True)], [50, 50]),
    ],
    ids=["grows to 20 ms", "records end it", "Kafka holds empty fetches back", "an interval"],
)
def test_empty_answers_that_come_at_once_are_followed_by_pauses(
    interval: float, answers: list[tuple[float, bool]], rests_ms: list[float]
) -> None:
    clock = Clock()
    assert rests(FetchPace(interval, clock), clock, *answers) == rests_ms


@pytest.mark.parametrize(
    ("quiet_s", "rest_ms"), [(1, 20), (5, 50), (15, 150), (60, 200), (86_400, 200)]
)
def test_the_longer_nothing_comes_the_longer_the_pauses_up_to_200_ms(
    quiet_s: float, rest_ms: float
) -> None:
    clock = Clock()
    pace = FetchPace(0, clock)
    rests(pace, clock, *[(AT_ONCE, False)] * 8)
    clock.now += quiet_s
    rests(pace, clock, *[(0, False)] * 8)
    assert rests(pace, clock, (0, False), (0, True), (0, False))[0] == pytest.approx(rest_ms, 0.01)
    assert rests(pace, clock, (0, True), *[(0, False)] * 8)[-1] == 20


def test_each_broker_has_its_own_pace() -> None:
    clock = Clock()
    pace = FetchPace(0, clock)
    pace.answered(1, asked=clock.now, records=False)
    assert pace.rest(2) < 0 < pace.rest(1)
