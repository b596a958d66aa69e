"""Attachments on `desk.documents`: a claim check by the channel, kept or refused by the archive."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.events.envelope import Event
from shared.events.values import Count, CustomerId, Instant, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]


class DocumentEvent(Event):
    document_id: Text


class DocumentReceived(DocumentEvent):
    """A channel received an attachment; the archive may fetch it at `link` until `expires_at`."""

    ce_type: ClassVar[str] = "document.received.v1"

    customer_id: CustomerId
    purpose: Text
    file_name: Text
    media_type: Text
    size: Annotated[Count, Field(ge=0)]
    sha256: Sha256
    link: Text
    expires_at: Instant


class DocumentKept(DocumentEvent):
    """The archive has fetched the attachment, checked its hash and keeps it."""

    ce_type: ClassVar[str] = "document.kept.v1"

    customer_id: str | None = None
    media_type: str | None = None
    size: Count | None = None
    sha256: str | None = None


class DocumentRefused(DocumentEvent):
    """The archive does not keep the attachment."""

    ce_type: ClassVar[str] = "document.refused.v1"

    cause: str
