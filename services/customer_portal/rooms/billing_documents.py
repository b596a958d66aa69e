"""The invoices that billing publishes as documents (F14): fetched where billing keeps them.

Only from under the address that is set: an event must not make the portal ask anywhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import httpx2
import structlog

from services.customer_portal.documents import DownloadedDocument
from services.customer_portal.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

WITHIN_SECONDS = 5.0
"""A person waits for it."""
MOST_BYTES = 10 * 1024 * 1024


class BillingDocuments:
    """Fetches documents and checks that they are those that billing named."""

    def __init__(self, settings: Settings) -> None:
        self._under = settings.billing_documents_url
        self._client = httpx2.AsyncClient(timeout=WITHIN_SECONDS, follow_redirects=False)

    def reaches(self, link: str) -> bool:
        """Whether a link lies under the address that is set."""
        if not self._under:
            return False
        wanted, given = urlsplit(self._under), urlsplit(link)
        same = (wanted.scheme, wanted.netloc) == (given.scheme, given.netloc)
        path, under = unquote(given.path), f"{wanted.path.rstrip('/')}/"
        return same and path.startswith(under) and ".." not in path.split("/")

    async def read(self, named: Mapping[str, str]) -> DownloadedDocument | None:
        """The document; None where it cannot be had, or is not the one that billing named."""
        content = bytearray()
        try:
            async with self._client.stream("GET", named["link"]) as answer:
                answer.raise_for_status()
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        log.warning("no document of billing", why="too large")
                        return None
        except httpx2.HTTPError as error:
            log.warning("no document of billing", why=type(error).__name__)
            return None
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != named["sha256"].lower():
            log.warning("no document of billing", why="another hash")
            return None
        return DownloadedDocument(bytes(content), named["media_type"], sha256)

    async def close(self) -> None:
        await self._client.aclose()
