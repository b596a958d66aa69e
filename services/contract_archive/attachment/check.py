"""Compares an attachment's bytes with what a channel said of them; the same rules twice.

First when a channel hands the bytes over, then, with the claim check in hand, before the archive
says that it keeps them.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from services.contract_archive.attachment.state import (
    ATTACHMENT,
    Attachment,
    AttachmentStanding,
    file_id,
)
from shared import attachments
from shared.events.documents import MOST_BYTES, DocumentRefusalCause
from shared.events.envelope import Ref
from shared.events.internal import AttachmentChecked
from shared.events.values import CustomerId
from shared.mongo.client import Database, File
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.decider import HandedOut, ReadStates

CLAIM = "claim"
"""Field of a kept file's metadata. Files of earlier releases have none, and stay."""


class Claim(StrEnum):
    """Whether a claim check has named the bytes; `expired`: none did in time, they are going."""

    AWAITED = "awaited"
    MADE = "made"
    EXPIRED = "expired"


class HandedIn(BaseModel):
    """An attachment's bytes and what its channel says of them; `content` is base64."""

    model_config = ConfigDict(frozen=True, extra="forbid", val_json_bytes="base64")

    document_id: str = Field(min_length=1, max_length=200)
    customer_id: CustomerId
    media_type: str = Field(max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    content: bytes


async def take_in(given: HandedIn, database: Database) -> str | None:
    """Keeps the bytes under their id; else says why not. The same bytes again change nothing.

    Raises `Outage`.
    """
    if len(given.content) > MOST_BYTES:
        return DocumentRefusalCause.NOT_ALLOWED
    fault = _fault(given.content, given.sha256, given.media_type)
    if fault is not None:
        return fault
    note = {
        "customer_id": given.customer_id,
        "media_type": given.media_type,
        "sha256": given.sha256,
    }
    file = File(given.content, {**note, CLAIM: Claim.AWAITED.value})
    with mongodb_errors_as_outage():
        kept = await database.put_file(file_id(given.document_id), given.document_id, file)
    same = all(kept.metadata.get(name) == value for name, value in note.items())
    return None if same else DocumentRefusalCause.NOT_AS_DESCRIBED


async def check(attachment: Attachment, database: Database) -> AttachmentChecked:
    """Whether the bytes are there and what the claim check says. Raises `Outage`.

    Refused bytes are not kept.
    """
    named = file_id(attachment.document_id)
    with mongodb_errors_as_outage():
        await database.change_note(named, CLAIM, Claim.AWAITED, Claim.MADE)
        file = await database.get_file(named)
    if file is None or file.metadata.get(CLAIM) == Claim.EXPIRED:
        return AttachmentChecked(document_id=attachment.document_id, kept=False)
    fault = _fault(file.content, attachment.sha256, attachment.media_type)
    whose = file.metadata.get("customer_id")
    if len(file.content) != attachment.size or whose != attachment.customer_id:
        fault = DocumentRefusalCause.NOT_AS_DESCRIBED
    if fault is not None:
        with mongodb_errors_as_outage():
            await database.delete_file(named)
    return AttachmentChecked(document_id=attachment.document_id, kept=fault is None, cause=fault)


async def hand_out(
    document_id: str, customer_id: str, database: Database, read: ReadStates
) -> HandedOut | None:
    """An attachment of this customer, once it is kept; else None. Raises `Outage`."""
    ref = Ref(ATTACHMENT, document_id)
    attachment: Attachment | None = (await read([ref]))[ref]
    if attachment is None or attachment.customer_id != customer_id:
        return None
    if attachment.standing is not AttachmentStanding.KEPT:
        return None
    with mongodb_errors_as_outage():
        file = await database.get_file(file_id(document_id))
    if file is None:
        return None
    return HandedOut(content=file.content, media_type=attachment.media_type)


def _fault(content: bytes, sha256: str, media_type: str) -> DocumentRefusalCause | None:
    found = attachments.media_type_of(content)
    if found is None:
        return DocumentRefusalCause.NOT_ALLOWED
    if found != media_type or hashlib.sha256(content).hexdigest() != sha256:
        return DocumentRefusalCause.NOT_AS_DESCRIBED
    return None
