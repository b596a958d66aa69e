"""Checks and headers of every request, for all pages: origin, size of the body, headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.uploads import MULTIPART

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


BODY_WITHIN_SECONDS = 20.0
"""Enough for the longest form on a slow mobile network; forms with files have another limit."""


class TooLarge(Exception):
    """The body is larger than any form of ours."""


class TooSlow(Exception):
    """The body did not arrive in time; a slow sender would hold a connection and its resources."""


def too_large() -> Response:
    return PlainTextResponse("413: too large\n", 413, {"Connection": "close"})


def too_slow() -> Response:
    return PlainTextResponse("408: too slow\n", 408, {"Connection": "close"})


class BodyLimit:
    """Ends a request whose body is too large, by its announcement or while it arrives, or too slow.

    `with_files` are the routes whose forms may be as long as `most_with_files`, and whose files are
    timed where they are read.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int,
        with_files: Sequence[Route] = (),
        most_with_files: int = 0,
        large: Callable[[], Response] = too_large,
        slow: Callable[[], Response] = too_slow,
    ) -> None:
        self._app = app
        self._most = most_bytes
        self._with_files = with_files
        self._most_with_files = most_with_files
        self._large, self._slow = large, slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers, takes_files = Headers(scope=scope), self._takes_files(scope)
        most = self._most_with_files if takes_files else self._most
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > most:
            return await self._large()(scope, receive, send)
        has_files = takes_files and headers.get("content-type", "").lower().startswith(MULTIPART)
        body = _Body(receive, most, None if has_files else BODY_WITHIN_SECONDS)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            return await self._app(scope, body.next, watched)
        except (TooLarge, TooSlow) as error:
            if begun:
                raise
            refusal = self._large() if isinstance(error, TooLarge) else self._slow()
            return await refusal(scope, receive, send)

    def _takes_files(self, scope: Scope) -> bool:
        return any(it.matches(scope)[0] is Match.FULL for it in self._with_files)


class _Body:
    """A request's body as it arrives: at most so many bytes, within so many seconds from when it is
    first asked for. What comes after it (that the client has gone) may take as long as it likes.
    """

    def __init__(self, receive: Receive, most: int, within: float | None) -> None:
        self._receive = receive
        self._most = most
        self._within = within
        self._ends_at: float | None = None
        self._received = 0
        self._whole = False

    async def next(self) -> Message:
        """Raises `TooLarge`, `TooSlow`."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        self._received += len(message.get("body", b""))
        if self._received > self._most:
            raise TooLarge
        self._whole = not message.get("more_body", False)
        return message

    def _deadline(self) -> float | None:
        if self._ends_at is None and self._within is not None:
            self._ends_at = asyncio.get_running_loop().time() + self._within
        return self._ends_at
