"""A stranger's record on the topics of dead letters and acts keeps no letter from being read.

Both topics keep a record for a year: one that breaks a look breaks every look of that year.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.operations import DeadLetterDiscarded
from shared.kafka.records import EPOCH
from shared.operations.audit_trail import AuditTrail, Author, common
from shared.operations.dead_letters.letter import Letter, LetterId, letter_of
from shared.operations.local_time import local_time
from tests.builders.dead_letters import Consumed, dead_letter

PLACE = LetterId(0, 1)
LATEST = "9223372036854775807"


def saying(**headers: str) -> Letter:
    written = tuple((name, text.encode()) for name, text in headers.items())
    return letter_of(Consumed(PLACE, b"{}", written))


def discarded(about: Letter, **more: Any) -> DeadLetterDiscarded:
    said = common(about, Author("operator", "a test")) | more
    return DeadLetterDiscarded.model_validate(said)


@pytest.mark.parametrize("written", ["9" * 5_000, "9" * 19, "-1", "1.5", "٣", "x", ""])
def test_an_origin_that_no_topic_has_is_no_place(written: str) -> None:
    letter = saying(dl_topic="desk.submissions", dl_partition=written, dl_offset=written)

    assert letter.origin == ("desk.submissions", -1, -1)


def test_the_largest_offset_that_a_topic_can_have_is_one() -> None:
    assert saying(dl_partition="7", dl_offset=LATEST).origin[1:] == (7, int(LATEST))


@pytest.mark.parametrize(
    "written",
    ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+23:59"],
)
def test_an_instant_outside_the_calendar_of_some_time_zone_gives_way_to_the_records_own(
    written: str,
) -> None:
    letter = saying(dl_at=written)

    assert letter.at == EPOCH
    assert local_time(letter.at)


def test_an_instant_of_any_time_zone_is_taken() -> None:
    assert saying(dl_at="2026-03-02T09:00:00+01:00").at == datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("named", ["", "K-1", "0-1-2", "0-" + "9" * 30])
def test_an_act_on_no_letter_says_nothing_about_any(named: str) -> None:
    letter = dead_letter(PLACE)

    trail = AuditTrail([discarded(letter, letter=named)])

    assert trail.handled_of(letter) == []
    assert [it.id for it in trail.open([letter])] == [PLACE]


def test_an_act_names_a_letter_however_its_number_is_written() -> None:
    letter = dead_letter(PLACE)

    trail = AuditTrail([discarded(letter, letter="0-0001")])

    assert len(trail.on(PLACE)) == 1
    assert trail.open([letter]) == []
