"""State of one attachment: its claim check, and whether it was kept or refused."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.events.values import Instant

ATTACHMENT = "attachment"


class AttachmentStanding(StrEnum):
    AWAITED = "awaited"
    KEPT = "kept"
    REFUSED = "refused"


class Attachment(BaseModel):
    """The claim check as it came first, and where the attachment stands.

    `look_at` is when its bytes are looked for next, None once that is settled; `looked` is how
    often they were not there.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    document_id: str
    customer_id: str
    media_type: str
    size: int
    sha256: str
    link: str
    expires_at: Instant
    standing: AttachmentStanding = AttachmentStanding.AWAITED
    look_at: Instant | None = None
    looked: int = 0


FILE_PREFIX = "attachment "
"""No document that the archive makes has an id that begins so."""


def file_id(document_id: str) -> str:
    """Under which its bytes are kept."""
    return FILE_PREFIX + document_id


def document_id_of(file_id: str) -> str:
    return file_id.removeprefix(FILE_PREFIX)
