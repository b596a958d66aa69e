"""What a submission does to its own record: opened, a follow-up, a view, or rejected (F2)."""

from __future__ import annotations

from datetime import datetime

from services.inquiry_intake.inquiry.follow_up import accepted, continued
from services.inquiry_intake.inquiry.open import opened
from services.inquiry_intake.inquiry.private_events import FollowUpAccepted, RejectionRecorded
from services.inquiry_intake.inquiry.state import Inquiry, opened_by, own_record
from services.inquiry_intake.inquiry.view import forwarded
from services.inquiry_intake.rules import Rules
from services.inquiry_intake.submission.error_codes import ErrorCode, error
from services.inquiry_intake.submission.validate import (
    SUBMISSIONS,
    checked,
    readable_contact,
    readable_customer_id,
    readable_language,
    requested_language,
)
from shared.events.envelope import Event, Message, Unchecked
from shared.events.submissions import (
    ContractViewedSubmitted,
    FollowUpSubmitted,
    SubmissionRejected,
)
from shared.events.values import FieldError

UNKNOWN_CUSTOMER = "unknown"
"""Whose submission it is when neither its fields nor its record key can say."""


def submitted(
    rules: Rules, message: Message, received: Unchecked, state: Inquiry | None, now: datetime
) -> list[Event]:
    """One submission in its own record, or, a follow-up, in the inquiry that it names."""
    if not _is_own(message, state):
        return continued(rules, message, state, now)
    if state is not None:
        return [_rejected(message, received, (error("ce_id", ErrorCode.ID_REUSED),))]
    submission = checked(received, max(now, message.broker_time or now))
    if isinstance(submission, tuple):
        return _refused(message, received, submission)
    if isinstance(submission, ContractViewedSubmitted):
        return forwarded(message, submission)
    if not isinstance(submission, FollowUpSubmitted):
        return opened(rules, message, submission, now)
    answer = accepted(message, submission)
    if isinstance(answer, FollowUpAccepted):
        return [answer]
    return _refused(message, received, (answer,))


def _is_own(message: Message, state: Inquiry | None) -> bool:
    """Whether this is the submission's own record, and not the inquiry that it follows up.

    The own record is decided first: while it is empty, no other can be in turn.
    """
    if state is None:
        return own_record(message) is None
    return state.inquiry_id == opened_by(message)


def _refused(message: Message, received: Unchecked, errors: tuple[FieldError, ...]) -> list[Event]:
    """Nothing was done, and the id is used: the same one with a sound body is another matter."""
    rejection = _rejected(message, received, errors)
    kept = RejectionRecorded(inquiry_id=opened_by(message), customer_id=rejection.customer_id)
    return [kept, rejection]


def _rejected(
    message: Message, received: Unchecked, errors: tuple[FieldError, ...]
) -> SubmissionRejected:
    return SubmissionRejected(
        submission_id=message.id,
        submission_source=message.source,
        customer_id=readable_customer_id(received, message.key) or UNKNOWN_CUSTOMER,
        errors=errors,
        language=readable_language(received),
        requested_language=requested_language(received),
        contact=readable_contact(received),
        submission_type=received.ce_type if received.ce_type in SUBMISSIONS else None,
    )
