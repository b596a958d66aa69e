"""Is a submission sound? Its shape as the event's model says, the rest by `submission_rules`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from services.inquiry_intake.inquiry.routing import KIND_OF
from services.inquiry_intake.submission.error_codes import ErrorCode, error
from services.inquiry_intake.submission.rules import readable, rules_for
from shared.events.envelope import Unchecked
from shared.events.submissions import (
    ContractViewedSubmitted,
    FollowUpSubmitted,
    RegistrationSubmitted,
    Submission,
)
from shared.events.submitted import LANGUAGES, KnownLanguage, SubmittedContact, primary_tag
from shared.events.text import is_blank, trimmed
from shared.events.values import Contact, CustomerId, FieldError, Language

_MODELS: tuple[type[Submission], ...] = (*KIND_OF, FollowUpSubmitted, ContractViewedSubmitted)
SUBMISSIONS = {model.ce_type: model for model in _MODELS}

MOST_ERRORS = 100
"""A record of 256 KiB can hold more faults than an answer of that size can name."""

_CODE_OF = {
    "missing": ErrorCode.MISSING,
    "wrong_format": ErrorCode.WRONG_FORMAT,
    "string_pattern_mismatch": ErrorCode.WRONG_FORMAT,
    "date_parsing": ErrorCode.WRONG_FORMAT,
    "date_from_datetime_parsing": ErrorCode.WRONG_FORMAT,
    "datetime_parsing": ErrorCode.WRONG_FORMAT,
    "datetime_from_date_parsing": ErrorCode.WRONG_FORMAT,
    "string_too_long": ErrorCode.TOO_LONG,
    "too_long": ErrorCode.TOO_LONG,
    "string_too_short": ErrorCode.TOO_SHORT,
    "too_short": ErrorCode.TOO_SHORT,
    "enum": ErrorCode.NOT_ALLOWED,
    "literal_error": ErrorCode.NOT_ALLOWED,
}
"""By the type of fault that the models name; any other one means that the type is wrong."""

_CUSTOMER_ID: TypeAdapter[str] = TypeAdapter(CustomerId)
_LANGUAGE: TypeAdapter[Language] = TypeAdapter(KnownLanguage)
_CONTACT: TypeAdapter[SubmittedContact] = TypeAdapter(SubmittedContact)


def checked(received: Unchecked, now: datetime) -> Submission | tuple[FieldError, ...]:
    """The sound submission, or every faulty field at once, one error each (F2).

    `now` is aware; times in the submission are judged against it.
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
        _add(faults, [(".".join(map(str, fault["loc"])), _code(fault)) for fault in found])
    for rule in rules_for(model):
        _add(faults, [*rule(received.fields, now)])
    if submission is not None and not faults:
        return submission
    return _errors(faults)


def _add(faults: dict[str, ErrorCode], found: Sequence[tuple[str, ErrorCode]]) -> None:
    """Add what was found, one fault a field: a list of faulty items is not too short as well."""
    paths = [path.split(".") for path in (*faults, *(path for path, _ in found))]
    wholes = {".".join(path[:depth]) for path in paths for depth in range(1, len(path))}
    for path, code in found:
        if path not in wholes:
            faults.setdefault(path, code)


def _errors(faults: Mapping[str, ErrorCode]) -> tuple[FieldError, ...]:
    return tuple(error(path, code) for path, code in list(faults.items())[:MOST_ERRORS])


def _code(fault: ErrorDetails) -> ErrorCode:
    if fault["input"] is None:
        return ErrorCode.MISSING
    return _CODE_OF.get(fault["type"], ErrorCode.WRONG_TYPE)


def readable_customer_id(received: Unchecked, key: str) -> str | None:
    """Whose submission it is: as it says, else as its record key says."""
    given = readable(_CUSTOMER_ID, received.fields.get("customer_id"))
    return given or readable(_CUSTOMER_ID, key)


def readable_language(received: Unchecked) -> Language:
    """The language to answer in, also when the rest cannot be read."""
    return readable(_LANGUAGE, received.fields.get("language")) or Language.ES


def requested_language(received: Unchecked) -> str | None:
    """The language asked for that the desk does not have; the answer is in Spanish then."""
    asked = received.fields.get("language")
    if readable(_LANGUAGE, asked) is None or not isinstance(asked, str) or is_blank(asked):
        return None
    return None if primary_tag(asked) in LANGUAGES else trimmed(asked)


def readable_contact(received: Unchecked) -> Contact | None:
    """The sound part of the contact (of a registration: of its own fields), None for nothing."""
    is_registration = received.ce_type == RegistrationSubmitted.ce_type
    given = received.fields if is_registration else received.fields.get("contact")
    if not isinstance(given, dict):
        return None
    parts = [readable(_CONTACT, {name: given.get(name)}) for name in Contact.model_fields]
    sound = {name: it for part in parts if part for name, it in part if it is not None}
    return Contact(**sound) if sound else None
