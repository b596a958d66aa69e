"""An agent's act of a faulty form is answered once, by intake, with every fault (F2)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.inquiry_intake.inquiry.private_events import TargetMet
from shared.events.agents import AgentActionRefused
from shared.events.envelope import Event, Ref
from shared.events.inquiries import InquiryProgressed
from shared.runtime.dead_letters import DeadLetter
from tests.builders.submissions import INQUIRY_ID, NOW, agent_answers, intake, submission
from tests.fakes.memory_stage import Given
from tests.poison.trial import Trial

CONTRACT = {"contract_number": "K-1"}
INQUIRY = {"inquiry_id": INQUIRY_ID}


def act(kind: str, key: str | None = None, act_id: str = "a-1", **fields: Any) -> Given:
    """An act of this kind by A-1, as the agents' tool publishes it."""
    said = {"agent_id": "A-1"} | fields
    own = said.get("contract_number") or said.get("inquiry_id") or said.get("customer_id")
    headers = {
        "ce_specversion": "1.0",
        "ce_id": act_id,
        "ce_source": "/agents/test",
        "ce_type": f"agent.{kind}.v1",
    }
    return Given(
        topic="desk.agent-actions",
        offset=1,
        key=str(key or own).encode(),
        value=json.dumps(said).encode(),
        headers=[(name, text.encode()) for name, text in headers.items()],
    )


def faults(events: list[Event]) -> dict[str, str]:
    [refusal] = events
    assert isinstance(refusal, AgentActionRefused)
    return {it.field: it.code for it in refusal.errors}


@pytest.mark.parametrize(
    ("faulty", "found"),
    [
        (
            act("referral_decided", **CONTRACT, approved=True, effective_on="31/12/2027"),
            {"effective_on": "wrong_format"},
        ),
        (act("referral_decided", **CONTRACT), {"approved": "missing"}),
        (act("referral_decided", **CONTRACT, approved="yes"), {"approved": "wrong_type"}),
        (
            act("referral_decided", **CONTRACT, approved=1, effective_on=20271231),
            {"approved": "wrong_type", "effective_on": "wrong_type"},
        ),
        (act("referral_decided", **CONTRACT, approved=2**64), {"approved": "too_large"}),
        (act("inquiry_answered", **INQUIRY, text="a" * 10_001), {"text": "too_long"}),
        (act("inquiry_answered", **INQUIRY, text=""), {"text": "too_short"}),
        (act("inquiry_answered", **INQUIRY), {"text": "missing"}),
        (act("inquiry_answered", **INQUIRY, text="\u200b", resolve=True), {"text": "too_short"}),
        (act("inquiry_answered", **INQUIRY, text="a\x07b"), {"text": "wrong_format"}),
        (
            act("inquiry_routed", **INQUIRY, queue="fac\u202eturas", reason="a\x00"),
            {"queue": "wrong_format", "reason": "wrong_format"},
        ),
        (act("inquiry_routed", **INQUIRY, queue="a\nb"), {"queue": "wrong_format"}),
        (act("contract_approved", **CONTRACT, document_id="\u2060"), {"document_id": "too_short"}),
        (act("inquiry_routed", "x", inquiry_id="\u200b", queue="a"), {"inquiry_id": "too_short"}),
        (act("inquiry_routed", **INQUIRY, queue=["x"]), {"queue": "wrong_type"}),
        (act("contract_approved", **CONTRACT), {"document_id": "missing"}),
        (act("access_authorised", customer_id="a b"), {"customer_id": "wrong_format"}),
        (act("activation_unlocked", "K-2", **CONTRACT), {"key": "wrong_key"}),
        (
            act("contract_approved", "K-2", **CONTRACT),
            {"key": "wrong_key", "document_id": "missing"},
        ),
    ],
)
def test_one_service_answers_and_names_every_fault(faulty: Given, found: dict[str, str]) -> None:
    """Of all the services that read it; none makes it a dead letter."""
    events = intake().process(faulty)

    assert faults(events) == found
    [refusal] = events
    assert isinstance(refusal, AgentActionRefused)
    assert (refusal.action_id, refusal.agent_id) == ("a-1", "A-1")


@pytest.mark.parametrize("agent_id", [7, "", None, ["A-1"], "\u200b", "A\u202e-1"])
def test_who_cannot_be_named_is_answered_as_unknown(agent_id: object) -> None:
    [refusal] = intake().process(act("activation_unlocked", **CONTRACT, agent_id=agent_id))

    assert isinstance(refusal, AgentActionRefused)
    assert refusal.agent_id == "unknown"
    assert refusal.contract_number == "K-1"
    assert [it.field for it in refusal.errors] == ["agent_id"]


def test_an_agent_that_is_a_deep_nest_is_unknown_and_its_fault_lies_within() -> None:
    nest: object = "A-1"
    for _ in range(40):
        nest = [nest]

    [refusal] = intake().process(act("activation_unlocked", **CONTRACT, agent_id=nest))

    assert isinstance(refusal, AgentActionRefused)
    assert refusal.agent_id == "unknown"
    [error] = refusal.errors
    assert error.field.startswith("agent_id.0.0")


def test_a_faulty_act_that_comes_again_is_answered_once() -> None:
    history = intake()
    history.process(act("contract_approved", **CONTRACT))

    assert history.process(act("contract_approved", **CONTRACT)) == []


def test_nothing_of_a_faulty_act_is_done() -> None:
    history = intake(submission("inquiry"))

    events = history.process(act("inquiry_answered", **INQUIRY, text="Sí", resolve="yes"))

    assert faults(events) == {"resolve": "wrong_type"}


def test_another_act_under_a_used_id_is_refused_and_not_done() -> None:
    history = intake(submission("inquiry"))
    history.receive(agent_answers(resolve=False))

    again = history.receive(agent_answers(resolve=True))

    assert faults(again) == {"ce_id": "id_reused"}
    assert history.receive(agent_answers(resolve=False)) == []


def test_an_act_that_comes_again_in_another_form_is_the_same_act() -> None:
    history = intake(submission("inquiry"))
    said = {**INQUIRY, "text": "Sí", "agent_id": "A-1"}
    history.process(act("inquiry_answered", **said))
    again = act("inquiry_answered", **dict(reversed(said.items())), resolve=False, seen=None)

    assert history.process(again) == []


def test_an_act_is_done_whatever_was_refused_under_its_id_before_its_inquiry_was_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own record was stored with both, and another process was quicker with the inquiry."""
    history, inquiry = intake(submission("inquiry")), Ref("inquiry", INQUIRY_ID)
    sound, other = (history.record(agent_answers(resolve=it)) for it in (False, True))
    store, write = history.store, history.store.write

    async def write_late(*given: Any) -> None:
        kept = store.documents[inquiry]
        store.documents[inquiry] = replace(kept, version=kept.version + 1)
        monkeypatch.setattr(store, "write", write)
        await write(*given)

    monkeypatch.setattr(store, "write", write_late)
    events = history.process(sound, other)

    assert [type(it) for it in events] == [AgentActionRefused, InquiryProgressed, TargetMet]


def test_an_answer_never_repeats_the_faulty_value() -> None:
    [refusal] = intake().process(act("inquiry_answered", **INQUIRY, text=["geheim"]))

    assert "geheim" not in refusal.model_dump_json()


def test_what_is_no_json_object_stays_a_dead_letter() -> None:
    history = intake()
    sound = act("inquiry_answered", **INQUIRY, text="Sí")

    with pytest.raises(AssertionError, match="not JSON"):
        history.process(Given(sound.topic, 2, sound.key, b"{", sound.headers))

    [letter] = history.published.outgoing
    assert isinstance(letter, DeadLetter)


def test_a_faulty_referral_is_left_alone_by_the_services_that_decide_acts() -> None:
    faulty = act("referral_decided", **CONTRACT, approved="yes")

    for service in ("cancellation", "contract_archive"):
        assert Trial(NOW).stage_of(service).process(faulty) == []


def test_the_words_of_an_act_are_trimmed_and_may_have_lines() -> None:
    history = intake(submission("inquiry"))

    progressed = history.process(
        act("inquiry_answered", **INQUIRY, text="\u200b Sí.\nHoy. \u2060")
    )[0]

    assert isinstance(progressed, InquiryProgressed)
    assert progressed.text == "Sí.\nHoy."
