"""Admits callers that send a credential, each to what it may ask.

An unknown credential learns nothing else, and takes no longer than a known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest

import structlog
from pydantic import SecretStr
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SCHEME = b"bearer "


class Asker(StrEnum):
    """A caller of the internal port; each has a separate credential."""

    OPERATORS = "operators"
    PORTAL = "portal"


ALSO_ASKED_BY: Mapping[str, frozenset[Asker]] = {
    "/preview": frozenset({Asker.PORTAL}),
    "/document": frozenset({Asker.PORTAL}),
    "/attachment": frozenset({Asker.PORTAL}),
}
"""Callers besides operators, by question; operators may ask every question."""


def may_ask(asker: Asker, question: str) -> bool:
    """Whether this one may ask it; what is no question is the operators' to find out."""
    return asker is Asker.OPERATORS or asker in ALSO_ASKED_BY.get(question, ())


def credentials(settings: RuntimeSettings) -> Mapping[Asker, SecretStr]:
    """Returns each caller's credential; a caller without one is not admitted."""
    found = {Asker.OPERATORS: settings.internal_credential}
    if settings.portal_credential is not None:
        found[Asker.PORTAL] = settings.portal_credential
    return found


class Admission:
    """Middleware that answers 401 or 403 before anything of a question is looked at.

    Absent, wrong, malformed and repeated credentials go the same way: one digest is made and
    compared with each one's, whatever is in it, so neither length nor beginning of a right one
    shows. Who was admitted is `scope["asker"]`.
    """

    def __init__(self, app: ASGIApp, credentials: Mapping[Asker, SecretStr]) -> None:
        self._app = app
        self._expected = {
            asker: sha256(credential.get_secret_value().encode()).digest()
            for asker, credential in credentials.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            asker = self._asker(scope)
            if asker is None:
                await _unknown(scope, receive, send)
            elif not may_ask(asker, scope["path"]):
                log.warning("question not allowed", asker=asker)
                await _not_allowed(scope, receive, send)
            else:
                await self._app({**scope, "asker": asker}, receive, send)

    def _asker(self, scope: Scope) -> Asker | None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        header: bytes = given[0] if len(given) == 1 else b""
        is_bearer = header[: len(SCHEME)].lower() == SCHEME
        digest = sha256(header[len(SCHEME) :].strip()).digest()
        found = [
            asker for asker, expected in self._expected.items() if compare_digest(digest, expected)
        ]
        return found[0] if found and is_bearer else None


_unknown = JSONResponse(
    {"faults": [{"field": "authorization", "fault": "is not the credential of this port"}]},
    401,
    {"WWW-Authenticate": "Bearer", "Connection": "close"},
)
_not_allowed = JSONResponse(
    {"faults": [{"field": "authorization", "fault": "does not allow this question"}]},
    403,
    {"Connection": "close"},
)
