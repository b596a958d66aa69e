"""The codes of faulty fields (F2): one vocabulary for every service that answers faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

from shared.events.choices import Word
from shared.events.values import Bilingual, FieldError


class ErrorCode(Word):
    """The code of a faulty field."""

    MISSING = "missing", "The field is missing."
    WRONG_TYPE = "wrong_type", "Not of the expected type."
    WRONG_FORMAT = "wrong_format", "Not of the expected format."
    TOO_LONG = "too_long", "Too long, or too many items."
    TOO_SHORT = "too_short", "Empty or too short."
    NOT_ALLOWED = "not_allowed", "Not one of the values allowed."
    DUPLICATE = "duplicate", "More than once."
    IN_FUTURE = "in_future", "In the future."
    TOO_OLD = "too_old", "Too far in the past."
    TOO_FAR_AHEAD = "too_far_ahead", "Too far ahead."
    CONSENT_MISSING = "consent_missing", "A consent without which there is no registration (F3)."
    EVIDENCE_MISSING = "evidence_missing", "None of the pieces of evidence is given."
    CHANGE_MISSING = "change_missing", "Nothing that a profile update could change is given."
    INQUIRY_UNKNOWN = "inquiry_unknown", "No such inquiry of this customer."
    NOT_SETTLED = "not_settled", "The inquiry has contracts in progress."
    ID_REUSED = "id_reused", "The id was used for another submission."
    TOO_LARGE = "too_large", "The record is larger than 256 KiB, or a number than 64 bits."
    UNKNOWN_TYPE = "unknown_type", "No such type of submission."
    NOT_JSON = "not_json", "The value is no JSON."
    NOT_AN_OBJECT = "not_an_object", "The value is no JSON object."
    STRUCTURED_MODE = "structured_mode", "Structured mode; binary mode is needed."
    AMBIGUOUS = "ambiguous", "One attribute with two values."
    SOURCE_NOT_ALLOWED = "source_not_allowed", "The topic does not take this source."
    WRONG_KEY = "wrong_key", "The record's key is not the one of its data."
    CONTRACT_UNKNOWN = "contract_unknown", "The registry has reported no such contract."
    TEXT_NOT_CURRENT = "text_not_current", "Not the contract's current text (F1)."
    NOTHING_REFERRED = "nothing_referred", "No request waits for a professional's decision."
    AFTER_THE_END = "after_the_end", "After the contract's last day."


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
"""The code for each of pydantic's error types; any other type means a wrong format."""


def code_of(fault: ErrorDetails) -> ErrorCode:
    """The code of a fault that a model found."""
    if fault["input"] is None:
        return ErrorCode.MISSING
    return _CODE_OF.get(fault["type"], ErrorCode.WRONG_TYPE)


def add_faults(faults: dict[str, ErrorCode], found: Sequence[tuple[str, ErrorCode]]) -> None:
    """Add what was found, one fault a field: a list of faulty items is not too short as well."""
    if not found:
        return
    paths = [path.split(".") for path in (*faults, *(path for path, _ in found))]
    wholes = {".".join(path[:depth]) for path in paths for depth in range(1, len(path))}
    for path, code in found:
        if path not in wholes:
            faults.setdefault(path, code)


Sentences = Mapping[ErrorCode, Bilingual]
"""A service's own words for the codes that it answers with."""


def field_error(field: str, code: ErrorCode, sentences: Sentences) -> FieldError:
    """The answer to one faulty field, given by its dotted path; it never quotes the value."""
    return FieldError(field=field, code=code.value, message=sentences[code])
