"""Admits callers that send the credential. The answer tells nothing else and takes no longer."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest

from pydantic import SecretStr
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SCHEME = b"bearer "


class Admission:
    """Middleware that answers 401 before anything of a question is looked at.

    Absent, wrong, malformed and repeated credentials go the same way: one digest is made and two
    are compared, whatever is in them, so neither length nor beginning of the right one shows.
    """

    def __init__(self, app: ASGIApp, credential: SecretStr) -> None:
        self._app = app
        self._expected = sha256(credential.get_secret_value().encode()).digest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._admits(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _refusal(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        header: bytes = given[0] if len(given) == 1 else b""
        is_bearer = header[: len(SCHEME)].lower() == SCHEME
        digest = sha256(header[len(SCHEME) :].strip()).digest()
        return compare_digest(digest, self._expected) and is_bearer


_refusal = JSONResponse(
    {"faults": [{"field": "authorization", "fault": "is not the credential of this port"}]},
    401,
    {"WWW-Authenticate": "Bearer", "Connection": "close"},
)
