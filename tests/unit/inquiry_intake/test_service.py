"""How intake is wired: which message goes to which record, and what an operator may set."""

from __future__ import annotations

from datetime import date, time
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.inquiry_intake.act.decide import ACT
from services.inquiry_intake.inquiry.private_events import PRIVATE_EVENTS
from services.inquiry_intake.inquiry.state import INQUIRY
from services.inquiry_intake.replicas import ATTACHMENT, CUSTOMER
from services.inquiry_intake.service import build, route
from services.inquiry_intake.settings import Settings
from services.inquiry_intake.submission.validate import SUBMISSIONS
from shared.events.agents import AccessAuthorised, ActivationUnlocked, ReferralDecided
from shared.events.cancellations import CancellationScheduled, CancellationWithdrawn, RenewalLapsed
from shared.events.contracts import (
    ContractCopyReady,
    CustomerAccessAuthorised,
    CustomerConsentWithdrawn,
    CustomerProfileUpdated,
    CustomerRequestDenied,
)
from shared.events.documents import DocumentKept
from shared.events.envelope import Event, Message, Ref
from shared.events.reference import reference_of
from shared.events.topics import EVENT_TYPES, TOPICS, topics_read_by
from shared.runtime.decider import IGNORED, Route
from tests.builders.submissions import (
    CUSTOMER_ID,
    INQUIRY_ID,
    agent_answers,
    agent_routes,
    contract_answer,
    decision,
    event,
    follow_up,
    inquiry_id_of,
    mail,
    profile_answer,
    registered,
    submission,
)

OWN = Ref(INQUIRY, INQUIRY_ID)
REFERENCE = reference_of(UUID(INQUIRY_ID))
OTHER_ID = inquiry_id_of("s-2")
OTHER = Ref(INQUIRY, OTHER_ID)
FOLLOW_UP = Ref(INQUIRY, inquiry_id_of("f-1"))
CUSTOMER_REF = Ref(CUSTOMER, CUSTOMER_ID)


def profile(inquiry_id: str) -> Message:
    data = registered(inquiry_id).data
    assert isinstance(data, Event)
    return event(CustomerAccessAuthorised.model_validate(data.model_dump()), "c-1")


def act_of(message: Message) -> Ref:
    """An act's own record."""
    return Ref(ACT, message.record_id)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (submission("inquiry"), Route((OWN,), (CUSTOMER_REF,))),
        (submission("inquiry", customer_id="not valid"), Route((OWN,))),
        (submission("inquiry", customer_id=7), Route((OWN,))),
        (follow_up(INQUIRY_ID, text="Más"), Route((FOLLOW_UP, OWN))),
        (follow_up(INQUIRY_ID.upper(), text="Más"), Route((FOLLOW_UP, OWN))),
        (follow_up("not an id", text="Más"), Route((FOLLOW_UP,))),
        (follow_up(inquiry_id_of("f-1"), text="Más"), Route((FOLLOW_UP,))),
        (submission("follow_up", "f-1", inquiry_id=None), Route((FOLLOW_UP,))),
        (submission("follow_up", "f-1", inquiry_id=["x"]), Route((FOLLOW_UP,))),
        (decision(CancellationScheduled), Route((OWN,))),
        (decision(CancellationWithdrawn, answers=OTHER_ID), Route((OWN, OTHER))),
        (decision(CancellationWithdrawn, answers=INQUIRY_ID), Route((OWN,))),
        (decision(RenewalLapsed, inquiry_id=None), IGNORED),
        (contract_answer(ContractCopyReady), Route((OWN,))),
        (registered(), Route((CUSTOMER_REF,))),
        (registered(INQUIRY_ID), Route((CUSTOMER_REF, OWN))),
        (profile(INQUIRY_ID), Route((CUSTOMER_REF,))),
        (profile_answer(CustomerProfileUpdated), Route((CUSTOMER_REF, OWN))),
        (profile_answer(CustomerConsentWithdrawn), Route((CUSTOMER_REF, OWN))),
        (profile_answer(CustomerRequestDenied), Route((OWN,))),
        (agent_answers(resolve=True), Route((act_of(agent_answers(resolve=True)), OWN))),
        (
            agent_answers(resolve=True, inquiry_id="not an id"),
            Route((act_of(agent_answers(resolve=True)),)),
        ),
        (
            agent_answers(resolve=True, inquiry_id=REFERENCE),
            Route((act_of(agent_answers(resolve=True)),), aliases=(Ref(INQUIRY, REFERENCE),)),
        ),
        (agent_routes(), Route((act_of(agent_routes()), OWN))),
        (mail(delivered=True), Route((OWN,))),
        (mail(delivered=False, inquiry_id=None), IGNORED),
        (event(AccessAuthorised(agent_id="A-1", customer_id=CUSTOMER_ID), "a-1"), IGNORED),
        (
            event(ReferralDecided(agent_id="A-1", contract_number="X", approved=True), "a-1"),
            IGNORED,
        ),
        (
            event(DocumentKept(document_id="d-1"), "d-1"),
            Route((Ref(ATTACHMENT, "d-1"),)),
        ),
        (event(ActivationUnlocked(agent_id="A-1", contract_number="X"), "a-1"), IGNORED),
    ],
)
def test_where_a_message_is_decided(message: Message, expected: Route) -> None:
    assert route(message) == expected


def test_every_submission_type_of_the_catalogue_is_understood() -> None:
    published = {event.ce_type for event in TOPICS["desk.submissions"].events}

    assert set(SUBMISSIONS) == published


def test_intake_reads_what_the_catalogue_says() -> None:
    assert set(topics_read_by(build(Settings()).name)) == {
        "desk.submissions",
        "desk.agent-actions",
        "desk.cancellations",
        "desk.contracts",
        "desk.customers",
        "desk.documents",
        "desk.inventory-requests",
        "desk.notifications",
        "desk.operations",
        "desk.timers",
    }


def test_private_events_are_on_no_topic() -> None:
    assert EVENT_TYPES.keys().isdisjoint(event.ce_type for event in PRIVATE_EVENTS)


def test_an_inquiry_can_be_looked_up_by_its_reference_which_no_other_has() -> None:
    inquiry = build(Settings()).deciders[0]

    assert inquiry.kind == INQUIRY
    assert inquiry.unique == ("reference",)
    assert inquiry.answers_reused_ids


def test_the_desk_s_hours_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWER_TARGET_HOURS", "4.5")
    monkeypatch.setenv("DESK_OPENS_AT", "08:00")
    monkeypatch.setenv("DESK_SUMMER_FROM", "07-01")
    monkeypatch.setenv("DESK_CLOSED_ON", '["2026-12-24"]')

    settings = Settings()

    assert settings.answer_target_hours == 4.5
    assert settings.calendar().winter.opens == time(8)
    assert settings.calendar().summer_from == "07-01"
    assert settings.calendar().closed_dates == {date(2026, 12, 24)}


def test_a_desk_that_closes_before_it_opens_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DESK_CLOSES_AT", "08:00")

    with pytest.raises(ValidationError):
        build(Settings())
