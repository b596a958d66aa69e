"""A service's pages for customers, on a listener of their own.

Metrics and health are for operators and stay on `HTTP_PORT`: a listener that serves documents does
not serve them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from shared.mongo.client import Database
from shared.runtime.decider import HttpHandler, HttpRequest, HttpResponse, Pages, ReadStates
from shared.runtime.listener import listening

LONGEST_FORM = 4 * 1024
MOST_FIELDS = 20
_NOT_FOUND: HttpResponse = (404, {"Content-Type": "text/plain; charset=utf-8"}, b"404\n")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Unreadable(ValueError):
    """A request that no page of ours sends; it gets the answer of a page that is not there."""


@contextlib.asynccontextmanager
async def served(pages: Pages, database: Database, read: ReadStates) -> AsyncIterator[None]:
    """Serves the pages while entered. An address that is taken ends the process."""
    handlers = {path: make(database, read) for path, make in pages.at.items()}
    async with listening(application(handlers), pages.host, pages.port):
        yield


def application(handlers: Mapping[str, HttpHandler]) -> Callable[[Scope, Receive, Send], Any]:
    """The pages as an ASGI application. What is no request of theirs is answered with 404."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            handler = handlers[scope["path"]]
            status, headers, body = await handler(await _request(scope, receive))
        except (KeyError, _Unreadable):
            status, headers, body = _NOT_FOUND
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        raw.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return app


async def _request(scope: Scope, receive: Receive) -> HttpRequest:
    if scope["type"] != "http" or scope["method"] not in ("GET", "POST"):
        raise _Unreadable("not a request for a page")
    fields = _fields(scope["query_string"])
    if scope["method"] == "POST":
        fields |= _fields(await _form(receive))
    return HttpRequest(posted=scope["method"] == "POST", fields=fields)


def _fields(encoded: bytes) -> dict[str, str]:
    """The last value of each field. Raises `_Unreadable` for what is not URL-encoded UTF-8."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise _Unreadable("not URL-encoded") from error
    return dict(pairs)


async def _form(receive: Receive) -> bytes:
    form = b""
    while True:
        part = await receive()
        if part["type"] != "http.request":
            raise _Unreadable("the client left")
        form += bytes(part.get("body", b""))
        if len(form) > LONGEST_FORM:
            raise _Unreadable("too long for a form")
        if not part.get("more_body"):
            return form
