"""Checks and headers of every request, for all pages: origin, size of the body, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
SAFE_METHODS = frozenset({"GET", "HEAD"})
OUR_OWN = frozenset({"same-origin", "none"})
"""`Sec-Fetch-Site` of a form on our pages, and of an address that somebody typed."""


def security_headers(hsts_seconds: int) -> Mapping[str, str]:
    """The headers of every answer; a page may replace one, never go without."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cache-Control": "private, no-store",
    }
    if hsts_seconds:
        headers["Strict-Transport-Security"] = f"max-age={hsts_seconds}; includeSubDomains"
    return headers


class SecurityHeaders:
    """Adds the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    own.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """Refuses what another site makes a browser send, before anything looks at it.

    Browsers that do not say `Sec-Fetch-Site` say `Origin` with a form; a client that says neither
    is no browser, and has no session that could be misused. The form's ticket is checked besides.
    """

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_allowed(scope["method"], Headers(scope=scope)):
            refusal = PlainTextResponse("403: sent from another site\n", 403)
            return await refusal(scope, receive, send)
        return await self._app(scope, receive, send)

    def _is_allowed(self, method: str, headers: Headers) -> bool:
        if method in SAFE_METHODS:
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in OUR_OWN
        return headers.get("origin", self._origin) == self._origin


class TooLarge(Exception):
    """The body is larger than any form of ours."""


TOO_LARGE = PlainTextResponse("413: too large\n", 413, {"Connection": "close"})


class BodyLimit:
    """Ends a request whose body is too large, by its announcement or while it arrives.

    `with_files` are the routes whose forms may be as long as `most_with_files`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int,
        with_files: Sequence[Route] = (),
        most_with_files: int = 0,
        refusal: Response = TOO_LARGE,
    ) -> None:
        self._app = app
        self._most = most_bytes
        self._with_files = with_files
        self._most_with_files = most_with_files
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        most = self._most_of(scope)
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > most:
            return await self._refuse(scope, receive, send)
        received = 0
        begun = False

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            return await self._app(scope, limited, watched)
        except TooLarge:
            if begun:
                raise
            return await self._refuse(scope, receive, send)

    def _most_of(self, scope: Scope) -> int:
        takes_files = any(it.matches(scope)[0] is Match.FULL for it in self._with_files)
        return self._most_with_files if takes_files else self._most

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._refusal(scope, receive, send)
