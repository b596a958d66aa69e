"""A contract's documents: only the archive has them, and hands each to its customer alone.

The portal has signed the customer in and passes a document on; no page and no log has a link that
opens one without a session.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import httpx2
import structlog
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from services.customer_portal.settings import Settings
from shared.runtime.operations.answers import DocumentAnswer
from shared.web.pages import NotFound
from shared.web.sessions import Holder

log: structlog.stdlib.BoundLogger = structlog.get_logger()

WITHIN_SECONDS = 5.0
"""A person waits for it."""
SUFFIXES = {"application/pdf": "pdf", "text/plain": "txt", "text/csv": "csv"}
SANDBOXED = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class Document:
    """A document's bytes, and the SHA-256 of exactly these bytes, in hex."""

    content: bytes
    media_type: str
    sha256: str


class Documents:
    """Asks the archive, on its internal port."""

    def __init__(self, settings: Settings) -> None:
        self._credential: SecretStr | None = settings.portal_credential
        self._client = httpx2.AsyncClient(
            base_url=settings.contract_archive_url or "http://127.0.0.1:0", timeout=WITHIN_SECONDS
        )

    async def read(self, holder: Holder, number: str, document_id: str) -> Document | None:
        """The holder's document; None where the archive does not answer. Raises `NotFound`."""
        if self._credential is None:
            return None
        question = {
            "contract_number": number,
            "document_id": document_id,
            "customer_id": holder.customer_id,
        }
        credential = self._credential.get_secret_value()
        try:
            answer = await self._client.post(
                "/document", json=question, headers={"Authorization": f"Bearer {credential}"}
            )
            if answer.status_code in (404, 422):
                raise NotFound
            answer.raise_for_status()
            found = DocumentAnswer.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError) as error:
            log.warning("no document", why=type(error).__name__)
            return None
        sha256 = hashlib.sha256(found.content).hexdigest()
        if sha256 != found.sha256:
            log.warning("no document", why="its bytes are not those that the archive named")
            return None
        return Document(found.content, found.media_type, sha256)

    async def close(self) -> None:
        await self._client.aclose()


def as_attachment(document: Document, name: str) -> Response:
    """A download that no browser shows as a page of ours."""
    suffix = SUFFIXES.get(document.media_type.partition(";")[0], "bin")
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    return Response(
        document.content,
        media_type=document.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{safe}.{suffix}"',
            "Content-Security-Policy": SANDBOXED,
        },
    )
