"""Which answers belong to a submission, and when there is nothing more to wait for."""

from __future__ import annotations

from typing import Any

import pytest

from desk.commands.answers import AnswerEvent, FollowedSubmission
from desk.commands.event_file import Outgoing
from shared.events.envelope import message_uuid

SOURCE = "/channels/web"
INQUIRY = str(message_uuid(SOURCE, "s-1"))
OTHER = "00000000-0000-0000-0000-000000000001"


def submitted(kind: str = "cancellation", **data: Any) -> FollowedSubmission:
    return FollowedSubmission(Outgoing(f"submission.{kind}.v1", "s-1", SOURCE, data))


def answer(ce_type: str, number: int = 1, *, correlation: str = "s-1", **data: Any) -> AnswerEvent:
    return AnswerEvent(ce_type, f"e-{number}", correlation, {"inquiry_id": INQUIRY} | data)


def decided(word: str, contract: str, number: int = 1) -> AnswerEvent:
    return answer(f"cancellation.{word}.v1", number, contract_number=contract)


def outcome(followed: FollowedSubmission, *answers: AnswerEvent) -> str:
    for answer in answers:
        followed.take(answer)
    return followed.outcome


@pytest.mark.parametrize(
    ("given", "mine"),
    [
        (answer("inquiry.opened.v1"), True),
        (answer("inquiry.resolved.v1", correlation="timer-7"), True),
        (answer("inquiry.closed.v1", inquiry_id=OTHER), False),
        (answer("cancellation.withdrawn.v1", inquiry_id=OTHER), True),
        (answer("cancellation.withdrawn.v1", inquiry_id=OTHER, correlation="s-2"), False),
        (
            answer(
                "cancellation.scheduled.v1",
                inquiry_id=OTHER,
                answers_inquiry_id=INQUIRY,
                correlation="s-2",
            ),
            True,
        ),
        (AnswerEvent("submission.cancellation.v1", "s-1", None, {}, dead="defect"), True),
        (AnswerEvent("submission.cancellation.v1", "s-2", None, {}, dead="defect"), False),
    ],
)
def test_answers_are_told_apart_by_correlation_and_inquiry(given: AnswerEvent, mine: bool) -> None:
    assert submitted().take(given) is mine


def test_a_repeated_answer_is_told_once() -> None:
    followed = submitted()

    assert followed.take(answer("inquiry.opened.v1"))
    assert not followed.take(answer("inquiry.opened.v1"))


@pytest.mark.parametrize(
    ("followed", "answers", "expected"),
    [
        (submitted(), [], "pending"),
        (submitted(), [answer("inquiry.opened.v1")], "pending"),
        (submitted(), [answer("submission.rejected.v1")], "rejected"),
        (submitted(), [answer("inquiry.resolved.v1")], "resolved"),
        (
            submitted(),
            [answer("inquiry.resolved.v1", 1), answer("inquiry.closed.v1", 2)],
            "closed",
        ),
        (
            submitted(contract_numbers=["K-1"]),
            [decided("evidence_awaited", "K-1")],
            "evidence_awaited",
        ),
        (
            submitted(contract_numbers=["K-1", "K-2"]),
            [decided("evidence_awaited", "K-1")],
            "pending",
        ),
        (
            submitted(contract_numbers=["K-1", "K-2"]),
            [decided("referred", "K-1", 1), decided("scheduled", "K-2", 2)],
            "referred",
        ),
        (submitted("inquiry"), [answer("inquiry.opened.v1")], "open"),
        (
            submitted("follow_up", inquiry_id=OTHER),
            [answer("inquiry.progressed.v1", inquiry_id=OTHER)],
            "received",
        ),
        (
            submitted(),
            [AnswerEvent("x", "s-1", None, {}, dead="defect in cancellation")],
            "dead_letter",
        ),
    ],
)
def test_the_outcome_follows_from_the_answers(
    followed: FollowedSubmission, answers: list[AnswerEvent], expected: str
) -> None:
    assert outcome(followed, *answers) == expected
    assert followed.done is (expected != "pending")
    assert followed.refused is (expected in ("rejected", "dead_letter"))
