"""Lanes: nothing is lost, order is kept, and what shares an aggregate shares a lane."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.stage.lanes import lanes_of

TOUCHES = st.lists(st.sets(st.integers(0, 30), max_size=3), max_size=60)


def lanes(touches: list[set[int]], length: int) -> list[list[int]]:
    return lanes_of(range(len(touches)), lambda number: touches[number], length=length)


@given(TOUCHES, st.integers(1, 20))
def test_every_item_is_in_one_lane_and_each_lane_is_in_order(
    touches: list[set[int]], length: int
) -> None:
    found = lanes(touches, length)
    assert sorted(number for lane in found for number in lane) == list(range(len(touches)))
    assert all(lane == sorted(lane) for lane in found)


@given(TOUCHES, st.integers(1, 20))
def test_no_two_lanes_touch_the_same(touches: list[set[int]], length: int) -> None:
    seen: set[int] = set()
    for lane in lanes(touches, length):
        touched = set[int]().union(*(touches[number] for number in lane))
        assert not seen & touched
        seen |= touched


@given(TOUCHES, st.integers(1, 20))
def test_all_lanes_but_the_last_are_long_enough(touches: list[set[int]], length: int) -> None:
    assert all(len(lane) >= length for lane in lanes(touches, length)[:-1])


def test_strangers_are_divided_evenly() -> None:
    assert [len(lane) for lane in lanes([{n} for n in range(500)], 125)] == [125] * 4


def test_a_late_link_joins_what_was_apart() -> None:
    assert lanes([{1}, {2}, {3}, {1, 3}], 1) == [[0, 2, 3], [1]]
