"""One timeline in order of causation, whatever the order in which it was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.values import Language
from shared.kafka.records import RecordPosition
from shared.operations.decoded_record import DeadBecause
from shared.operations.durations import duration
from shared.operations.timeline import Step, in_causal_order, told

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
DEAD = DeadBecause("0-1", "cancellation", "defect", "KeyError")


def step(name: str, seconds: float = 0, *, cause: str = "", place: Any = None, **more: Any) -> Step:
    at = NOON + timedelta(seconds=seconds)
    return Step(at, name, cause, "t.v1", {}, RecordPosition(*place) if place else None, **more)


@pytest.mark.parametrize(
    ("steps", "order"),
    [
        ([step("a", 2), step("b", 1)], "ba"),
        ([step("a", 2), step("b", 1, cause="a")], "ab"),
        ([step("a", 1, cause="b"), step("b", 2, cause="c"), step("c", 3)], "cba"),
        ([step("a", 2, place=("t", 0, 1)), step("b", 1, place=("t", 0, 2))], "ab"),
        ([step("a", 2, place=("t", 0, 1)), step("b", 1, place=("t", 1, 2))], "ba"),
        ([step("a", 1, cause="b"), step("b", 2, cause="a")], "ab"),
        ([step("a", 1, cause="a"), step("b", 0)], "ba"),
        ([step("b", 1, cause="nowhere"), step("a", 0)], "ab"),
    ],
)
def test_each_step_comes_after_its_cause_and_after_what_lies_before_it(
    steps: list[Step], order: str
) -> None:
    assert "".join(each.id for each in in_causal_order(steps)) == order
    assert "".join(each.id for each in in_causal_order(steps[::-1])) == order


NAMES = [f"e{number}" for number in range(8)]
GENERATED = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.integers(0, 99), st.sampled_from(["", *NAMES]), st.integers(0, 2)
    ),
    unique_by=lambda drawn: drawn[0],
    max_size=8,
)


def steps_of(drawn: list[tuple[str, int, str, int]]) -> list[Step]:
    return [
        step(name, at, cause=cause, place=("t", partition, offset))
        for offset, (name, at, cause, partition) in enumerate(drawn)
    ]


@given(drawn=GENERATED, data=st.data())
def test_the_order_does_not_depend_on_how_the_steps_were_read(
    drawn: list[tuple[str, int, str, int]], data: st.DataObject
) -> None:
    steps = steps_of(drawn)
    shuffled = data.draw(st.permutations(steps))

    assert [*map(vars_of, told(shuffled))] == [*map(vars_of, told(steps))]
    assert sorted(it.step.id for it in told(steps)) == sorted(it.id for it in steps)


def vars_of(each: Any) -> tuple[str, float, float | None]:
    return each.step.id, each.pause_s, each.after_cause_s


@given(drawn=GENERATED)
def test_causes_that_came_first_stay_first_and_no_duration_is_negative(
    drawn: list[tuple[str, int, str, int]],
) -> None:
    """Each on a partition of its own, and named by an earlier one: then nothing contradicts."""
    known: set[str] = set()
    steps = []
    for number, (name, at, cause, _) in enumerate(drawn):
        steps.append(step(name, at, cause=cause if cause in known else "", place=("t", number, 0)))
        known.add(name)

    ordered = told(steps)

    place = {each.step.id: number for number, each in enumerate(ordered)}
    for each in ordered:
        assert each.pause_s >= 0
        assert each.after_cause_s is None or each.after_cause_s >= 0
        if each.step.cause:
            assert place[each.step.cause] < place[each.step.id]


def test_pauses_and_durations_are_told_and_only_long_pauses_have_a_line() -> None:
    first, second, third = told(
        [step("a"), step("b", 2, cause="a"), step("c", 2 + 3 * 86_400, cause="a")]
    )

    assert (first.pause_s, first.after_cause_s, first.waited) == (0.0, None, False)
    assert (second.pause_s, second.after_cause_s, second.waited) == (2.0, 2.0, False)
    assert (third.pause_s, third.after_cause_s) == (3 * 86_400.0, 2 + 3 * 86_400.0)
    assert third.waited


def test_an_event_published_twice_is_told_once_and_each_dead_letter_of_it_too() -> None:
    again = step("a", 5, place=("t", 0, 9))
    dead = [step("a", at, place=("desk.dead-letters", 0, at), dead=DEAD) for at in (1, 2)]

    ordered = told([step("a", place=("t", 0, 1)), again, *dead])

    assert [(each.step.at - NOON).seconds for each in ordered] == [0, 1, 2]


@pytest.mark.parametrize(
    ("seconds", "english", "spanish"),
    [
        (0.04, "0.0 s", "0.0 s"),
        (9.96, "10.0 s", "10.0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 minute", "1 minuto"),
        (3_599, "59 minutes", "59 minutos"),
        (7_200, "2 hours", "2 horas"),
        (86_400, "1 day", "1 día"),
        (3 * 86_400 + 5, "3 days", "3 días"),
    ],
)
def test_a_duration_has_one_unit(seconds: float, english: str, spanish: str) -> None:
    assert duration(seconds, Language.EN) == english
    assert duration(seconds, Language.ES) == spanish
