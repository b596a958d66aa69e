"""A sound submission becomes an inquiry record and the requests that follow from it (F4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from services.inquiry_intake.inquiry.request_events import requests_of
from services.inquiry_intake.inquiry.routing import KIND_OF, QUEUE_OF_KIND, QUEUE_OF_REQUEST_TYPE
from services.inquiry_intake.replicas import CUSTOMER, CustomerReplica
from services.inquiry_intake.rules import Rules
from services.inquiry_intake.submission.validate import SoundSubmission
from services.inquiry_intake.texts import SUBJECTS
from shared.events.envelope import Event, Ref
from shared.events.inquiries import InquiryOpened
from shared.events.submissions import (
    CancellationSubmitted,
    InquirySubmitted,
    ProfileUpdateSubmitted,
    RegistrationSubmitted,
    Submission,
)
from shared.events.submitted import SubmittedContact
from shared.events.values import Contact, Detail

SECRETS = frozenset({"activation_code"})
HIDDEN = "••••"
_SAID_ELSEWHERE = {"customer_id", "channel", "language", "documents"}
"""Fields that the opened event carries itself; in an update, `language` is also a change."""
_DETAILS: TypeAdapter[tuple[Detail, ...]] = TypeAdapter(tuple[Detail, ...])
"""All at once, because there are many."""


def opened(
    rules: Rules, sound: SoundSubmission, replicas: Mapping[Ref, Any], now: datetime
) -> list[Event]:
    """The inquiry of a sound submission, then what it asks of the other services."""
    submission = sound.said
    inquiry = InquiryOpened(
        inquiry_id=sound.inquiry_id,
        submission_id=sound.id,
        submission_source=sound.source,
        reference=sound.reference,
        kind=KIND_OF[type(submission)],
        customer_id=submission.customer_id,
        channel=submission.channel,
        subject=_subject(submission),
        queue=_queue(submission),
        opened_at=now,
        answer_due_at=rules.answer_due_at(now),
        contact=_completed_contact(submission, replicas),
        language=submission.language,
        requested_language=sound.requested_language,
        contract_numbers=_contract_numbers(submission),
        details=_details(submission, sound.requested_language),
        documents=getattr(submission, "documents", None),
    )
    return [inquiry, *requests_of(rules, submission, inquiry)]


def _completed_contact(submission: Submission, replicas: Mapping[Ref, Any]) -> Contact:
    """The contact given, completed with what the customer gave at registration (F4).

    Data that is to change a profile counts only where there is no profile: until the archive has
    decided, the registered ones hold.
    """
    given = _given_contact(submission)
    profile = replicas[Ref(CUSTOMER, submission.customer_id)]
    if profile is None:
        return given
    assert isinstance(profile, CustomerReplica)
    if isinstance(submission, ProfileUpdateSubmitted):
        return profile.contact.completed_with(given)
    return given.completed_with(profile.contact)


def _given_contact(submission: Submission) -> Contact:
    if isinstance(submission, RegistrationSubmitted | ProfileUpdateSubmitted):
        return Contact(name=submission.name, email=submission.email, phone=submission.phone)
    contact = getattr(submission, "contact", None)
    return contact.plain if isinstance(contact, SubmittedContact) else Contact()


def _subject(submission: Submission) -> str:
    if isinstance(submission, InquirySubmitted):
        return submission.subject
    return SUBJECTS[KIND_OF[type(submission)]].in_language(submission.language)


def _queue(submission: Submission) -> str:
    """The queue where an inquiry begins: by request type, else by kind (F6)."""
    if isinstance(submission, InquirySubmitted):
        return QUEUE_OF_REQUEST_TYPE[submission.request_type]
    return QUEUE_OF_KIND[KIND_OF[type(submission)]]


def _contract_numbers(submission: Submission) -> tuple[str, ...]:
    if isinstance(submission, CancellationSubmitted):
        return submission.contract_numbers
    number = getattr(submission, "contract_number", None)
    return (number,) if isinstance(number, str) else ()


def _details(submission: Submission, asked: str | None) -> tuple[Detail, ...]:
    """The submitted fields, and, first, a language asked for that the desk does not have."""
    said = {"requested_language": asked} if asked else {}
    changed = {"language"} if isinstance(submission, ProfileUpdateSubmitted) else set[str]()
    submitted = submission.model_dump(
        mode="json", exclude=_SAID_ELSEWHERE - changed, exclude_unset=True, exclude_none=True
    )
    return _DETAILS.validate_python(
        [
            {"field": field, "value": HIDDEN if field in SECRETS else value}
            for field, value in _lines(said | submitted)
        ]
    )


def _lines(values: Mapping[str, Any], within: str = "") -> list[tuple[str, str]]:
    """Every value with its dotted path; a list of plain values is one line."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        path = f"{within}{name}"
        if isinstance(value, dict):
            lines += _lines(value, f"{path}.")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            lines += _lines({str(index): item for index, item in enumerate(value)}, f"{path}.")
        else:
            lines.append((path, _text(value)))
    return lines


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
