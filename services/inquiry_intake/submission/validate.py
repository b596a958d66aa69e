"""A submission is judged once: sound, or rejected with every fault (F2); what follows rests on it.

Its shape is as the event's model says, the rest as the rules beside this say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from services.inquiry_intake.inquiry.private_events import RejectionRecorded
from services.inquiry_intake.inquiry.routing import KIND_OF
from services.inquiry_intake.submission.error_codes import ErrorCode, error
from services.inquiry_intake.submission.rules import broken_rules
from shared.events.envelope import Event, Message, Unchecked
from shared.events.error_codes import add_faults, code_of
from shared.events.reference import reference_of
from shared.events.submissions import (
    ContractViewedSubmitted,
    FollowUpSubmitted,
    RegistrationSubmitted,
    Submission,
    SubmissionRejected,
)
from shared.events.submitted import LANGUAGES, KnownLanguage, SubmittedContact, primary_tag
from shared.events.text import is_blank, trimmed
from shared.events.values import UNKNOWN, Contact, CustomerId, FieldError, Language, readable

_MODELS: tuple[type[Submission], ...] = (*KIND_OF, FollowUpSubmitted, ContractViewedSubmitted)
SUBMISSIONS = {model.ce_type: model for model in _MODELS}

_CUSTOMER_ID: TypeAdapter[str] = TypeAdapter(CustomerId)
_LANGUAGE: TypeAdapter[Language] = TypeAdapter(KnownLanguage)
_CONTACT: TypeAdapter[SubmittedContact] = TypeAdapter(SubmittedContact)

MOST_ERRORS = 100
"""A record of 256 KiB can hold more faults than an answer of that size can name."""


@dataclass(frozen=True, slots=True)
class SoundSubmission:
    """A submission that keeps every rule, and by what it is known; only `judge` makes one."""

    said: Submission
    id: str
    source: str
    inquiry_id: str
    """The id of the inquiry's own record."""
    reference: str
    requested_language: str | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A submission of which nothing comes, and the answer that names every fault (F2)."""

    inquiry_id: str
    """The id of its own record, which keeps that the submission's id is used."""
    answer: SubmissionRejected
    used: bool = False
    """Whether another submission has had this id: its record stays as it is."""

    @property
    def events(self) -> list[Event]:
        if self.used:
            return [self.answer]
        customer_id = self.answer.customer_id
        return [RejectionRecorded(inquiry_id=self.inquiry_id, customer_id=customer_id), self.answer]


def judge(message: Message, now: datetime, *, used: bool) -> SoundSubmission | Rejection:
    """`used`: another submission has had this id. `now` (timezone-aware), or the broker's later
    time, judges the times in it."""
    if used:
        return reject(message, error("ce_id", ErrorCode.ID_REUSED), used=True)
    received = message.data
    assert isinstance(received, Unchecked)
    found = checked(received, max(now, message.broker_time or now))
    if isinstance(found, tuple):
        return reject(message, *found)
    return SoundSubmission(
        said=found,
        id=message.id,
        source=message.source,
        inquiry_id=message.record_id,
        reference=reference_of(message.uuid, message.attempt),
        requested_language=SubmissionSender(received, message.key).requested_language,
    )


def reject(message: Message, *errors: FieldError, used: bool = False) -> Rejection:
    """Whatever is wrong with it, its sender is answered as far as it can be read."""
    received = message.data
    assert isinstance(received, Unchecked)
    sender = SubmissionSender(received, message.key)
    answer = SubmissionRejected(
        submission_id=message.id,
        submission_source=message.source,
        customer_id=sender.customer_id or UNKNOWN,
        errors=errors,
        language=sender.language,
        requested_language=sender.requested_language,
        contact=sender.contact,
        submission_type=received.ce_type if received.ce_type in SUBMISSIONS else None,
    )
    return Rejection(message.record_id, answer, used)


def checked(received: Unchecked, now: datetime) -> Submission | tuple[FieldError, ...]:
    """The sound submission, or every faulty field at once, one error each (F2).

    `now` is timezone-aware; times in the submission are judged against it.
    """
    faults = {fault.field: ErrorCode(fault.code) for fault in received.faults}
    model = SUBMISSIONS.get(received.ce_type)
    if model is None or received.hides_its_fields:
        return _errors(faults)
    submission: Submission | None = None
    try:
        submission = model.model_validate(received.fields)
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_context=False)
        add_faults(faults, [(".".join(map(str, fault["loc"])), code_of(fault)) for fault in found])
    add_faults(faults, broken_rules(model, received.fields, now))
    if submission is not None and not faults:
        return submission
    return _errors(faults)


def _errors(faults: Mapping[str, ErrorCode]) -> tuple[FieldError, ...]:
    return tuple(error(path, code) for path, code in list(faults.items())[:MOST_ERRORS])


def readable_customer_id(received: Unchecked, key: str) -> str | None:
    """Returns the submission's customer id, from its data or else from its record key."""
    given = readable(_CUSTOMER_ID, received.fields.get("customer_id"))
    return given or readable(_CUSTOMER_ID, key)


@dataclass(frozen=True, slots=True)
class SubmissionSender:
    """The sender of `received`, whose record has this `key`."""

    received: Unchecked
    key: str

    @property
    def customer_id(self) -> str | None:
        return readable_customer_id(self.received, self.key)

    @property
    def language(self) -> Language:
        """The language to answer in."""
        return readable(_LANGUAGE, self._asked) or Language.ES

    @property
    def requested_language(self) -> str | None:
        """The language asked for that the desk does not have; the answer is in Spanish then."""
        asked = self._asked
        if not isinstance(asked, str) or asked in LANGUAGES or primary_tag(asked) in LANGUAGES:
            return None
        return None if is_blank(asked) or readable(_LANGUAGE, asked) is None else trimmed(asked)

    @property
    def contact(self) -> Contact | None:
        """The sound part of the contact (of a registration, of its own fields), or None."""
        is_registration = self.received.ce_type == RegistrationSubmitted.ce_type
        fields = self.received.fields
        given = fields if is_registration else fields.get("contact")
        if not isinstance(given, dict):
            return None
        parts = [readable(_CONTACT, {name: given.get(name)}) for name in Contact.model_fields]
        sound = {name: it for part in parts if part for name, it in part if it is not None}
        return Contact(**sound) if sound else None

    @property
    def _asked(self) -> object:
        return self.received.fields.get("language")
