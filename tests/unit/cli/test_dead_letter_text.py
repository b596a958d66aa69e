"""The command has a sentence for every value in which the library speaks of dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

import pytest

from desk.commands.dead_letter_output import age, aggregate_stop_text, settlement_text, stop_text
from desk.commands.errors import FAILED, WRONG_USE
from desk.commands.failures import expected
from shared.events.envelope import Ref
from shared.events.operations import DeadLetterDiscarded
from shared.operations.audit_trail import Author, common
from shared.operations.case_timeline import NoSuchCase
from shared.operations.dead_letters import errors
from shared.operations.dead_letters.letter import LetterId, NoSuchLetters, NotALetterId
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
from shared.operations.errors import (
    AttachmentDiffers,
    GroupsOfAnother,
    MissingTopics,
    NoSuchAttachment,
    NoSuchInquiry,
    OperationError,
    WrongDatabaseUrl,
)
from shared.operations.parked import Parked
from shared.operations.service_client import (
    NoAddress,
    NotAdmitted,
    NotThere,
    Refused,
    ServiceError,
    Unreachable,
    Unready,
)
from tests.builders.dead_letters import AT, dead_letter

LETTER, OTHER = LetterId(3, 7), LetterId(3, 8)
PARKED = Parked("cancellation", Ref("file", "K-1"), AT, "KeyError", ("/test a",))
DISCARDING = DeadLetterDiscarded.model_validate(
    common(dead_letter(LETTER), Author("operator", "a test"))
)
STOPS: dict[Stop, str] = {
    LetterGone("/test a"): "its dead letter is gone from desk.dead-letters: /test a",
    CorrectionUnderway(LETTER): (
        "the correction of 3-7 is on its way; when it has come, replay again"
    ),
    ReplayedTooOften(LETTER, 3): (
        "it was already replayed 3 times; if the cause is gone, give --force"
    ),
    WouldFail("unreadable: no JSON"): (
        "not sent, because it would fail again: unreadable: no JSON"
    ),
    NotReached("cancellation", 15.0): (
        "not decided in 15 s, though it was sent; does cancellation run? `desk doctor` says so"
    ),
    StillParked(15.0, "KeyError"): "not decided in 15 s; the defect was KeyError",
    FailedAgain(OTHER, "defect", "KeyError"): "it failed again: defect: KeyError (3-8)",
    StillWaits(PARKED, 15.0): (
        "it is written down, but still waits for cancellation file K-1 after 15 s;"
        " does cancellation run?"
    ),
}
SETTLEMENTS = {
    Settlement(act=DISCARDING): "already discarded by operator: a test",
    Settlement(along_with=OTHER): "already settled with 3-8, a later letter of the same message",
    Settlement(): "already sent again with another service's letter of the same record",
}
ERRORS: list[tuple[OperationError, int, str]] = [
    (
        MissingTopics(["desk.timers"], "kafka:9092"),
        FAILED,
        "at kafka:9092 shows no topic desk.timers",
    ),
    (NoSuchInquiry("e-1"), FAILED, "no inquiry has 'e-1' as an id"),
    (NoSuchInquiry("INQ-1"), FAILED, "'INQ-1' cannot be a reference"),
    (NoSuchAttachment("d-1", None), FAILED, "the inquiry names no attachment 'd-1'"),
    (
        NoSuchAttachment("d-1", "refused"),
        FAILED,
        "keeps no attachment 'd-1' of this customer (refu",
    ),
    (AttachmentDiffers("d-1"), FAILED, "attachment d-1 is not saved"),
    (NoSuchCase("e-1"), FAILED, "nothing has 'e-1' as a reference"),
    (NoSuchCase("e-1", complete=False), FAILED, "not everything was read"),
    (WrongDatabaseUrl("InvalidURI"), WRONG_USE, "URL is wrong (InvalidURI)"),
    (GroupsOfAnother("channels"), WRONG_USE, "channels could join the services' groups"),
    (NotALetterId("x"), WRONG_USE, "'x' is no letter's id; it looks like 3-1042"),
    (NoSuchLetters([LETTER, OTHER]), FAILED, "there is no dead letter 3-7, 3-8"),
    (errors.IdsAndSelection(), WRONG_USE, "not both"),
    (errors.AggregateAndSelection(), WRONG_USE, "--aggregate means all that waits for it"),
    (errors.NothingCorrected(LETTER), WRONG_USE, "3-7 would stay as it is"),
    (errors.NotAnObject(), WRONG_USE, "--file or --editor"),
    (errors.HalfACharacter(), WRONG_USE, "half of a character"),
    (errors.NotAPointer("text"), WRONG_USE, "--set 'text' is no JSON pointer"),
    (errors.NotJson("/text"), WRONG_USE, "a text needs its own quotes"),
    (errors.NoSuchField("/a/b"), WRONG_USE, "--set /a/b: the value has no such place"),
    (errors.UnknownService(LETTER, "gone"), WRONG_USE, "'gone', which is no service"),
    (errors.IdentityCorrected(LETTER), WRONG_USE, "these cannot be corrected"),
    (errors.StillFaulty(LETTER, ["text: empty"]), WRONG_USE, "still have faults:\n  text: empty"),
    (errors.Superseded(LETTER, OTHER), FAILED, "not the newest letter of its message; edit 3-8"),
    (
        errors.AlreadySettled(LETTER, Settlement(along_with=OTHER)),
        FAILED,
        "3-7 was already settled with 3-8",
    ),
    (NoAddress("cancellation"), FAILED, "Set CANCELLATION_URL to its internal port"),
    (NotAdmitted("cancellation", "asks for another credential"), FAILED, "INTERNAL_CREDENTIAL"),
    (Unreachable("cancellation", "does not answer"), FAILED, "`desk restore` and whatever"),
    (Unready("cancellation", "cannot answer now"), FAILED, "cancellation cannot answer now"),
    (Refused("cancellation", ["id: is missing"]), WRONG_USE, "question: id: is missing"),
    (NotThere("cancellation", "has no such record"), FAILED, "cancellation has no such record"),
    (ServiceError("cancellation", "failed"), FAILED, "cancellation failed"),
]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: type(stop).__name__)
def test_why_a_replay_stopped_is_told(stop: Stop) -> None:
    assert stop_text(stop) == STOPS[stop]


def test_no_stop_lacks_its_sentence() -> None:
    assert {type(stop) for stop in STOPS} == set(get_args(Stop))


def test_of_an_aggregates_many_letters_the_one_refused_is_named() -> None:
    assert aggregate_stop_text(ReplayedTooOften(LETTER, 3)).startswith("3-7: it was already")


@pytest.mark.parametrize("settlement", SETTLEMENTS, ids=["an act", "a later letter", "another"])
def test_how_a_letter_was_settled_is_told(settlement: Settlement) -> None:
    assert settlement_text(settlement) == SETTLEMENTS[settlement]


@pytest.mark.parametrize(
    ("error", "code", "words"), ERRORS, ids=[type(error).__name__ for error, _, _ in ERRORS]
)
def test_what_kept_an_operator_from_acting_is_told(
    error: OperationError, code: int, words: str
) -> None:
    told = expected(error)

    assert told is not None
    assert words in str(told)
    assert told.code == code


def test_no_error_of_the_library_lacks_its_sentence() -> None:
    assert {type(error) for error, _, _ in ERRORS} == set(_kinds_of(OperationError))


def _kinds_of(error: type[OperationError]) -> Iterator[type[OperationError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3 * 3600, "3 h ago"),
        (86_399, "23 h ago"),
        (3 * 86_400, "3 d ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, said: str) -> None:
    assert age(AT, AT + timedelta(seconds=seconds)) == said
