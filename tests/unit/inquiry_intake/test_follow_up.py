"""A customer continues an inquiry (F4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.inquiry_intake.inquiry.state import InquiryStanding
from shared.events.cancellations import CancellationExpired, CancellationScheduled
from shared.events.contracts import ContractCopyReady
from shared.events.envelope import Message
from shared.events.inquiries import (
    Actor,
    ClosedBy,
    InquiryClosed,
    InquiryProgressed,
    InquiryReopened,
)
from shared.events.submissions import FollowUpSubmitted, SubmissionRejected
from tests.builders.submissions import (
    INQUIRY_ID,
    NOW,
    NUMBER,
    OTHER_NUMBER,
    STRANGER_ID,
    agent_answers,
    contract_answer,
    decision,
    follow_up,
    inquiry_id_of,
    intake,
    record,
    submission,
    types,
)

FOLLOW_UP_ID = inquiry_id_of("f-1")
OPEN_QUESTION = (submission("inquiry"),)
RESOLVED_QUESTION = (*OPEN_QUESTION, agent_answers(resolve=True))
CLOSED_COPY = (submission("contract_copy"), contract_answer(ContractCopyReady))
PENDING_CANCELLATION = (submission("cancellation", contract_numbers=[NUMBER]),)
SCHEDULED_CANCELLATION = (*PENDING_CANCELLATION, decision(CancellationScheduled))
EXPIRED_CANCELLATION = (*PENDING_CANCELLATION, decision(CancellationExpired))


@pytest.mark.parametrize(
    ("given", "fields", "then"),
    [
        (OPEN_QUESTION, {"text": "Más"}, ["inquiry.progressed.v1"]),
        (RESOLVED_QUESTION, {"text": "Más"}, ["inquiry.reopened.v1", "inquiry.progressed.v1"]),
        (CLOSED_COPY, {"text": "Más"}, ["inquiry.reopened.v1", "inquiry.progressed.v1"]),
        (OPEN_QUESTION, {"documents": ["doc-1"]}, ["inquiry.progressed.v1"]),
        (OPEN_QUESTION, {"close": True}, ["inquiry.closed.v1"]),
        (RESOLVED_QUESTION, {"close": True}, ["inquiry.closed.v1"]),
        (CLOSED_COPY, {"close": True}, []),
        (
            RESOLVED_QUESTION,
            {"text": "Gracias", "close": True},
            ["inquiry.progressed.v1", "inquiry.closed.v1"],
        ),
        (
            CLOSED_COPY,
            {"text": "Gracias", "close": True},
            ["inquiry.progressed.v1", "inquiry.closed.v1"],
        ),
        (EXPIRED_CANCELLATION, {"close": True}, []),
        (PENDING_CANCELLATION, {"text": "Más"}, ["inquiry.progressed.v1"]),
    ],
)
def test_what_a_follow_up_does_to_its_inquiry(
    given: tuple[Message, ...], fields: dict[str, object], then: list[str]
) -> None:
    own, *others = intake(*given).receive(follow_up(INQUIRY_ID, **fields))

    assert own.ce_type == "follow_up.accepted"
    assert types(others) == then


def rejected(given: tuple[Message, ...], message: Message) -> list[tuple[str, str]]:
    """The faults that a follow-up is answered with; nothing else may happen."""
    kept, rejection = intake(*given).receive(message)
    assert kept.ce_type == "rejection.recorded"
    assert isinstance(rejection, SubmissionRejected)
    return [(error.field, error.code) for error in rejection.errors]


@pytest.mark.parametrize("given", [PENDING_CANCELLATION, SCHEDULED_CANCELLATION])
def test_an_inquiry_whose_contracts_are_not_settled_cannot_be_closed(
    given: tuple[Message, ...],
) -> None:
    message = follow_up(INQUIRY_ID, text="Cierren, por favor", close=True)

    assert rejected(given, message) == [("close", "not_settled")]


@pytest.mark.parametrize(
    "message",
    [
        follow_up(inquiry_id_of("never sent"), text="Hola"),
        follow_up(INQUIRY_ID, text="Hola", customer_id=STRANGER_ID),
        follow_up(FOLLOW_UP_ID, text="Hola"),
    ],
    ids=["never opened", "another customer's", "its own"],
)
def test_only_an_inquiry_of_one_s_own_can_be_followed_up(message: Message) -> None:
    assert rejected(OPEN_QUESTION, message) == [("inquiry_id", "inquiry_unknown")]


def test_another_customer_learns_nothing_about_an_inquiry() -> None:
    unknown = intake().receive(follow_up(INQUIRY_ID, close=True, customer_id=STRANGER_ID))
    foreign = intake(*PENDING_CANCELLATION).receive(
        follow_up(INQUIRY_ID, close=True, customer_id=STRANGER_ID)
    )

    assert unknown == foreign


def test_a_follow_up_is_no_inquiry_to_follow_up() -> None:
    given = (*OPEN_QUESTION, follow_up(INQUIRY_ID, text="Más"))

    assert rejected(given, follow_up(FOLLOW_UP_ID, "f-2", text="Y más")) == [
        ("inquiry_id", "inquiry_unknown")
    ]


def test_a_rejected_follow_up_leaves_the_inquiry_alone() -> None:
    history = intake(*PENDING_CANCELLATION)
    before = record(history, INQUIRY_ID)

    history.receive(follow_up(INQUIRY_ID, close=True))

    assert record(history, INQUIRY_ID) == before


def test_the_id_may_be_written_in_capitals() -> None:
    events = intake(*OPEN_QUESTION).receive(follow_up(INQUIRY_ID.upper(), text="Más"))

    assert types(events) == ["follow_up.accepted", "inquiry.progressed.v1"]


def test_the_customer_s_words_are_confirmed_and_kept() -> None:
    progressed = intake(*OPEN_QUESTION).receive(follow_up(INQUIRY_ID, text="¿Y el otro?"))[-1]

    assert isinstance(progressed, InquiryProgressed)
    assert progressed.status == "follow_up_received"
    assert (progressed.by, progressed.text) == (Actor.CUSTOMER, "¿Y el otro?")
    assert "¿Y el otro?" in progressed.note.es
    assert "¿Y el otro?" in progressed.note.en


def test_a_reopened_inquiry_has_a_new_answer_target() -> None:
    history = intake(*RESOLVED_QUESTION)
    history.now = NOW + timedelta(days=7)

    reopened = history.receive(follow_up(INQUIRY_ID, text="Más"))[1]

    assert isinstance(reopened, InquiryReopened)
    assert reopened.by is ClosedBy.CUSTOMER
    assert reopened.answer_due_at == NOW + timedelta(days=8)
    assert record(history, INQUIRY_ID).answer_due_at == reopened.answer_due_at
    assert record(history, INQUIRY_ID).status is InquiryStanding.OPEN


def test_closing_is_the_customer_s_own_act() -> None:
    history = intake(*OPEN_QUESTION)

    closed = history.receive(follow_up(INQUIRY_ID, close=True))[-1]

    assert isinstance(closed, InquiryClosed)
    assert closed.by is ClosedBy.CUSTOMER
    assert record(history, INQUIRY_ID).closed_by is ClosedBy.CUSTOMER


def test_last_words_are_no_open_question() -> None:
    history = intake(*OPEN_QUESTION, follow_up(INQUIRY_ID, text="Gracias", close=True))

    assert record(history, INQUIRY_ID).status is InquiryStanding.CLOSED
    assert not record(history, INQUIRY_ID).question_open


def test_the_same_follow_up_again_changes_nothing() -> None:
    history = intake(*OPEN_QUESTION, follow_up(INQUIRY_ID, text="Más"))

    assert history.receive(follow_up(INQUIRY_ID, text="Más")) == []


def test_a_follow_up_stored_only_in_its_own_record_still_reaches_its_inquiry() -> None:
    """The process died between the two writes; the message is delivered again."""
    history = intake(*OPEN_QUESTION)
    before = dict(history.store.documents)
    message = follow_up(INQUIRY_ID, text="Más")
    history.receive(message)
    inquiry = next(iter(before))
    history.store.documents[inquiry] = before[inquiry]

    assert types(history.receive(message)) == ["inquiry.progressed.v1"]


@pytest.mark.parametrize(
    "second",
    [
        follow_up(INQUIRY_ID, text="Otra cosa"),
        follow_up(inquiry_id_of("s-2"), text="Más"),
        submission("inquiry", "f-1"),
    ],
    ids=["other words", "another inquiry", "another kind"],
)
def test_another_body_under_a_follow_up_s_id_reaches_no_inquiry(second: Message) -> None:
    given = (*OPEN_QUESTION, submission("inquiry", "s-2"), follow_up(INQUIRY_ID, text="Más"))

    (rejection,) = intake(*given).receive(second)

    assert isinstance(rejection, SubmissionRejected)
    assert rejection.errors[0].code == "id_reused"


def test_a_follow_up_under_a_used_id_reaches_no_inquiry() -> None:
    given = (*OPEN_QUESTION, submission("inquiry", "f-1"))

    (rejection,) = intake(*given).receive(follow_up(INQUIRY_ID, text="Más"))

    assert rejection.ce_type == "submission.rejected.v1"


def test_a_cancellation_of_two_contracts_closes_for_both_or_not_at_all() -> None:
    given = (submission("cancellation"), decision(CancellationExpired))

    assert rejected(given, follow_up(INQUIRY_ID, close=True)) == [("close", "not_settled")]
    assert types(
        intake(*given, decision(CancellationExpired, number=OTHER_NUMBER)).receive(
            follow_up(INQUIRY_ID, text="Gracias", close=True)
        )
    ) == ["follow_up.accepted", "inquiry.progressed.v1", "inquiry.closed.v1"]


@pytest.mark.parametrize(
    "text", ["Más", "  Más\n", "\u200bMás\u00a0", "Más\n\ty más", " ", "\u200b", None, "x" * 10_000]
)
def test_its_fields_are_judged_once_and_its_text_is_as_they_were_found(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[FollowUpSubmitted] = []
    validate = FollowUpSubmitted.model_validate

    def counted(fields: Any) -> FollowUpSubmitted:
        judged.append(validate(fields))
        return judged[-1]

    monkeypatch.setattr(FollowUpSubmitted, "model_validate", counted)
    events = intake(*RESOLVED_QUESTION).receive(follow_up(INQUIRY_ID, text=text, close=True))

    assert isinstance(events[-1], InquiryClosed)
    assert [follow_up.text for follow_up in judged] == [
        next((event.text for event in events if isinstance(event, InquiryProgressed)), None)
    ]


def test_what_is_attached_is_in_the_conversation_by_its_id() -> None:
    desk = intake(*OPEN_QUESTION)

    [first] = [
        it
        for it in desk.receive(follow_up(INQUIRY_ID, text="Adjunto", documents=["doc-1", "doc-2"]))
        if isinstance(it, InquiryProgressed)
    ]

    assert first.documents == ("doc-1", "doc-2")
    assert first.text == "Adjunto"


def test_attachments_without_words_are_received_with_a_sentence_of_their_own() -> None:
    desk = intake(*OPEN_QUESTION)

    [received] = [
        it
        for it in desk.receive(follow_up(INQUIRY_ID, documents=["doc-1"]))
        if isinstance(it, InquiryProgressed)
    ]

    assert received.text is None
    assert received.note.es == "Hemos recibido su documento."
    assert received.documents == ("doc-1",)


@pytest.mark.parametrize(
    ("documents", "faulty"),
    [
        (["doc-1", " doc-1 "], "documents.1"),
        ([f"doc-{number}" for number in range(11)], "documents"),
        (["\u202edoc"], "documents.0"),
        ("doc-1", "documents"),
    ],
)
def test_a_faulty_list_of_attachments_is_rejected(documents: Any, faulty: str) -> None:
    faults = rejected(OPEN_QUESTION, follow_up(INQUIRY_ID, text="Más", documents=documents))

    assert [field for field, _ in faults] == [faulty]
