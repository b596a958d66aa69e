"""Agents' actions and the outcomes of mails change an inquiry."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from services.inquiry_intake.inquiry.decide import decide
from services.inquiry_intake.inquiry.state import INQUIRY, InquiryStanding
from shared.events.agents import AgentActionRefused
from shared.events.cancellations import (
    CancellationNotRequired,
    CancellationScheduled,
    CancellationTookEffect,
)
from shared.events.envelope import Event, Message, Ref
from shared.events.inquiries import Actor, InquiryProgressed
from shared.events.reference import reference_of
from shared.events.values import Bilingual
from tests.builders.submissions import (
    INQUIRY_ID,
    NOW,
    NUMBER,
    RULES,
    agent_answers,
    agent_routes,
    decision,
    follow_up,
    inquiry_id_of,
    intake,
    mail,
    record,
    submission,
    types,
)

QUESTION = submission("inquiry")
CANCELLATION = submission("cancellation", contract_numbers=[NUMBER])
PROGRESSED = "inquiry.progressed.v1"
RESOLVED = "inquiry.resolved.v1"
CLOSED = "inquiry.closed.v1"
TARGET_MET = "inquiry.target_met"


@pytest.mark.parametrize(
    ("given", "resolve", "then"),
    [
        ((QUESTION,), False, [PROGRESSED, TARGET_MET]),
        ((QUESTION,), True, [PROGRESSED, RESOLVED]),
        ((QUESTION, agent_answers(resolve=True)), True, [PROGRESSED]),
        ((QUESTION, follow_up(INQUIRY_ID, close=True)), True, [PROGRESSED]),
        ((CANCELLATION,), True, [PROGRESSED, RESOLVED]),
        ((CANCELLATION, decision(CancellationNotRequired)), True, [PROGRESSED]),
    ],
)
def test_an_agent_s_answer_resolves_but_does_not_close(
    given: tuple[Message, ...], resolve: bool, then: list[str]
) -> None:
    message = agent_answers(resolve=resolve, message_id="a-2")

    assert types(intake(*given).receive(message)) == then


def test_an_answer_is_passed_on_in_the_agent_s_words() -> None:
    progressed = intake(QUESTION).receive(agent_answers(resolve=False))[0]

    assert progressed == InquiryProgressed(
        inquiry_id=INQUIRY_ID,
        status="answered",
        note=Bilingual(es="Vence en junio.", en="Vence en junio."),
        by=Actor.AGENT,
        text="Vence en junio.",
    )


def test_the_desk_does_not_close_over_a_customer_s_open_question() -> None:
    history = intake(
        CANCELLATION, decision(CancellationScheduled), follow_up(INQUIRY_ID, text="¿Y la factura?")
    )

    took_effect = history.receive(decision(CancellationTookEffect, 2))
    answered = history.receive(agent_answers(resolve=True))

    assert types(took_effect) == ["inquiry.contract_progressed", PROGRESSED]
    assert types(answered) == [PROGRESSED, RESOLVED, CLOSED]


def test_a_resolved_cancellation_still_closes_when_it_takes_effect() -> None:
    history = intake(CANCELLATION, agent_answers(resolve=True))

    scheduled = history.receive(decision(CancellationScheduled))
    took_effect = history.receive(decision(CancellationTookEffect, 2))

    assert types(scheduled) == ["inquiry.contract_progressed", PROGRESSED, RESOLVED]
    assert types(took_effect) == ["inquiry.contract_progressed", PROGRESSED, CLOSED]


@pytest.mark.parametrize(
    ("queue", "es", "en"),
    [
        ("billing", "Facturas y pagos", "Invoices and payments"),
        ("nivel-2", "nivel-2", "nivel-2"),
    ],
)
def test_an_agent_directs_the_inquiry_to_where_it_belongs(queue: str, es: str, en: str) -> None:
    history = intake(QUESTION)

    events = history.receive(agent_routes(queue))

    assert types(events) == ["inquiry.queue_changed", PROGRESSED]
    assert isinstance(events[1], InquiryProgressed)
    assert events[1].status == "routed"
    assert (events[1].by, events[1].queue) == (Actor.AGENT, queue)
    assert es in events[1].note.es
    assert en in events[1].note.en
    assert "interno" not in events[1].model_dump_json()
    assert record(history, INQUIRY_ID).queue == queue


def test_a_delivered_mail_is_noted_and_not_told() -> None:
    assert types(intake(QUESTION).receive(mail(delivered=True))) == ["mail.sent"]


def test_a_mail_that_failed_is_told_once_until_one_arrives_again() -> None:
    history = intake(QUESTION)

    first = history.receive(mail(delivered=False, message_id="n-1"))
    second = history.receive(mail(delivered=False, message_id="n-2"))
    delivered = history.receive(mail(delivered=True, message_id="n-3"))
    third = history.receive(mail(delivered=False, message_id="n-4"))

    assert types(first) == ["mail.failed", PROGRESSED]
    assert types(second) == ["mail.failed"]
    assert types(delivered) == ["mail.sent"]
    assert types(third) == ["mail.failed", PROGRESSED]


def test_a_failed_mail_leaves_the_inquiry_s_standing_alone() -> None:
    history = intake(CANCELLATION, decision(CancellationNotRequired), mail(delivered=False))

    assert record(history, INQUIRY_ID).status is InquiryStanding.CLOSED


nobody_opened_it = pytest.mark.parametrize(
    "given", [(), (submission("inquiry", text=None),)], ids=["unknown", "rejected"]
)


@pytest.mark.parametrize("message", [mail(delivered=True), mail(delivered=False)])
@nobody_opened_it
def test_of_a_mail_about_an_inquiry_that_nobody_opened_there_is_nothing_to_say(
    given: tuple[Message, ...], message: Message
) -> None:
    assert intake(*given).receive(message) == []


def acts_on(inquiry_id: str) -> list[Message]:
    answers = agent_answers(resolve=True, inquiry_id=inquiry_id)
    return [answers, agent_routes(inquiry_id=inquiry_id)]


def refused(events: list[Event]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Which act of whom was refused, and its faults; of nothing else that happened."""
    refusals = [event for event in events if isinstance(event, AgentActionRefused)]
    assert len(refusals) == len(events)
    return [
        (it.action_id, it.agent_id, [(fault.field, fault.code) for fault in it.errors])
        for it in refusals
    ]


@pytest.mark.parametrize("number", [0, 1], ids=["answer", "route"])
@pytest.mark.parametrize("named", [INQUIRY_ID, reference_of(UUID(INQUIRY_ID))])
@nobody_opened_it
def test_an_act_on_an_inquiry_that_nobody_opened_is_refused(
    given: tuple[Message, ...], named: str, number: int
) -> None:
    act = acts_on(named)[number]

    events = intake(*given).receive(act)

    assert refused(events) == [(act.id, "A-1", [("inquiry_id", "inquiry_unknown")])]


@pytest.mark.parametrize("number", [0, 1], ids=["answer", "route"])
def test_an_act_on_what_no_inquiry_can_be_named_is_refused(number: int) -> None:
    act = acts_on("no inquiry's id")[number]

    events = intake(QUESTION).receive(act)

    assert refused(events) == [(act.id, "A-1", [("inquiry_id", "wrong_format")])]


def test_an_act_on_a_follow_up_s_own_record_is_refused() -> None:
    given = intake(QUESTION, follow_up(INQUIRY_ID, text="¿Y la factura?"))

    [(_, _, faults)] = refused(given.receive(agent_routes(inquiry_id=inquiry_id_of("f-1"))))

    assert faults == [("inquiry_id", "inquiry_unknown")]


def test_an_act_may_name_the_inquiry_by_its_reference() -> None:
    history = intake(QUESTION)
    reference = record(history, INQUIRY_ID).reference
    assert reference is not None

    answered = history.receive(agent_answers(resolve=True, inquiry_id=reference))

    assert types(answered) == [PROGRESSED, RESOLVED]
    assert record(history, INQUIRY_ID).status is InquiryStanding.RESOLVED


def test_a_refused_act_stays_refused_once_its_inquiry_is_opened() -> None:
    history = intake(*acts_on(INQUIRY_ID), QUESTION)

    assert history.receive(*acts_on(INQUIRY_ID)) == []
    assert record(history, INQUIRY_ID).status is InquiryStanding.OPEN


def test_an_act_that_was_refused_in_its_own_record_alone_is_not_done_in_the_inquiry() -> None:
    """As where a process died between the writes of the two, and the inquiry was opened then."""
    act = agent_answers(resolve=True)
    history = intake(QUESTION)
    refused = frozenset({AgentActionRefused.ce_type})
    handed = replace(act, aggregate=Ref(INQUIRY, INQUIRY_ID), caused=refused)

    assert decide(RULES, handed, record(history, INQUIRY_ID), NOW) == []
