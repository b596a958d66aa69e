"""Whatever intake can answer, it answers: faults of the record as well as of its fields."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.inquiry_intake.service import route
from services.inquiry_intake.submission.error_codes import ErrorCode
from shared.events.envelope import WITHHELD, Fault, FaultCode, Message, Unchecked
from shared.events.inquiries import InquiryClosed, InquiryOpened, InquiryProgressed
from shared.events.submissions import SubmissionRejected
from tests.builders.submissions import (
    CUSTOMER_ID,
    INQUIRY_ID,
    WEB,
    decided,
    follow_up,
    intake,
    submission,
    types,
)


def faulty(*faults: Fault, ce_type: str = "submission.inquiry.v1", **fields: object) -> Message:
    return Message(WEB, "s-1", Unchecked(ce_type, fields, faults), key=CUSTOMER_ID)


def rejected(message: Message) -> SubmissionRejected:
    (answer,) = (e for e in decided(message) if isinstance(e, SubmissionRejected))
    return answer


def named(message: Message) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in rejected(message).errors]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("data", FaultCode.NOT_JSON),
        ("data", FaultCode.NOT_AN_OBJECT),
        ("data", FaultCode.TOO_LARGE),
        ("content-type", FaultCode.STRUCTURED_MODE),
        ("content-type", FaultCode.NOT_ALLOWED),
        ("ce_type", FaultCode.UNKNOWN_TYPE),
        ("ce_type", FaultCode.AMBIGUOUS),
    ],
)
def test_a_fault_that_hides_the_fields_is_the_only_answer(field: str, code: FaultCode) -> None:
    assert named(faulty(Fault(field, code))) == [(field, code.value)]


def test_a_submission_of_an_unknown_type_is_answered_to_its_customer() -> None:
    unknown = Fault("ce_type", FaultCode.UNKNOWN_TYPE)
    answer = rejected(faulty(unknown, ce_type="submission.complaint.v1"))

    assert (answer.customer_id, answer.submission_id) == (CUSTOMER_ID, "s-1")


def test_faults_of_the_record_and_of_its_fields_are_answered_together() -> None:
    sound = submission("inquiry", text=None)
    assert isinstance(sound.data, Unchecked)
    wrong_source = Fault("ce_source", FaultCode.SOURCE_NOT_ALLOWED)

    assert named(faulty(wrong_source, **sound.data.fields)) == [
        ("ce_source", "source_not_allowed"),
        ("text", "missing"),
    ]


@pytest.mark.parametrize("field", ["text", "contact", "consents", "contract_numbers", "signature"])
@pytest.mark.parametrize("kind", ["inquiry", "registration", "cancellation", "follow_up"])
def test_a_field_that_is_not_looked_at_has_one_fault(kind: str, field: str) -> None:
    sound = submission(kind, inquiry_id=INQUIRY_ID, text="Hola")
    assert isinstance(sound.data, Unchecked)
    fields = {**sound.data.fields, field: WITHHELD}
    too_long = Fault(f"{field}.inner", FaultCode.TOO_LONG)
    message = faulty(too_long, ce_type=sound.type, **fields)

    assert [error for error in named(message) if field in error[0]] == [
        (f"{field}.inner", "too_long")
    ]


def test_beside_a_member_that_is_not_looked_at_every_other_is() -> None:
    fields = {"contact": {"name": WITHHELD, "email": "ana", "phone": "900 000 000"}}
    sound = submission("inquiry")
    assert isinstance(sound.data, Unchecked)
    message = faulty(Fault("contact.name", FaultCode.WRONG_FORMAT), **sound.data.fields | fields)

    assert named(message) == [("contact.name", "wrong_format"), ("contact.email", "wrong_format")]
    contact = rejected(message).contact
    assert contact is not None
    assert contact.phone == "900 000 000"


def test_every_code_of_a_record_is_one_that_intake_can_say() -> None:
    assert {code.value for code in FaultCode} <= {code.value for code in ErrorCode}


def test_every_answer_names_the_submission_by_source_and_id() -> None:
    history = intake()
    [opened] = history.receive(submission("inquiry"))
    progressed, closed = history.receive(follow_up(INQUIRY_ID, text="Gracias", close=True))[1:]
    answers = (opened, progressed, closed, rejected(submission("inquiry", text=None)))

    assert isinstance(opened, InquiryOpened)
    assert isinstance(progressed, InquiryProgressed)
    assert isinstance(closed, InquiryClosed)
    assert [(answer.submission_source, answer.submission_id) for answer in answers] == [  # type: ignore[attr-defined]
        (WEB, "s-1"),
        (WEB, "f-1"),
        (WEB, "f-1"),
        (WEB, "s-1"),
    ]


def test_a_record_that_is_wrong_in_itself_uses_its_id() -> None:
    history = intake()
    history.process(replace(history.record(submission("inquiry")), value=b"not JSON"))

    assert types(history.receive(submission("inquiry"))) == ["submission.rejected.v1"]


def test_it_is_decided_in_its_own_record_whatever_its_type() -> None:
    message = faulty(Fault("ce_type", FaultCode.MISSING), ce_type="")

    assert [ref.id for ref in route(message).decides] == [INQUIRY_ID]
