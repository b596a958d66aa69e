"""A range of records, tried again: what differs, and where a range that was cut continues."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from desk.commands.errors import DeskError
from desk.commands.range_replay import replay, window_of
from shared.kafka.records import RecordPosition
from shared.kafka.topic_records import Window
from shared.operations.decoded_record import decoded
from shared.operations.range_replay import (
    RangeOutcome,
    RangeRead,
    RangeReplay,
    ReplayedRecord,
    ServiceAnswer,
    deciders_of,
)
from shared.runtime.operations.answers import DecidedThen, Foreseen, ForeseenEvent
from tests.fakes.memory_stage import Given

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
PLACE = RecordPosition("desk.cancellation-requests", 2, 41)


def event(type_: str = "cancellation.scheduled.v1", **data: Any) -> ForeseenEvent:
    return ForeseenEvent(kind="file", id="K-1", type=type_, data=data, public=True)


def then(*events: ForeseenEvent, again: bool = True, offset: int = 41) -> DecidedThen:
    return DecidedThen(
        at=AT, topic=PLACE.topic, partition=2, offset=offset, events=events, again=again
    )


SCHEDULED = event(effective_on="2027-03-31", sequence=1)
LATER = event(effective_on="2027-04-30", sequence=1)


@pytest.mark.parametrize(
    ("foreseen", "outcome", "differences"),
    [
        (Foreseen(), RangeOutcome.NOTHING, ()),
        (Foreseen(events=(SCHEDULED,)), RangeOutcome.UNDECIDED, ()),
        (Foreseen(fault="unreadable: no"), RangeOutcome.GIVEN_UP, ()),
        (Foreseen(then=then()), RangeOutcome.AS_THEN, ()),
        (Foreseen(events=(SCHEDULED,), then=then(SCHEDULED)), RangeOutcome.AS_THEN, ()),
        (Foreseen(events=(SCHEDULED,), then=then(SCHEDULED, offset=7)), RangeOutcome.AS_THEN, ()),
        (Foreseen(then=then(SCHEDULED, again=False)), RangeOutcome.UNKNOWN, ()),
        (
            Foreseen(events=(LATER,), then=then(SCHEDULED)),
            RangeOutcome.DIFFERS,
            ("cancellation.scheduled.v1: effective_on",),
        ),
        (
            Foreseen(events=(event(), SCHEDULED), then=then(event(sequence=None))),
            RangeOutcome.DIFFERS,
            ("cancellation.scheduled.v1: sequence", "nothing then, cancellation.scheduled.v1 now"),
        ),
        (
            Foreseen(events=(event("file.noted"),), then=then(SCHEDULED)),
            RangeOutcome.DIFFERS,
            ("cancellation.scheduled.v1 then, file.noted now",),
        ),
        (
            Foreseen(fault="defect: ZeroDivisionError", then=then(SCHEDULED)),
            RangeOutcome.DIFFERS,
            ("now given up: defect: ZeroDivisionError",),
        ),
        (
            Foreseen(events=(LATER,), then=then(SCHEDULED, offset=7)),
            RangeOutcome.DIFFERS,
            (
                "another record was decided, desk.cancellation-requests 2-7",
                "cancellation.scheduled.v1: effective_on",
            ),
        ),
    ],
)
def test_what_differs_is_named_by_types_and_fields_without_their_values(
    foreseen: Foreseen, outcome: RangeOutcome, differences: tuple[str, ...]
) -> None:
    answer = ServiceAnswer("cancellation", foreseen, PLACE)

    assert (answer.outcome, answer.differences) == (outcome, differences)


@pytest.mark.parametrize(
    ("foreseen", "rest", "as_then"),
    [
        (Foreseen(then=then()), {}, True),
        (Foreseen(events=(SCHEDULED,)), {}, True),
        (Foreseen(then=then()), {1: 7}, False),
        (Foreseen(fault="unreadable: no"), {}, False),
        (Foreseen(then=then(SCHEDULED)), {}, False),
    ],
)
def test_what_is_left_or_differs_or_would_be_given_up_is_no_success(
    foreseen: Foreseen, rest: dict[int, int], *, as_then: bool
) -> None:
    found = ReplayedRecord(decoded(record(2, 41)), [ServiceAnswer("cancellation", foreseen, PLACE)])

    assert RangeReplay([found], rest).as_then is as_then


def record(partition: int, offset: int) -> Given:
    return Given(PLACE.topic, offset, b"K-1", b"{}", [], partition)


@pytest.mark.parametrize(
    ("tried", "rest"),
    [
        (4, {0: 5, 2: 0}),
        (3, {0: 5, 1: 9, 2: 0}),
        (1, {0: 4, 1: 8, 2: 0}),
        (0, {0: 2, 1: 8, 2: 0}),
    ],
)
def test_a_range_that_was_cut_continues_at_the_first_record_not_tried_of_each_partition(
    tried: int, rest: dict[int, int]
) -> None:
    read = RangeRead(
        spans={0: range(10), 1: range(10), 2: range(3), 3: range(0)},
        chosen=[record(0, 2), record(1, 8), record(0, 4), record(1, 9)],
        following={0: 5, 1: 10, 2: 0},
    )

    assert read.rest(tried) == rest


def test_a_range_read_to_its_end_continues_only_where_records_were_not_tried() -> None:
    read = RangeRead({0: range(10), 1: range(10)}, [record(0, 2), record(1, 8)])

    assert (read.rest(2), read.rest(1)) == ({}, {1: 8})


@pytest.mark.parametrize(
    ("begin", "end", "window"),
    [
        ("1042", "1100", Window(first=1042, last=1100, partition=3)),
        ("1042", None, Window(first=1042, partition=3)),
        (
            "2027-03-01T09:00+00:00",
            "2027-03-01T10:00+00:00",
            Window(since=AT, until=AT.replace(hour=10), partition=3),
        ),
        ("7", "2027-03-01T09:00+00:00", Window(first=7, until=AT, partition=3)),
    ],
)
def test_digits_are_an_offset_and_all_else_is_a_time(
    begin: str, end: str | None, window: Window
) -> None:
    assert window_of(begin, end, 3) == window


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"topic": "no.such"}, "has no topic no.such"),
        ({"topic": "orders.orders"}, "no service decides about the records of orders.orders"),
        ({"service": "archive"}, "has no service archive; of billing.invoices: cancellation"),
        ({"service": "notification"}, "notification does not read billing.invoices"),
        ({"begin": "yesterday"}, "--from 'yesterday' is no time"),
        ({"end": "soon"}, "--to 'soon' is no time"),
    ],
)
def test_a_range_that_nobody_can_try_is_refused_before_anything_is_asked(
    wrong: dict[str, str], said: str
) -> None:
    asked: dict[str, Any] = {
        "topic": "billing.invoices",
        "begin": "0",
        "service": None,
        **dict.fromkeys(("end", "partition", "types", "ids", "where")),
        "most": 5,
        "within": 1.0,
        "as_json": False,
    }

    with pytest.raises(DeskError, match=said):
        replay(**asked | wrong)


def test_the_services_that_read_a_topic_decide_about_it() -> None:
    assert deciders_of("desk.cancellations") == (
        "inquiry_intake",
        "contract_archive",
        "notification",
    )
