"""The console tells the outcome of a repair in both languages, and marks each failure."""

from __future__ import annotations

from typing import get_args

import pytest

from services.operations_console.repair_words import (
    OutcomeRow,
    behind_row,
    discard_row,
    edit_row,
    error_said,
    foretold_row,
    settlement_said,
    stop_said,
    told_row,
)
from shared.events.envelope import Ref
from shared.events.values import Bilingual
from shared.kafka.records import RecordPosition
from shared.operations.dead_letters.discard import Discard, Discarded
from shared.operations.dead_letters.edit import Edited
from shared.operations.dead_letters.errors import (
    AlreadySettled,
    HalfACharacter,
    IdentityCorrected,
    NoSuchField,
    NotAnObject,
    NotAPointer,
    NothingCorrected,
    NotJson,
    StillFaulty,
    Superseded,
    UnknownService,
)
from shared.operations.dead_letters.letter import LetterId, NoSuchLetters
from shared.operations.dead_letters.replay import ReplayOutcome
from shared.operations.dead_letters.resend import Resent
from shared.operations.dead_letters.run import (
    Foresaw,
    Foretold,
    NotTried,
    OnlyFirst,
    Told,
    WouldSend,
)
from shared.operations.dead_letters.settlement import Settlement
from shared.operations.dead_letters.stop import (
    CorrectionUnderway,
    FailedAgain,
    LetterGone,
    NotReached,
    ReplayedTooOften,
    StillParked,
    StillWaits,
    Stop,
    WouldFail,
)
from shared.operations.errors import OperationError
from shared.operations.parked import Parked
from shared.operations.service_client import ServiceError
from shared.runtime.operations.answers import Foreseen
from tests.builders.dead_letters import AT, dead_letter

FIRST, NEWER = LetterId(0, 1), LetterId(0, 2)
LETTER = dead_letter(FIRST)
PARKED = Parked("cancellation", Ref("file", "K-1"), AT, "KeyError", ("a", "b"))
STOPS: list[tuple[Stop, str]] = [
    (LetterGone("/test a"), "/test a"),
    (CorrectionUnderway(FIRST), "0-1"),
    (ReplayedTooOften(FIRST, 3), "3"),
    (WouldFail("title: missing"), "title: missing"),
    (NotReached("cancellation", 15), "15 s"),
    (StillParked(15, "KeyError"), "KeyError"),
    (FailedAgain(NEWER, "defect", "KeyError"), "0-2"),
    (StillWaits(PARKED, 15), "cancellation file K-1"),
]
ERRORS: list[tuple[OperationError, str]] = [
    (NothingCorrected(FIRST), ""),
    (NotAnObject(), "JSON"),
    (NotAPointer("x"), "/contact/email"),
    (NoSuchField("/x"), "/contact/email"),
    (NotJson("/x"), "JSON"),
    (HalfACharacter(), ""),
    (UnknownService(FIRST, "nobody"), "nobody"),
    (IdentityCorrected(FIRST), ""),
    (StillFaulty(FIRST, ["title: missing"]), "title: missing"),
    (Superseded(FIRST, NEWER), "0-2"),
    (AlreadySettled(FIRST, Settlement(along_with=NEWER)), "0-2"),
    (NoSuchLetters([FIRST]), "0-1"),
    (ServiceError("notification", "does not answer"), "notification"),
]
PARTS: list[tuple[Told, bool]] = [
    (ReplayOutcome(PARKED, 2), False),
    (ReplayOutcome(PARKED, 1, WouldFail("title: missing")), True),
    (Resent(LETTER), False),
    (Resent(LETTER, WouldFail("title: missing")), True),
    (NotTried(4), True),
]
FORETOLD: list[tuple[Foretold, bool]] = [
    (WouldSend(PARKED), False),
    (Foresaw(LETTER, Foreseen()), False),
    (Foresaw(LETTER, Foreseen(fault="KeyError")), True),
    (OnlyFirst(PARKED, 1), False),
    (LetterGone("/test a"), True),
]


def in_both(said: Bilingual, words: str) -> bool:
    return words in said.es and words in said.en and said.es != said.en


@pytest.mark.parametrize(("stop", "words"), STOPS)
def test_what_ends_a_repair_early_is_told(stop: Stop, words: str) -> None:
    assert in_both(stop_said(stop), words)


def test_nothing_that_can_end_a_repair_or_be_told_of_it_is_left_out() -> None:
    assert {type(stop) for stop, _ in STOPS} == set(get_args(Stop))
    assert {type(part) for part, _ in PARTS} == set(get_args(Told))
    assert {type(part) for part, _ in FORETOLD} == set(get_args(Foretold))


@pytest.mark.parametrize(("error", "words"), ERRORS)
def test_why_nothing_was_done_is_told(error: OperationError, words: str) -> None:
    assert in_both(error_said(error), words)


@pytest.mark.parametrize(("part", "bad"), PARTS)
def test_each_part_of_a_replay_says_whether_somebody_has_to_look(part: Told, bad: bool) -> None:
    row = told_row(part)

    assert in_both(row.said, "")
    assert row.bad == bad


@pytest.mark.parametrize(("part", "bad"), FORETOLD)
def test_each_part_of_a_dry_run_says_whether_it_would_fail(part: Foretold, bad: bool) -> None:
    row = foretold_row(part)

    assert in_both(row.said, "")
    assert row.bad == bad


@pytest.mark.parametrize(
    ("row", "words", "bad"),
    [
        (discard_row(Discarded(Discard(LETTER, ()))), "", False),
        (discard_row(Discarded(Discard(LETTER, ()), StillWaits(PARKED, 15))), "K-1", True),
        (edit_row(Edited(LETTER, RecordPosition("t", 0, 1))), "", False),
        (edit_row(Edited(LETTER, RecordPosition("t", 0, 1), waits=True)), "", False),
        (edit_row(Edited(LETTER, RecordPosition("t", 0, 1), decided=3)), "3", False),
        (
            edit_row(Edited(LETTER, RecordPosition("t", 0, 1), stopped_by=WouldFail("x: missing"))),
            "x: missing",
            True,
        ),
        (behind_row(FIRST, PARKED), "cancellation file K-1", True),
    ],
)
def test_what_came_of_one_letter_names_it(row: OutcomeRow, words: str, bad: bool) -> None:
    assert row.what == "0-1"
    assert in_both(row.said, words)
    assert row.bad == bad


def test_a_letter_that_was_dealt_with_says_how() -> None:
    assert in_both(settlement_said(Settlement(along_with=NEWER)), "0-2")
    assert in_both(settlement_said(Settlement()), "")
