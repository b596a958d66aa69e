"""An inquiry's attachments as intake knows them, and the bytes that the archive keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.operations.cases import Case
from shared.operations.errors import AttachmentDiffers, NoSuchAttachment
from shared.operations.service_client import NotThere, ServiceClient
from shared.runtime.operations.answers import History

ATTACHMENT = "attachment"
KEPT = "kept"


@dataclass(frozen=True, slots=True)
class NamedAttachment:
    """A document that a submission named.

    `standing` is `awaited`, `kept`, `refused` (`cause` says why), or None where intake has heard
    nothing of it from this customer. `file_name` is the sender's own: never a path to write to.
    """

    document_id: str
    standing: str | None = None
    cause: str | None = None
    file_name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None


async def attachments_of(case: Case, intake: ServiceClient) -> list[NamedAttachment]:
    """Lists the attachments of the inquiry, then of its follow-ups. Raises `ServiceError`."""
    named = (it for moment in case.moments for it in moment.data.get("documents") or ())
    customer_id = case.state.get("customer_id")
    return [
        _attachment(document_id, await intake.history(ATTACHMENT, document_id), customer_id)
        for document_id in dict.fromkeys(map(str, named))
    ]


def _attachment(
    document_id: str, found: History | None, customer_id: str | None
) -> NamedAttachment:
    """Another customer's document is told like one that nobody has heard of."""
    said: Mapping[str, Any] = (found.state if found else None) or {}
    if said.get("customer_id") != customer_id:
        return NamedAttachment(document_id)
    return NamedAttachment(document_id, *(said.get(name) for name in NamedAttachment.__slots__[1:]))


async def bytes_of(
    case: Case, attachments: Sequence[NamedAttachment], document_id: str, archive: ServiceClient
) -> bytes:
    """The bytes of one of the case's attachments, as its channel described them.

    Raises `NoSuchAttachment` where the inquiry names no such document or the archive keeps none,
    `AttachmentDiffers`, `ServiceError`.
    """
    named = [it for it in attachments if it.document_id == document_id]
    if not named:
        raise NoSuchAttachment(document_id, None)
    question = {"document_id": document_id, "customer_id": case.state.get("customer_id")}
    try:
        content = (await archive.document(question)).content
    except NotThere:
        raise NoSuchAttachment(document_id, named[0].standing or "unknown") from None
    if named[0].sha256 not in (None, hashlib.sha256(content).hexdigest()):
        raise AttachmentDiffers(document_id)
    return content
