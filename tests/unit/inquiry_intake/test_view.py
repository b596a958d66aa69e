"""A view of a contract's text opens no inquiry and is passed on to the archive (F1)."""

from __future__ import annotations

import pytest

from services.inquiry_intake.inquiry.public_state import public_state
from services.inquiry_intake.inquiry.state import InquiryStanding
from shared.events.requests import ContractViewReported
from shared.events.submissions import SubmissionRejected
from shared.events.topics import TOPIC_OF, key_of
from shared.events.values import Channel
from tests.builders.submissions import (
    CUSTOMER_ID,
    NUMBER,
    inquiry_id_of,
    intake,
    record,
    types,
    viewed,
)


def test_a_view_opens_no_inquiry_and_is_forwarded_to_the_archive() -> None:
    history = intake()

    noted, reported = history.receive(viewed())

    assert noted.ce_type == "view.forwarded"
    assert isinstance(reported, ContractViewReported)
    assert reported.model_dump(exclude={"received_at", "viewed_at"}) == {
        "submission_id": "v-1",
        "submission_source": "/channels/web",
        "customer_id": CUSTOMER_ID,
        "channel": Channel.WEB,
        "contract_number": NUMBER,
        "document_id": "text-1",
    }
    assert reported.viewed_at.isoformat() == "2026-03-02T10:58:00+01:00"
    assert TOPIC_OF[reported.ce_type].name == "desk.contract-requests"
    assert key_of(reported) == NUMBER


def test_a_views_own_record_is_no_inquiry_and_has_no_public_state() -> None:
    history = intake(viewed())
    own = record(history, inquiry_id_of("v-1"))

    assert own.status is InquiryStanding.VIEW
    assert not own.opened
    assert public_state(own, 1) is None


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"contract_number": None}, "contract_number", "missing"),
        ({"document_id": None}, "document_id", "missing"),
        ({"document_id": " "}, "document_id", "too_short"),
        ({"viewed_at": None}, "viewed_at", "missing"),
        ({"viewed_at": "2026-03-02T10:58:00"}, "viewed_at", "wrong_format"),
        ({"viewed_at": "2026-03-02T10:05:01Z"}, "viewed_at", "in_future"),
        ({"viewed_at": "1999-12-31T23:59:59Z"}, "viewed_at", "too_old"),
    ],
)
def test_a_faulty_view_is_answered_and_not_forwarded(
    fields: dict[str, object], field: str, code: str
) -> None:
    events = intake().receive(viewed("v-1", **fields))

    assert types(events) == ["rejection.recorded", "submission.rejected.v1"]
    (rejected,) = (it for it in events if isinstance(it, SubmissionRejected))
    assert [(error.field, error.code) for error in rejected.errors] == [(field, code)]


def test_another_view_under_a_used_id_is_rejected() -> None:
    history = intake(viewed())

    (rejected,) = history.receive(viewed("v-1", document_id="text-2"))

    assert isinstance(rejected, SubmissionRejected)
    assert [(error.field, error.code) for error in rejected.errors] == [("ce_id", "id_reused")]
