"""Events in plain words, in both languages."""

from __future__ import annotations

import string
from typing import Any

import pytest

from services.cancellation.file.private_events import PRIVATE_EVENTS as FILE_EVENTS
from services.inquiry_intake.inquiry.private_events import PRIVATE_EVENTS as INQUIRY_EVENTS
from shared.events.envelope import Event
from shared.events.field_classes import HIDDEN
from shared.events.operations import RepairAct
from shared.events.topics import EVENT_TYPES, TOPICS
from shared.events.values import Bilingual, Language
from shared.operations.event_text import Said, consequence, said
from shared.operations.event_text_catalogue import HEADLINES, SENTENCES
from shared.operations.visible import plain

TOLD = (
    "desk.rejections",
    "desk.inquiries",
    "desk.cancellations",
    "desk.contracts",
    "desk.customers",
    "desk.notifications",
)
TYPES: dict[str, type[Event]] = EVENT_TYPES | {
    event.ce_type: event for event in (*FILE_EVENTS, *INQUIRY_EVENTS)
}
BECAUSE = {"explanation": {"es": "Porque sí.", "en": "Because."}}


@pytest.mark.parametrize("event", [e for topic in TOLD for e in TOPICS[topic].events])
def test_everything_a_customer_may_hear_of_has_a_headline(event: type[Event]) -> None:
    assert event.ce_type in HEADLINES


CASES = (
    *TOLD,
    "desk.submissions",
    "desk.agent-actions",
    "registry.contracts",
    "billing.invoices",
    "desk.timers",
    "desk.documents",
    "desk.operations",
)


@pytest.mark.parametrize("event", [e for topic in CASES for e in TOPICS[topic].events])
@pytest.mark.parametrize("language", Language)
def test_a_masked_event_without_data_is_told_all_the_same(
    event: type[Event], language: Language
) -> None:
    found = said(event.ce_type, dict.fromkeys(event.model_fields, HIDDEN), language)

    assert found is not None
    assert "{" not in found.what + found.words


@pytest.mark.parametrize("texts", [HEADLINES, SENTENCES])
def test_texts_name_only_fields_that_their_event_has(texts: dict[str, Bilingual]) -> None:
    named = {
        (ce_type, field)
        for ce_type, text in texts.items()
        for _, field, _, _ in string.Formatter().parse(text.es + text.en)
        if field
    }

    assert [pair for pair in named if pair[1] not in TYPES[pair[0]].model_fields] == []


@pytest.mark.parametrize(
    ("ce_type", "data", "language", "told"),
    [
        (
            "inquiry.opened.v1",
            {
                "reference": "INQ-7K3MZ-9Q2XW-C",
                "subject": "Aviso",
                "queue": "contracts",
                "answer_due_at": "2027-07-01T10:00:00Z",
            },
            Language.EN,
            Said(
                "Inquiry INQ-7K3MZ-9Q2XW-C opened",
                "Aviso. Queue: contracts. Answer due by 2027-07-01 12:00:00.",
            ),
        ),
        (
            "cancellation.evidence_awaited.v1",
            {"contract_number": "K-1", "missing": ["signature", "contact"], **BECAUSE},
            Language.ES,
            Said("K-1: falta la firma, los datos de contacto", "Porque sí."),
        ),
        (
            "inquiry.closed.v1",
            {"by": "customer"},
            Language.EN,
            Said("Inquiry closed by the customer"),
        ),
        (
            "submission.rejected.v1",
            {
                "errors": [
                    {
                        "field": "a",
                        "code": "missing",
                        "message": {"es": "Falta.", "en": "Missing."},
                    },
                    {"field": "b", "code": "too_long", "message": {"es": "Largo.", "en": "Long."}},
                ]
            },
            Language.EN,
            Said("Submission rejected", "a: Missing. (missing)\nb: Long. (too_long)"),
        ),
        (
            "contract.copy_ready.v1",
            {"contract_number": "K-1", "available_until": "2027-01-31T23:00:00+00:00"},
            Language.EN,
            Said("K-1: copy ready", "– (until 2027-02-01 00:00:00)"),
        ),
    ],
)
def test_an_event_is_told_in_plain_words(
    ce_type: str, data: dict[str, Any], language: Language, told: Said
) -> None:
    assert said(ce_type, data, language) == told


@pytest.mark.parametrize("ce_type", ["cancellation.suspended.v1", "agent.action_refused.v1"])
@pytest.mark.parametrize(
    "data",
    [
        {"explanation": {"x": 1}},
        {"explanation": {"es": [1], "en": None}},
        {"note": [1], "opened_at": "0001-01-01T00:00:00+00:00"},
        {"errors": [1, {}, {"field": "a", "message": "b"}]},
        {"errors": None, "available_until": "9999-12-31T23:59:59Z"},
    ],
)
def test_a_record_that_only_says_that_it_is_such_an_event_is_told(
    ce_type: str, data: dict[str, Any]
) -> None:
    for language in Language:
        assert said(ce_type, {"opened_at": "x"} | data, language) is not None


def test_an_instant_that_madrid_has_not_stays_as_it_is() -> None:
    written = "0001-01-01T00:00:00+00:00"
    told = said("contract.copy_ready.v1", {"available_until": written}, Language.EN)

    assert told is not None
    assert written in told.words


@pytest.mark.parametrize("act", RepairAct)
def test_an_act_on_dead_letters_is_named_in_the_readers_language(act: RepairAct) -> None:
    told = said("dead_letter.repair_begun.v1", {"by": "ana", "act": act.value}, Language.ES)

    assert told is not None
    assert act.value not in told.what


def test_bookkeeping_is_not_told() -> None:
    assert said("inquiry.contract_progressed", {"contract_number": "K-1"}, Language.EN) is None


def test_a_decisions_dates_are_one_line() -> None:
    data = {"effective_on": "2027-03-31", "last_billable_on": "2027-03-30"}

    assert consequence("cancellation.scheduled.v1", data, Language.EN) == (
        "effective 2027-03-31 · last charged day 2027-03-30"
    )
    assert consequence("inquiry.opened.v1", data, Language.EN) == ""


def test_a_customers_text_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[2Jb\x07\r\nc\td") == "a�[2Jb�\nc\td"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"attempt": 1}, "The mail server took it."),
        ({"attempt": 1, "error": None}, "The mail server took it."),
        ({"attempt": 2, "error": "timeout"}, "Error: timeout."),
    ],
)
def test_a_mail_that_the_server_took_has_no_error(data: dict[str, Any], words: str) -> None:
    told = said("mail.attempted.v1", data, Language.EN)

    assert told is not None
    assert told.words == words
