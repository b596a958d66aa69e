"""The archive's private events about an attachment: kept in the history, on no topic."""

from __future__ import annotations

from typing import ClassVar

from shared.events.envelope import Event
from shared.events.values import Instant


class AttachmentNoted(Event):
    """A channel announced an attachment; the service looks for its bytes at `look_at`.

    Its name stays on the topic: the archive has no use for it.
    """

    ce_type: ClassVar[str] = "attachment.noted"

    document_id: str
    customer_id: str
    media_type: str
    size: int
    sha256: str
    link: str
    expires_at: Instant
    look_at: Instant


class AttachmentMissed(Event):
    """Its bytes have not come yet; `looked` is how often they were looked for."""

    ce_type: ClassVar[str] = "attachment.missed"

    document_id: str
    look_at: Instant
    looked: int = 0
    """0 in histories of earlier releases, which did not count."""


PRIVATE_EVENTS = (AttachmentNoted, AttachmentMissed)
