"""The line behind a defect: it keeps its order, and stays small however many messages wait."""

from __future__ import annotations

from datetime import UTC, datetime

import bson
import pytest

from shared.runtime.aggregates.parking import LONGEST, NAMED, Parking

AT = datetime(2026, 3, 1, tzinfo=UTC)


def line_of(count: int) -> Parking:
    parking = Parking(AT, "ZeroDivisionError")
    for number in range(count):
        parking.add(name(number))
    return parking


def name(number: int) -> str:
    return f"/channels/test 00000000-0000-4000-8000-{number:012}"


@pytest.mark.parametrize("count", [1, NAMED - 1, NAMED, NAMED + 1, NAMED + 20])
def test_messages_leave_the_line_in_the_order_in_which_they_joined_it(count: int) -> None:
    parking = Parking.read(line_of(count).document())
    for number in range(count):
        assert [candidate for candidate in range(count) if parking.is_head(name(candidate))] == [
            number
        ]
        parking.remove(name(number))
    assert len(parking) == 0


def test_a_message_waits_once_however_often_it_comes() -> None:
    parking = line_of(NAMED + 5)
    assert not any([parking.add(name(1)), parking.add(name(NAMED + 1))])
    assert len(parking) == NAMED + 5


def test_one_that_is_given_up_leaves_the_others_in_their_places() -> None:
    parking = line_of(NAMED + 3)
    parking.remove(name(NAMED + 1))
    assert name(NAMED + 1) not in parking
    assert [name(number) in parking for number in (0, NAMED, NAMED + 2)] == [True, True, True]
    assert len(parking) == NAMED + 2


def test_fifty_thousand_messages_wait_in_half_a_megabyte() -> None:
    assert len(bson.encode(line_of(50_000).document())) < 512 * 1024


def test_a_line_takes_no_more_than_its_longest() -> None:
    parking = Parking(AT, "ZeroDivisionError", digests=[b"%08d" % n for n in range(LONGEST)])
    assert not parking.add(name(1))
    assert len(parking) == LONGEST


def test_a_line_of_an_earlier_release_is_continued() -> None:
    whole = {"at": AT, "error": "E", "waiting": [name(number) for number in range(NAMED + 10)]}
    parking = Parking.read(whole)
    parking.add(name(NAMED + 10))
    assert parking.is_head(name(0))
    assert parking.document()["waiting"] == whole["waiting"]
    assert name(NAMED + 10) in Parking.read(parking.document())


@pytest.mark.parametrize("own", ["timer", "outcome"])
def test_an_own_message_is_known_while_it_stands_in_the_line(own: str) -> None:
    parking = line_of(2)
    setattr(parking, own, name(1))
    kept = Parking.read(parking.document())
    kept.remove(name(0))
    assert getattr(kept, own) == name(1)
    kept.remove(name(1))
    assert getattr(kept, own) is None
