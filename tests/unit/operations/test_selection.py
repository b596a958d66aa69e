"""Which letters are open, which a command means, and when a replay is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.events.envelope import Ref
from shared.events.operations import DeadLetterDiscarded, DeadLetterReplayed
from shared.operations.audit_trail import SOURCE, AuditTrail, Author, common, envelope_of
from shared.operations.dead_letters.errors import AggregateAndSelection, IdsAndSelection
from shared.operations.dead_letters.letter import (
    Letter,
    LetterId,
    NoSuchLetters,
    NotALetterId,
    letter_id,
)
from shared.operations.dead_letters.selection import Selection, grouped, planned
from shared.operations.dead_letters.settlement import Settlement, settlement_of
from shared.operations.parked import Parked
from shared.operations.sender import Pace
from tests.builders.dead_letters import AT, dead_letter

FIRST, SECOND, THIRD = LetterId(0, 1), LetterId(0, 2), LetterId(0, 3)


def replayed(letter: Letter, attempt: int = 1, sent: tuple[int, int] = (0, 99)) -> Any:
    said = {"attempt": attempt, "sent_partition": sent[0], "sent_offset": sent[1]}
    return DeadLetterReplayed.model_validate(common(letter, Author("operator")) | said)


def discarded(letter: Letter) -> Any:
    return DeadLetterDiscarded.model_validate(common(letter, Author("operator", "a test")))


def waiting(*message_ids: str) -> Parked:
    return Parked("cancellation", Ref("file", "K-1"), AT, "KeyError", message_ids)


def open_ids(letters: Sequence[Letter], *acts: Any) -> list[LetterId]:
    return [letter.id for letter in AuditTrail(acts).open(letters)]


@pytest.mark.parametrize("written", ["3-1042", " 3-1042 "])
def test_a_letters_id_is_its_partition_and_offset(written: str) -> None:
    assert letter_id(written) == LetterId(3, 1042)
    assert str(letter_id(written)) == "3-1042"


@pytest.mark.parametrize("written", ["", "3", "3-", "-1-2", "3/1042", "3-x", "3-1042-7", "٣-١"])
def test_what_is_no_letters_id_is_refused(written: str) -> None:
    with pytest.raises(NotALetterId) as refused:
        letter_id(written)

    assert refused.value.written == written


def test_a_letter_with_which_nothing_was_done_is_open() -> None:
    first, second = dead_letter(FIRST, message="a"), dead_letter(SECOND, message="b")

    assert open_ids([first, second], replayed(first)) == [SECOND]
    assert open_ids([first, second], discarded(first)) == [SECOND]


def test_a_later_letter_of_the_same_record_settles_the_earlier_ones_but_not_the_reverse() -> None:
    first, again = dead_letter(FIRST, offset=1), dead_letter(SECOND, offset=2)

    assert open_ids([first, again], replayed(again)) == []
    assert open_ids([first, again], replayed(first)) == [SECOND]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"value": b"{}"}, id="another body under the same id"),
        pytest.param({"service": "notification"}, id="another service"),
        pytest.param({"message": ""}, id="no id to know it by"),
    ],
)
def test_a_letter_of_something_else_is_not_settled_by_it(other: dict[str, Any]) -> None:
    first, later = dead_letter(FIRST, offset=1, **other), dead_letter(SECOND, offset=2)

    assert open_ids([first, later], replayed(later)) == [FIRST]


def test_letters_of_the_same_bytes_without_an_id_are_settled_one_by_one() -> None:
    first, later = dead_letter(FIRST, message="", offset=1), dead_letter(SECOND, message="")

    assert open_ids([first, later], replayed(later)) == [FIRST]


def test_what_nobody_could_read_is_settled_for_all_readers_once_it_is_sent_again() -> None:
    letter = dead_letter(FIRST, reason="unreadable", service="notification", message="")
    other = dead_letter(SECOND, reason="unreadable", service="cancellation", message="")

    assert open_ids([letter, other], replayed(letter)) == []
    assert open_ids([letter, other], discarded(letter)) == [SECOND]


def test_a_service_whose_aggregate_waits_is_not_settled_by_anothers_replay() -> None:
    letter = dead_letter(FIRST, reason="defect", service="notification")
    other = dead_letter(SECOND, reason="defect", service="cancellation")

    assert open_ids([letter, other], replayed(letter)) == [SECOND]


def test_replays_are_counted_by_the_messages_id_whichever_letter_they_were_of() -> None:
    letters = [dead_letter(LetterId(0, n), offset=n) for n in (1, 2, 3)]
    trail = AuditTrail([replayed(letters[0]), replayed(letters[1], 2)])

    assert trail.replays(letters[2]) == 2


def test_replays_of_what_has_no_id_are_counted_from_death_to_death() -> None:
    first = dead_letter(FIRST, message="", partition=4, offset=1)
    second = dead_letter(SECOND, message="", partition=4, offset=7)
    third = dead_letter(THIRD, message="", partition=4, offset=9)
    stranger = dead_letter(LetterId(1, 1), message="", partition=4, offset=8)
    trail = AuditTrail([replayed(first, 1, (4, 7)), replayed(second, 2, (4, 9))])

    assert [trail.replays(letter) for letter in (first, second, third, stranger)] == [1, 2, 2, 0]


def test_the_same_act_has_the_same_id_and_says_nothing_of_the_content() -> None:
    letter = dead_letter(FIRST, value=b'{"name": "Cliente de Prueba"}')
    first, same, other = (
        envelope_of(replayed(letter), SOURCE, 0, 99),
        envelope_of(replayed(letter), SOURCE, 0, 99),
        envelope_of(replayed(letter), SOURCE, 0, 100),
    )

    assert dict(first.headers)["ce_id"] == dict(same.headers)["ce_id"]
    assert dict(first.headers)["ce_id"] != dict(other.headers)["ce_id"]
    assert first.key == "0-1"
    assert b"Cliente" not in first.value


def test_letters_that_died_alike_are_one_group_the_largest_first() -> None:
    letters = [
        dead_letter(FIRST, reason="unreadable", error="no JSON", minutes=0),
        dead_letter(SECOND, reason="defect", minutes=1),
        dead_letter(THIRD, reason="unreadable", error="no JSON", minutes=2),
    ]
    groups = grouped(letters)

    assert [(group.reason, group.count, group.example) for group in groups] == [
        ("unreadable", 2, THIRD),
        ("defect", 1, SECOND),
    ]
    assert groups[0].oldest == AT
    assert groups[0].newest == AT + timedelta(minutes=2)


def test_with_nothing_asked_all_parked_aggregates_are_meant_and_no_other_letter() -> None:
    plan = planned(
        Selection(), [dead_letter(FIRST)], AuditTrail(), [waiting("a", "b")], force=False
    )

    assert (plan.aggregates, plan.singles) == ([waiting("a", "b")], [])


def test_a_group_means_the_whole_sequence_that_its_letters_wait_in() -> None:
    letters = [
        dead_letter(FIRST, reason="defect", message="a"),
        dead_letter(SECOND, reason="blocked", message="b"),
        dead_letter(THIRD, reason="unreadable", message="c"),
    ]
    parked = [waiting("/test a", "/test b")]

    of_defects = planned(Selection(reason="defect"), letters, AuditTrail(), parked, force=False)
    of_all = planned(Selection(everything=True), letters, AuditTrail(), parked, force=False)
    of_unreadable = planned(Selection(error="MADE"), letters, AuditTrail(), [], force=False)

    assert (of_defects.aggregates, of_defects.singles) == (parked, [])
    assert (of_all.aggregates, [letter.id for letter in of_all.singles]) == (parked, [THIRD])
    assert [letter.id for letter in of_unreadable.singles] == [FIRST, SECOND, THIRD]


def test_of_what_waits_only_the_head_on_can_be_asked_for_by_id() -> None:
    letters = [dead_letter(LetterId(0, n), message=name) for n, name in enumerate("abc")]
    parked = [waiting("/test a", "/test b", "/test c")]

    head = planned(Selection(ids=(letters[0].id,)), letters, AuditTrail(), parked, force=False)
    ends = (letters[2].id, letters[0].id)
    gap = planned(Selection(ids=ends), letters, AuditTrail(), parked, force=False)

    assert head.aggregates == [parked[0].first(1)]
    assert gap.aggregates == [parked[0].first(1)]
    assert gap.behind == [(letters[2].id, parked[0])]


def test_what_was_dealt_with_is_left_alone_and_why_is_said_unless_forced() -> None:
    letter = dead_letter(FIRST, reason="unreadable")
    discarding = discarded(letter)
    trail = AuditTrail([discarding])

    plan = planned(Selection(ids=(FIRST,)), [letter], trail, [], force=False)
    forced = planned(Selection(ids=(FIRST,)), [letter], trail, [], force=True)

    assert (plan.singles, plan.left) == ([], [(FIRST, Settlement(act=discarding))])
    assert forced.singles == [letter]


def test_every_letter_that_is_not_there_is_named() -> None:
    with pytest.raises(NoSuchLetters) as refused:
        planned(
            Selection(ids=(FIRST, SECOND, THIRD)),
            [dead_letter(FIRST)],
            AuditTrail(),
            [],
            force=False,
        )

    assert refused.value.ids == [SECOND, THIRD]


@pytest.mark.parametrize(
    "asked",
    [
        {"ids": (FIRST,), "everything": True},
        {"ids": (FIRST,), "reason": "defect"},
        {"ids": (FIRST,), "aggregate": "K-1"},
        {"aggregate": "K-1", "error": "x"},
    ],
)
def test_selections_that_contradict_each_other_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises((IdsAndSelection, AggregateAndSelection)):
        Selection(**asked)


async def test_letters_go_at_most_at_the_rate_and_the_first_at_once() -> None:
    now, slept = [100.0], []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        now[0] += seconds

    pace = Pace(4.0, clock=lambda: now[0], sleep=sleep)
    await pace.keep()
    await pace.keep()
    now[0] += 0.1
    await pace.keep()
    now[0] += 5
    await pace.keep()

    assert slept == [0.25, 0.15]


def test_a_letter_gives_back_the_record_as_it_was_and_reads_its_headers_in_any_case() -> None:
    own = (("CE_Source", b"/test"), ("ce_id", b"a"), ("dl_note", b"the sender's"))
    letter = dead_letter(FIRST, headers=own, partition=2, offset=7)

    assert letter.message_id == "/test a"
    assert letter.original.headers == own
    assert (letter.original.topic, letter.original.partition, letter.original.offset) == (
        "desk.submissions",
        2,
        7,
    )


@pytest.mark.parametrize(
    ("message", "settlement"),
    [("a", Settlement(along_with=SECOND)), ("", Settlement())],
    ids=["a later letter of the same message", "of no known message"],
)
def test_a_letter_that_was_not_acted_on_itself_names_the_one_it_was_settled_with(
    message: str, settlement: Settlement
) -> None:
    first, later = dead_letter(FIRST, message=message), dead_letter(SECOND, message=message)
    trail = AuditTrail([replayed(later)])

    assert settlement_of(first, [first, later], trail) == settlement
