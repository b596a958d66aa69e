"""A rejection names every faulty field of a submission at once (F2, F3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.inquiry_intake.inquiry.state import InquiryStanding
from services.inquiry_intake.submission.error_codes import MESSAGES, ErrorCode
from services.inquiry_intake.submission.validate import MOST_ERRORS
from shared.events.envelope import Message, Unchecked
from shared.events.submissions import SubmissionRejected
from shared.events.values import Contact, Language
from shared.formats import COUNTRIES
from tests.builders.submissions import (
    CONSENTS,
    CONTACT,
    CUSTOMER_ID,
    INQUIRY_ID,
    NOW,
    PROOF,
    SIGNATURE,
    SOUND,
    decided,
    follow_up,
    intake,
    record,
    submission,
    types,
)

STORE, TRANSFER = CONSENTS


def rejection(message: Message) -> SubmissionRejected:
    """The one public answer to a faulty submission."""
    (rejected,) = (e for e in decided(message) if isinstance(e, SubmissionRejected))
    return rejected


def faults(message: Message) -> set[tuple[str, str]]:
    return {(error.field, error.code) for error in rejection(message).errors}


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_submission_is_not_rejected(kind: str) -> None:
    assert "submission.rejected.v1" not in types(intake().receive(submission(kind)))


@pytest.mark.parametrize(
    ("kind", "fields", "field", "code"),
    [
        ("inquiry", {"customer_id": "no spaces"}, "customer_id", "wrong_format"),
        ("inquiry", {"channel": None}, "channel", "missing"),
        ("inquiry", {"channel": "pigeon"}, "channel", "not_allowed"),
        ("inquiry", {"language": "x" * 36}, "language", "not_allowed"),
        ("inquiry", {"language": 7}, "language", "not_allowed"),
        ("inquiry", {"received_at": None}, "received_at", "missing"),
        ("inquiry", {"received_at": "2026-03-02T10:59:00"}, "received_at", "wrong_format"),
        ("inquiry", {"received_at": "yesterday"}, "received_at", "wrong_format"),
        ("inquiry", {"received_at": 1_772_445_540}, "received_at", "wrong_type"),
        ("inquiry", {"received_at": "2026-13-01T00:00:00Z"}, "received_at", "wrong_format"),
        ("inquiry", {"received_at": ["2026"]}, "received_at", "wrong_type"),
        ("inquiry", {"request_type": "weather"}, "request_type", "not_allowed"),
        ("inquiry", {"subject": "x" * 10_001}, "subject", "too_long"),
        ("inquiry", {"subject": "Hola\r\nBcc: otra@example.test"}, "subject", "wrong_format"),
        ("inquiry", {"text": "x" * 10_001}, "text", "too_long"),
        ("inquiry", {"text": "  "}, "text", "too_short"),
        ("inquiry", {"text": "a\x00b"}, "text", "wrong_format"),
        ("inquiry", {"text": {"a": 1}}, "text", "wrong_type"),
        ("inquiry", {"contract_number": "MT 1"}, "contract_number", "wrong_format"),
        ("inquiry", {"contact": {"email": "nobody"}}, "contact.email", "wrong_format"),
        ("inquiry", {"contact": {"name": "A\nB"}}, "contact.name", "wrong_format"),
        ("inquiry", {"contact": "me"}, "contact", "wrong_type"),
        ("registration", {"email": "a@b"}, "email", "wrong_format"),
        ("registration", {"phone": "call me"}, "phone", "wrong_format"),
        ("registration", {"country": "es"}, "country", "wrong_format"),
        ("registration", {"country": "ZZ"}, "country", "not_allowed"),
        ("registration", {"consents": [STORE]}, "consents.transfer_abroad", "consent_missing"),
        ("registration", {"consents": [TRANSFER]}, "consents.store_and_contact", "consent_missing"),
        ("registration", {"consents": None}, "consents", "missing"),
        ("registration", {"consents": [*CONSENTS, STORE]}, "consents.2.purpose", "duplicate"),
        (
            "registration",
            {"consents": [STORE, {**TRANSFER, "given_at": "2026-03-02T10:05:01Z"}]},
            "consents.1.given_at",
            "in_future",
        ),
        (
            "registration",
            {"consents": [STORE, {**TRANSFER, "given_at": "0001-01-01T00:00:00+14:00"}]},
            "consents.1.given_at",
            "too_old",
        ),
        ("contract_copy", {"contract_number": None}, "contract_number", "missing"),
        ("contract_acceptance", {"accepted": False}, "accepted", "not_allowed"),
        ("contract_acceptance", {"accepted": 1}, "accepted", "not_allowed"),
        ("contract_acceptance", {"signed_at": "2026-03-02T10:05:01Z"}, "signed_at", "in_future"),
        ("contract_acceptance", {"text_sha256": "ab" * 31}, "text_sha256", "wrong_format"),
        ("contract_acceptance", {"text_sha256": "zz" * 32}, "text_sha256", "wrong_format"),
        ("contract_acceptance", {"authentication": "otp"}, "authentication", "wrong_type"),
        *(
            (
                "contract_acceptance",
                {"authentication": {k: v for k, v in PROOF.items() if k != name}},
                f"authentication.{name}",
                "missing",
            )
            for name in PROOF
        ),
        (
            "contract_acceptance",
            {"authentication": {**PROOF, "at": "2026-03-02T10:05:01Z"}},
            "authentication.at",
            "in_future",
        ),
        ("servicepac_activation", {"activation_code": ""}, "activation_code", "too_short"),
        ("cancellation", {"contract_numbers": []}, "contract_numbers", "too_short"),
        (
            "cancellation",
            {"contract_numbers": [f"C-{n}" for n in range(51)]},
            "contract_numbers",
            "too_long",
        ),
        ("cancellation", {"contract_numbers": ["A", "B", "A"]}, "contract_numbers.2", "duplicate"),
        ("cancellation", {"contract_numbers": ["A", 7]}, "contract_numbers.1", "wrong_type"),
        ("cancellation", {"contact": None}, "contact", "missing"),
        ("cancellation", {"requested_end_on": "2027-03-04"}, "requested_end_on", "too_far_ahead"),
        ("cancellation", {"requested_end_on": "soon"}, "requested_end_on", "wrong_format"),
        ("cancellation", {"requested_end_on": "2026-02-30"}, "requested_end_on", "wrong_format"),
        ("cancellation", {"destruction_confirmed": "yes"}, "destruction_confirmed", "wrong_type"),
        (
            "cancellation",
            {"signature": {**SIGNATURE, "kind": "rumour"}},
            "signature.kind",
            "not_allowed",
        ),
        ("cancellation_evidence", {"destruction_confirmed": None}, "evidence", "evidence_missing"),
        ("cancellation_evidence", {"destruction_confirmed": False}, "evidence", "evidence_missing"),
        (
            "cancellation_evidence",
            {"destruction_confirmed": None, "contact": {"email": None}},
            "evidence",
            "evidence_missing",
        ),
        ("cancellation_withdrawal", {"comment": 5}, "comment", "wrong_type"),
        ("profile_update", {"email": None}, "profile", "change_missing"),
        ("profile_update", {"email": None, "name": " \u200b"}, "profile", "change_missing"),
        ("profile_update", {"email": None, "language": " "}, "profile", "change_missing"),
        ("profile_update", {"email": "a@b"}, "email", "wrong_format"),
        ("profile_update", {"name": "A\nB"}, "name", "wrong_format"),
        ("profile_update", {"company": "x" * 201}, "company", "too_long"),
        ("profile_update", {"phone": "call me"}, "phone", "wrong_format"),
        ("profile_update", {"country": "ZZ"}, "country", "not_allowed"),
        ("profile_update", {"language": 7}, "language", "not_allowed"),
        ("consent_withdrawal", {"purpose": None}, "purpose", "missing"),
        ("consent_withdrawal", {"purpose": "marketing"}, "purpose", "not_allowed"),
        ("consent_withdrawal", {"wording_version": " "}, "wording_version", "too_short"),
        ("consent_withdrawal", {"withdrawn_at": None}, "withdrawn_at", "missing"),
        (
            "consent_withdrawal",
            {"withdrawn_at": "2026-03-02T10:05:01Z"},
            "withdrawn_at",
            "in_future",
        ),
        ("consent_withdrawal", {"withdrawn_at": "1999-12-31T23:59:59Z"}, "withdrawn_at", "too_old"),
        ("inventory_update", {"item_id": None}, "item_id", "missing"),
        ("inventory_update", {"item_id": "I" * 201}, "item_id", "too_long"),
        ("inventory_update", {"expected_version": None}, "expected_version", "missing"),
        ("inventory_update", {"expected_version": "3"}, "expected_version", "wrong_type"),
        ("inventory_update", {"changes": None}, "changes", "missing"),
        ("inventory_update", {"changes": {}}, "changes", "missing"),
        ("inventory_update", {"changes": {"site": " ", "colour": "x"}}, "changes", "missing"),
        ("inventory_update", {"changes": {"status": "lost"}}, "changes.status", "not_allowed"),
        ("inventory_update", {"changes": "site"}, "changes", "wrong_type"),
    ],
)
def test_a_faulty_field_is_named_with_its_code(
    kind: str, fields: dict[str, Any], field: str, code: str
) -> None:
    assert faults(submission(kind, **fields)) == {(field, code)}


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"text": "Hola", "inquiry_id": None}, "inquiry_id", "missing"),
        ({"text": "Hola", "inquiry_id": "INQ-00000-00000-0"}, "inquiry_id", "inquiry_unknown"),
        ({"text": "Hola", "inquiry_id": "INQ-00000-00000-1"}, "inquiry_id", "wrong_format"),
        ({"text": None}, "text", "missing"),
        ({"close": False}, "text", "missing"),
    ],
)
def test_a_follow_up_names_an_inquiry_and_says_something(
    fields: dict[str, Any], field: str, code: str
) -> None:
    message = submission("follow_up", **{"inquiry_id": INQUIRY_ID, **fields})

    assert faults(message) == {(field, code)}


def test_a_registration_is_told_every_faulty_field_at_once() -> None:
    faulty = submission(
        "registration",
        name=None,
        email="nobody",
        country="ZZ",
        received_at="2026-03-02T10:05:01Z",
        consents=[{**STORE, "wording_version": ""}],
    )

    assert faults(faulty) == {
        ("name", "missing"),
        ("email", "wrong_format"),
        ("country", "not_allowed"),
        ("received_at", "in_future"),
        ("consents.0.wording_version", "too_short"),
        ("consents.transfer_abroad", "consent_missing"),
    }


def test_a_profile_update_is_told_every_faulty_field_at_once() -> None:
    faulty = submission(
        "profile_update", email="nobody", phone="call me", country="ZZ", received_at=None
    )

    assert faults(faulty) == {
        ("email", "wrong_format"),
        ("phone", "wrong_format"),
        ("country", "not_allowed"),
        ("received_at", "missing"),
    }


@pytest.mark.parametrize(
    ("received_at", "expected"),
    [
        (NOW + timedelta(minutes=5), None),
        (NOW + timedelta(minutes=5, seconds=1), "in_future"),
        (NOW - timedelta(days=366), None),
        (NOW - timedelta(days=366, seconds=1), "too_old"),
    ],
)
def test_a_submission_was_received_in_the_last_366_days(
    received_at: datetime, expected: str | None
) -> None:
    events = intake().receive(submission("inquiry", received_at=received_at.isoformat()))
    codes = [
        e.code for event in events if isinstance(event, SubmissionRejected) for e in event.errors
    ]

    assert codes == ([expected] if expected else [])


def test_null_is_as_good_as_missing() -> None:
    sent = submission("inquiry")
    assert isinstance(sent.data, Unchecked)
    body = {**sent.data.fields, "text": None, "channel": None}

    assert faults(Message(sent.source, sent.id, Unchecked(sent.type, body))) == {
        ("text", "missing"),
        ("channel", "missing"),
    }


def test_the_far_ends_of_time_are_faults_and_not_accidents() -> None:
    last = "9999-12-31T23:59:59-12:00"
    first = "0001-01-01T00:00:00+14:00"

    assert faults(submission("cancellation", received_at=last, requested_end_on="9999-12-31")) == {
        ("received_at", "in_future")
    }
    assert faults(submission("cancellation", received_at=first, requested_end_on="0001-01-01")) == {
        ("received_at", "too_old")
    }


def test_the_limit_of_the_requested_end_counts_from_the_day_of_receipt_in_madrid() -> None:
    just_after_midnight_in_madrid = "2026-03-01T23:30:00Z"
    events = intake().receive(
        submission(
            "cancellation",
            received_at=just_after_midnight_in_madrid,
            requested_end_on="2027-03-03",
        )
    )

    assert "cancellation.requested.v1" in types(events)


def test_an_answer_never_quotes_what_was_given() -> None:
    secret = "valor-que-no-debe-volver"
    message = submission(
        "registration", email=secret, phone=secret, country=secret, channel=secret, consents=secret
    )

    assert secret not in rejection(message).model_dump_json()


def test_an_unknown_field_is_ignored_whatever_it_holds() -> None:
    assert "inquiry.opened.v1" in types(intake().receive(submission("inquiry", extra="a\x00b")))


def test_a_text_may_have_many_lines() -> None:
    text = "Primera línea\r\n\tSegunda línea"

    assert "inquiry.opened.v1" in types(intake().receive(submission("inquiry", text=text)))


def test_a_flood_of_faults_is_answered_with_the_first_hundred() -> None:
    assert len(rejection(submission("registration", consents=[{}] * 500)).errors) == MOST_ERRORS


def test_a_rejection_says_whose_it_is_and_where_it_can_be_told() -> None:
    message = submission("inquiry", text=None, contact=CONTACT, language="en")

    rejected = rejection(message)

    assert rejected.submission_id == "s-1"
    assert rejected.customer_id == CUSTOMER_ID
    assert rejected.language is Language.EN
    assert rejected.contact == Contact(name="Cliente de Prueba", email="cliente@example.test")


def test_only_the_sound_part_of_a_contact_is_used() -> None:
    given = {"name": "A\nB", "email": "nobody", "phone": "900 000 000"}

    assert rejection(submission("inquiry", contact=given)).contact == Contact(phone="900 000 000")


def test_a_rejected_registration_is_told_at_the_address_it_gave() -> None:
    rejected = rejection(submission("registration", country="ZZ"))

    assert rejected.contact is not None
    assert rejected.contact.email == "cliente@example.test"


@pytest.mark.parametrize(
    ("customer_id", "key", "expected"),
    [
        ("C-1", "C-2", "C-1"),
        ("not valid", "C-2", "C-2"),
        (None, "C-2", "C-2"),
        (7, "not valid", "unknown"),
        (None, "", "unknown"),
    ],
)
def test_the_customer_is_the_one_that_can_be_read(
    customer_id: object, key: str, expected: str
) -> None:
    sent = submission("inquiry", customer_id=customer_id, text=None)
    message = Message(sent.source, sent.id, sent.data, key=key)

    assert rejection(message).customer_id == expected


def test_a_rejected_submission_uses_its_id_and_opens_nothing() -> None:
    history = intake(submission("inquiry", text=None))

    assert record(history, INQUIRY_ID).status is InquiryStanding.REJECTED
    assert types(history.receive(follow_up(INQUIRY_ID, text="Hola"))) == [
        "rejection.recorded",
        "submission.rejected.v1",
    ]


@pytest.mark.parametrize("first", [submission("inquiry"), submission("inquiry", text=None)])
def test_another_body_under_a_used_id_is_rejected_and_changes_nothing(first: Message) -> None:
    history = intake(first)
    before = record(history, INQUIRY_ID)

    (rejected,) = history.receive(submission("inquiry", text="Otra cosa"))

    assert isinstance(rejected, SubmissionRejected)
    assert [(e.field, e.code) for e in rejected.errors] == [("ce_id", "id_reused")]
    assert record(history, INQUIRY_ID) == before


def test_every_code_has_a_sentence_in_both_languages() -> None:
    answered_by_others = {
        ErrorCode.CONTRACT_UNKNOWN,
        ErrorCode.TEXT_NOT_CURRENT,
        ErrorCode.NOTHING_REFERRED,
        ErrorCode.AFTER_THE_END,
    }

    assert MESSAGES.keys() == set(ErrorCode) - answered_by_others
    assert all(message.es.endswith(".") for message in MESSAGES.values())
    assert all(message.en.endswith(".") for message in MESSAGES.values())


def test_countries_are_the_249_of_iso_3166() -> None:
    assert len(COUNTRIES) == 249
    assert {"ES", "PT", "GB", "AD"} <= COUNTRIES
    assert COUNTRIES.isdisjoint({"ZZ", "EU", "UK", "AN"})


def test_now_decides_and_not_the_clock() -> None:
    history = intake()
    history.now = datetime(2030, 1, 1, tzinfo=UTC)

    assert "submission.rejected.v1" in types(history.receive(submission("inquiry")))


@pytest.mark.parametrize("kind", ["cancellation", "cancellation_evidence"])
@pytest.mark.parametrize(
    ("signed_on", "code"),
    [
        ("2026-03-03", "in_future"),
        ("2099-01-01", "in_future"),
        ("2025-02-28", "too_old"),
        ("1900-01-01", "too_old"),
    ],
)
def test_a_signature_is_no_younger_than_the_request_and_at_most_366_days_older(
    signed_on: str, code: str, kind: str
) -> None:
    signed = submission(kind, signature={**SIGNATURE, "signed_on": signed_on})

    assert faults(signed) == {("signature.signed_on", code)}


@pytest.mark.parametrize("signed_on", ["2025-03-01", "2026-03-02"])
def test_a_signature_of_the_year_before_the_request_is_taken(signed_on: str) -> None:
    signed = submission("cancellation", signature={**SIGNATURE, "signed_on": signed_on})

    assert "submission.rejected.v1" not in types(intake().receive(signed))
