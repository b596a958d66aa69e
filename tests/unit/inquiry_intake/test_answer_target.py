"""The answer target (F7): a queue is reminded once of what the desk has not answered in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.inquiry_intake.inquiry.answer_target import due_at, remind
from services.inquiry_intake.inquiry.decide import evolve
from services.inquiry_intake.inquiry.state import INQUIRY
from services.inquiry_intake.service import deciders
from shared.events.cancellations import (
    CancellationEvidenceAwaited,
    CancellationNotRequired,
    CancellationReferred,
    CancellationScheduled,
)
from shared.events.contracts import ContractCopyReady
from shared.events.envelope import Message, Ref
from shared.events.inquiries import InquiryOverdue
from shared.events.values import MADRID
from tests.builders.submissions import (
    INQUIRY_ID,
    NOW,
    NUMBER,
    OTHER_NUMBER,
    RULES,
    agent_answers,
    agent_routes,
    contract_answer,
    decision,
    follow_up,
    intake,
    mail,
    record,
    submission,
    types,
)

OPENED = submission("inquiry")
CANCELLATION = submission("cancellation")
COPY = submission("contract_copy")
TARGET = RULES.answer_due_at(NOW)
BEFORE, LONG_AFTER = NOW + timedelta(hours=1), NOW + timedelta(days=60)


def overdue(*messages: Message, then: datetime = LONG_AFTER) -> list[InquiryOverdue]:
    """Returns the reminders until `then`; messages after the first come an hour after the first."""
    opened, *others = messages
    stage = intake(opened)
    stage.now = BEFORE
    stage.receive(*others)
    return [event for event in stage.until(then) if isinstance(event, InquiryOverdue)]


def test_the_queue_is_reminded_once_of_a_question_that_nobody_answered_in_time() -> None:
    [reminded] = overdue(OPENED)

    assert (reminded.inquiry_id, reminded.queue) == (INQUIRY_ID, "contracts")
    assert (reminded.opened_at, reminded.answer_due_at) == (NOW, TARGET)
    assert reminded.contract_numbers == ()


def test_nobody_is_reminded_before_the_target_has_passed() -> None:
    assert overdue(OPENED, then=TARGET - timedelta(milliseconds=1)) == []
    assert len(overdue(OPENED, then=TARGET)) == 1


IN_TIME = {
    "an agent's answer": (OPENED, agent_answers(resolve=False)),
    "an agent's answer that resolves": (OPENED, agent_answers(resolve=True)),
    "closed by its customer": (OPENED, follow_up(INQUIRY_ID, close=True)),
    "a copy that is ready": (COPY, contract_answer(ContractCopyReady)),
    "every contract decided": (
        CANCELLATION,
        decision(CancellationScheduled),
        decision(CancellationNotRequired, number=OTHER_NUMBER),
    ),
    "the customer is to act next": (
        CANCELLATION,
        decision(CancellationScheduled),
        decision(CancellationEvidenceAwaited, number=OTHER_NUMBER),
    ),
}


@pytest.mark.parametrize("messages", IN_TIME.values(), ids=IN_TIME)
def test_what_was_answered_in_time_causes_nothing(messages: tuple[Message, ...]) -> None:
    assert overdue(*messages) == []


def test_a_target_that_is_met_reminds_nobody() -> None:
    """A timer may have been published before the answer was read."""
    answered = intake(OPENED, agent_answers(resolve=False)).states[Ref(INQUIRY, INQUIRY_ID)]

    assert remind(answered) == []


STILL_WAITING = {
    "nothing": (OPENED, (), "contracts"),
    "another queue": (OPENED, (agent_routes("billing"),), "billing"),
    "the customer's further words": (OPENED, (follow_up(INQUIRY_ID, text="Más"),), "contracts"),
    "a mail that arrived": (OPENED, (mail(delivered=True),), "contracts"),
    "one of two contracts": (CANCELLATION, (decision(CancellationScheduled),), "cancellations"),
    "referred to a professional": (
        CANCELLATION,
        (decision(CancellationReferred), decision(CancellationScheduled, number=OTHER_NUMBER)),
        "cancellations",
    ),
}


@pytest.mark.parametrize(
    ("opening", "messages", "queue"), STILL_WAITING.values(), ids=STILL_WAITING
)
def test_the_queue_in_which_it_now_waits_is_reminded(
    opening: Message, messages: tuple[Message, ...], queue: str
) -> None:
    assert [event.queue for event in overdue(opening, *messages)] == [queue]


def test_the_contracts_that_wait_for_the_desk_are_named() -> None:
    [reminded] = overdue(CANCELLATION, decision(CancellationReferred))
    assert reminded.contract_numbers == (NUMBER, OTHER_NUMBER)
    [reminded] = overdue(CANCELLATION, decision(CancellationScheduled))
    assert reminded.contract_numbers == (OTHER_NUMBER,)


def test_a_reopened_inquiry_has_a_target_of_its_own() -> None:
    stage = intake(OPENED)
    assert types(stage.until(LONG_AFTER)) == ["inquiry.overdue.v1"]
    stage.receive(agent_answers(resolve=True))
    stage.receive(follow_up(INQUIRY_ID, text="Todavía tengo una duda."))
    [reminded] = stage.until(LONG_AFTER + timedelta(days=30))

    assert isinstance(reminded, InquiryOverdue)
    assert reminded.answer_due_at == RULES.answer_due_at(LONG_AFTER)


def test_a_reminder_is_given_once_whatever_happens_after() -> None:
    stage = intake(CANCELLATION)
    stage.until(LONG_AFTER)
    stage.receive(decision(CancellationReferred), agent_routes("billing"))

    assert record(stage, INQUIRY_ID).target_settled
    assert stage.until(LONG_AFTER + timedelta(days=60)) == []


@pytest.mark.parametrize(
    ("opened_at", "due"),
    [
        ("2026-03-27 16:00", "2026-03-30 16:00"),  # Friday; summer time begins on Sunday the 29th
        ("2026-10-23 16:00", "2026-10-26 16:00"),  # Friday; it ends on Sunday the 25th
        ("2026-06-12 16:00", "2026-06-16 10:00"),  # the summer hours begin on Monday the 15th
    ],
)
def test_the_reminder_comes_at_the_staffed_hour_on_the_clocks_of_madrid(
    opened_at: str, due: str
) -> None:
    stage = intake()
    stage.now = datetime.fromisoformat(opened_at).replace(tzinfo=MADRID)
    received = stage.now.isoformat()
    stage.receive(submission("inquiry", received_at=received))
    [reminded] = stage.until(stage.now + timedelta(days=10))

    assert stage.store.written[-1][1]["at"] == reminded.answer_due_at  # type: ignore[attr-defined]
    assert reminded.answer_due_at == datetime.fromisoformat(due).replace(tzinfo=MADRID)  # type: ignore[attr-defined]


def test_an_inquiry_of_an_earlier_release_is_due_once_it_is_written_again() -> None:
    """Its stored state knows no target that was met, and its history folds to what is stored."""
    stage = intake(OPENED)
    ref = Ref(INQUIRY, INQUIRY_ID)
    stored = stage.state(ref).model_dump(mode="json", exclude={"target_settled"})
    state = type(stage.state(ref)).model_validate(stored)

    assert state == stage.folded[ref]
    assert due_at(state) == TARGET
    stage.receive(mail(delivered=True))
    assert stage.store.documents[ref].due_at == TARGET


def test_whatever_is_noted_of_a_target_folds_to_the_stored_state() -> None:
    for messages in IN_TIME.values():
        stage = intake(*messages)
        stage.until(LONG_AFTER)
        assert stage.folded == stage.states


def test_operations_hear_of_every_reminder() -> None:
    inquiry, *_ = deciders(RULES)
    assert inquiry.alarms == (InquiryOverdue,)
    assert inquiry.evolve is evolve
    assert datetime(2026, 3, 2, tzinfo=UTC) < TARGET
