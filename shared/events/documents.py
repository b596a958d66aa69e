"""Attachments on `desk.documents`: a claim check by the channel, kept or refused by the archive."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.newer import OpenToNewer
from shared.events.values import Count, CustomerId, Instant, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]


MOST_BYTES = 5 * 1024 * 1024
"""Limit of an attachment: in base64 it fits a request to the archive's internal port."""
LINK = "/attachments/"
"""Begins the link of what was handed to the archive; the `document_id` follows."""


class MediaType(Word):
    """The media types of attachments."""

    PDF = "application/pdf", "PDF."
    PNG = "image/png", "PNG."
    JPEG = "image/jpeg", "JPEG."
    HEIC = "image/heic", "HEIC."
    TEXT = "text/plain", "Plain text."


class DocumentRefusalCause(OpenToNewer, Word):
    """Why the archive does not keep an attachment."""

    NOT_RECEIVED = "not_received", "Its bytes did not come until `expires_at`."
    NOT_AS_DESCRIBED = (
        "not_as_described",
        "Its size, its hash or its type by content is not the one that the channel named.",
    )
    NOT_ALLOWED = "not_allowed", "It is of a type, or larger, than the archive keeps."
    LINK_NOT_ALLOWED = "link_not_allowed", "Its link is not where attachments are handed over."


class DocumentEvent(Event):
    document_id: Text


class DocumentReceived(DocumentEvent):
    """A channel received an attachment; the archive may fetch it at `link` until `expires_at`.

    `/attachments/<document_id>` is what the channel hands over on the archive's internal port
    before this event. The event never has the bytes.
    """

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

    cause: DocumentRefusalCause
    customer_id: str | None = None
