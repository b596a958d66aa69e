"""A service that owns what a page shows, asked on its internal port as the portal.

A person waits, so every question has a limit of time; without an answer the page says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2
import structlog

from services.customer_portal.settings import Settings
from shared.operations.service_client import NoAddress, NotThere, ServiceClient, ServiceError
from shared.runtime.operations.answers import Answer
from shared.web.pages import NotFound

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Found = TypeVar("Found", bound=Answer)


class RecordOwner:
    """One service. Nothing connects before it is asked."""

    def __init__(
        self,
        name: str,
        url: str,
        settings: Settings,
        *,
        within_seconds: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        credential = settings.portal_credential
        self._http = httpx2.AsyncClient(
            headers={} if credential is None else _authorised(credential.get_secret_value()),
            timeout=within_seconds,
            trust_env=False,
            transport=transport,
        )
        self._client = ServiceClient(name, url or None, self._http)

    async def ask(self, question: Callable[[ServiceClient], Awaitable[Found]]) -> Found | None:
        """The answer; None where the service gives none. Raises `NotFound`."""
        try:
            return await question(self._client)
        except NotThere:
            raise NotFound from None
        except NoAddress:
            return None
        except ServiceError as error:
            log.warning("no answer", service=error.service, why=type(error).__name__)
            return None

    async def tell(self, said: Callable[[ServiceClient], Awaitable[Found]]) -> Found:
        """The answer to what must arrive. Raises a `ServiceError` where there is none."""
        return await said(self._client)

    async def close(self) -> None:
        await self._http.aclose()


def _authorised(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}
