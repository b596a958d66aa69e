"""An attachment: noted by its claim check, then kept or refused once its bytes were looked at.

The first claim check of an id stands; another one under the same id changes nothing, so nobody can
make the archive say something else about what it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.contract_archive.attachment.private_events import AttachmentMissed, AttachmentNoted
from services.contract_archive.attachment.state import Attachment, AttachmentStanding
from shared.events.documents import (
    LINK,
    MOST_BYTES,
    DocumentKept,
    DocumentReceived,
    DocumentRefusalCause,
    DocumentRefused,
    MediaType,
)
from shared.events.envelope import Event, Message
from shared.events.internal import AttachmentChecked

LOOK_AGAIN = timedelta(seconds=30)
"""Bytes are handed over before their claim check is published, so they are seldom missing."""
LONGEST_PAUSE = timedelta(hours=6)
"""Up to this the pause doubles each time: a claim check costs no more looks than days can bear."""
LONGEST_WAIT = timedelta(days=31)
"""Limit of the wait for an attachment's bytes; a channel can ask for less, not for more."""


def decide(message: Message, state: Attachment | None, now: datetime) -> Sequence[Event]:
    match message.data:
        case DocumentReceived() as received if state is None:
            return _noted(received, now)
        case AttachmentChecked() as checked if (
            state and state.standing is AttachmentStanding.AWAITED
        ):
            return [_settled(checked, state, now)]
    return []


def _noted(received: DocumentReceived, now: datetime) -> Sequence[Event]:
    noted = AttachmentNoted(
        document_id=received.document_id,
        customer_id=received.customer_id,
        media_type=received.media_type,
        size=received.size,
        sha256=received.sha256.lower(),
        link=received.link,
        expires_at=min(received.expires_at, now + LONGEST_WAIT),
        look_at=now,
    )
    cause = _refusal(received)
    return [noted] if cause is None else [noted, _refused(noted, cause)]


def _refusal(received: DocumentReceived) -> DocumentRefusalCause | None:
    """A refusal by the claim check alone; a link leads nowhere but to what was handed over."""
    if received.link != LINK + received.document_id:
        return DocumentRefusalCause.LINK_NOT_ALLOWED
    if received.media_type not in list(MediaType):
        return DocumentRefusalCause.NOT_ALLOWED
    if not 0 < received.size <= MOST_BYTES:
        return DocumentRefusalCause.NOT_ALLOWED
    return None


def _settled(checked: AttachmentChecked, state: Attachment, now: datetime) -> Event:
    if checked.kept:
        return DocumentKept(
            document_id=state.document_id,
            customer_id=state.customer_id,
            media_type=state.media_type,
            size=state.size,
            sha256=state.sha256,
        )
    if checked.cause is not None:
        return _refused(state, checked.cause)
    if now < state.expires_at:
        return _missed(state, now)
    return _refused(state, DocumentRefusalCause.NOT_RECEIVED)


def _missed(state: Attachment, now: datetime) -> AttachmentMissed:
    pause = LOOK_AGAIN
    for _ in range(state.looked):
        pause = min(2 * pause, LONGEST_PAUSE)
    return AttachmentMissed(
        document_id=state.document_id, look_at=now + pause, looked=state.looked + 1
    )


def _refused(attachment: Attachment | AttachmentNoted, cause: DocumentRefusalCause) -> Event:
    return DocumentRefused(
        document_id=attachment.document_id, cause=cause, customer_id=attachment.customer_id
    )


def work_at(state: Attachment) -> datetime | None:
    return state.look_at
