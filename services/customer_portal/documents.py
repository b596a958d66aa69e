"""A contract's documents: only the archive has them, and hands each to its customer alone.

The portal has signed the customer in and passes a document on; no page and no log has a link that
opens one without a session.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

import structlog
from starlette.responses import Response

from services.customer_portal.file_names import disposition
from services.customer_portal.record_owner import RecordOwner
from services.customer_portal.settings import Settings
from shared.events.topics import ARCHIVE
from shared.mongo.client import Document
from shared.web.pages import NotFound
from shared.web.sessions import Holder

log: structlog.stdlib.BoundLogger = structlog.get_logger()

WITHIN_SECONDS = 5.0
"""A person waits for it."""
LONGEST_ID = 200
"""Limit of a document id's length, the same as the archive's."""
SUFFIXES = {"application/pdf": "pdf", "text/plain": "txt", "text/csv": "csv"}
SANDBOXED = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class DownloadedDocument:
    """A document's bytes, and the SHA-256 of exactly these bytes, in hex."""

    content: bytes
    media_type: str
    sha256: str


class ArchiveClient:
    """Asks the archive, on its internal port."""

    def __init__(self, settings: Settings) -> None:
        url = settings.contract_archive_url
        self._archive = RecordOwner(ARCHIVE, url, settings, within_seconds=WITHIN_SECONDS)

    async def read(
        self, holder: Holder, number: str | None, document_id: str
    ) -> DownloadedDocument | None:
        """The holder's document, of a contract or else attached; None without an answer.

        Raises `NotFound`.
        """
        if len(document_id) > LONGEST_ID:
            raise NotFound
        question = {
            **({"contract_number": number} if number is not None else {}),
            "document_id": document_id,
            "customer_id": holder.customer_id,
        }
        found = await self._archive.ask(lambda archive: archive.document(question))
        if found is None:
            return None
        sha256 = hashlib.sha256(found.content).hexdigest()
        if sha256 != found.sha256:
            log.warning("no document", why="its bytes are not those that the archive named")
            return None
        return DownloadedDocument(found.content, found.media_type, sha256)

    async def close(self) -> None:
        await self._archive.close()


def is_available(document: Document, now: datetime) -> bool:
    """Whether the archive still hands out a document that it has made: a copy, for some time."""
    until = document.get("available_until")
    return until is None or now <= datetime.fromisoformat(until)


def made(inquiry: Document, now: datetime) -> Document | None:
    """Returns the document that the archive made for an inquiry, and whether it is available."""
    found = inquiry.get("document")
    return found and found | {"is_available": is_available(found, now)}


def as_attachment(document: DownloadedDocument, name: str) -> Response:
    """A download under a name of ours, without its suffix."""
    suffix = SUFFIXES.get(document.media_type.partition(";")[0], "bin")
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    return download(document, f"{safe}.{suffix}")


def download(document: DownloadedDocument, file_name: str) -> Response:
    """Media types that no browser shows as a page of ours."""
    return Response(
        document.content,
        media_type=document.media_type,
        headers={
            "Content-Disposition": disposition(file_name),
            "Content-Security-Policy": SANDBOXED,
        },
    )
