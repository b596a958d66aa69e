"""Intake's sentences for faulty fields, one per error code (F2)."""

from __future__ import annotations

from shared.events.error_codes import ErrorCode as ErrorCode
from shared.events.error_codes import field_error
from shared.events.fault_sentences import MESSAGES as MESSAGES
from shared.events.values import FieldError


def error(field: str, code: ErrorCode) -> FieldError:
    """The answer to one faulty field, given by its dotted path; it never quotes the value."""
    return field_error(field, code, MESSAGES)
