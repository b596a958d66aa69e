"""A customer continues an inquiry: more words, or the wish to close it (F4).

One submission is decided twice: first in its own record, which says whether it is sound; then in
the inquiry it names, which acts only on what its own record accepted.
"""

from __future__ import annotations

from datetime import datetime

from services.inquiry_intake.inquiry.evolve import FOLLOW_UP_RECEIVED
from services.inquiry_intake.inquiry.private_events import FollowUpAccepted
from services.inquiry_intake.inquiry.state import (
    INQUIRY,
    Inquiry,
    InquiryStanding,
    inquiry_among,
    named_inquiry,
)
from services.inquiry_intake.rules import Rules
from services.inquiry_intake.submission.error_codes import ErrorCode, error
from services.inquiry_intake.submission.validate import SoundSubmission, reject
from services.inquiry_intake.texts import documents_received, follow_up_received
from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.inquiries import (
    Actor,
    ClosedBy,
    FollowedUp,
    InquiryClosed,
    InquiryProgressed,
    InquiryReopened,
)
from shared.events.submissions import FollowUpSubmitted
from shared.events.text import is_blank, trimmed


def followed(received: Unchecked) -> str | None:
    """The id of the inquiry that a follow-up names, None when it names none that could be."""
    if received.ce_type != FollowUpSubmitted.ce_type:
        return None
    return named_inquiry(received.fields.get("inquiry_id"))


def accepted(message: Message, sound: SoundSubmission, follow_up: FollowUpSubmitted) -> list[Event]:
    """Accepts or rejects a follow-up in its own record.

    An inquiry of another customer is answered like one that does not exist.
    """
    target = inquiry_among(message.replicas.values(), named_inquiry(follow_up.inquiry_id))
    if target is None or not target.opened or target.customer_id != follow_up.customer_id:
        return reject(message, error("inquiry_id", ErrorCode.INQUIRY_UNKNOWN)).events
    if follow_up.close and not target.settled:
        return reject(message, error("close", ErrorCode.NOT_SETTLED)).events
    return [
        FollowUpAccepted(
            inquiry_id=sound.inquiry_id,
            customer_id=follow_up.customer_id,
            follows=target.inquiry_id,
            closes=follow_up.close,
        )
    ]


def continued(rules: Rules, message: Message, state: Inquiry | None, now: datetime) -> list[Event]:
    """Applies an accepted follow-up to the inquiry that it names."""
    own: Inquiry | None = message.replicas.get(Ref(INQUIRY, message.record_id))
    if message.id_reused or state is None or own is None or own.follows != state.inquiry_id:
        return []
    assert isinstance(message.data, Unchecked)
    text = _accepted_text(message.data)
    events: list[FollowedUp] = []
    documents = _accepted_documents(message.data)
    if text is not None or documents:
        events += _more_words(rules, state, text, documents, now, closes=own.closes)
    if own.closes and state.settled and (events or state.status is not InquiryStanding.CLOSED):
        events.append(InquiryClosed(inquiry_id=state.inquiry_id, by=ClosedBy.CUSTOMER))
    answered = {"submission_id": message.id, "submission_source": message.source}
    return [event.model_copy(update=answered) for event in events]


def _accepted_text(received: Unchecked) -> str | None:
    """Returns the customer's text; the follow-up's own record has already validated it."""
    text = received.fields.get("text")
    return None if text is None or is_blank(text) else trimmed(text)


def _accepted_documents(received: Unchecked) -> tuple[str, ...]:
    return tuple(trimmed(it) for it in received.fields.get("documents") or ())


def _more_words(
    rules: Rules,
    state: Inquiry,
    text: str | None,
    documents: tuple[str, ...],
    now: datetime,
    *,
    closes: bool,
) -> list[FollowedUp]:
    received = InquiryProgressed(
        inquiry_id=state.inquiry_id,
        status=FOLLOW_UP_RECEIVED,
        note=documents_received(len(documents)) if text is None else follow_up_received(text),
        by=Actor.CUSTOMER,
        text=text,
        documents=documents or None,
    )
    if closes or state.status is InquiryStanding.OPEN:
        return [received]
    return [reopened(rules, state, ClosedBy.CUSTOMER, now), received]


def reopened(rules: Rules, state: Inquiry, by: ClosedBy, now: datetime) -> InquiryReopened:
    """The inquiry is open again, with a new answer target."""
    return InquiryReopened(
        inquiry_id=state.inquiry_id, by=by, answer_due_at=rules.answer_due_at(now)
    )
