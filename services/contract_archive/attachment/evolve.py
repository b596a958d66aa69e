"""How an event changes an attachment."""

from __future__ import annotations

from services.contract_archive.attachment.private_events import AttachmentMissed, AttachmentNoted
from services.contract_archive.attachment.state import Attachment, AttachmentStanding
from shared.events.documents import DocumentKept, DocumentRefused
from shared.events.envelope import Event


def evolve(before: Attachment | None, event: Event) -> Attachment:
    if isinstance(event, AttachmentNoted):
        return Attachment.model_validate(event.model_dump())
    assert before is not None
    match event:
        case AttachmentMissed():
            return before.model_copy(update={"look_at": event.look_at, "looked": event.looked})
        case DocumentKept():
            return before.model_copy(update={"standing": AttachmentStanding.KEPT, "look_at": None})
        case DocumentRefused():
            return before.model_copy(
                update={"standing": AttachmentStanding.REFUSED, "look_at": None}
            )
    raise TypeError(f"no attachment event: {event.ce_type}")
