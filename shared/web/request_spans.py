"""A span for each page and each request of a program, and the names by which both are known."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime.attributes import Attributes
from shared.telemetry.tracing import Span, Traces, continuing

STATIC = "static"
"""Files: a page of ours asks for a handful, and none of them tells anything."""


def name_of(routes: Sequence[BaseRoute], scope: Scope) -> str:
    """The name of the page that is asked for: never its address, which may hold an id."""
    for route in routes:
        if route.matches(scope)[0] is Match.FULL:
            return str(getattr(route, "name", "none"))
    return "none"


class Traced:
    """Begins a trace with a request, until its answer begins; what it publishes continues that.

    A browser is a stranger, whose traces are not continued. Under `continued_under`, programs ask,
    and theirs are.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        traces: Traces,
        routes: Sequence[BaseRoute],
        continued_under: Sequence[str],
    ) -> None:
        self._app = app
        self._traces = traces
        self._routes = routes
        self._continued_under = tuple(f"{it}/" for it in continued_under)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (span := self._begin(scope)) is None:
            return await self._app(scope, receive, send)

        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _end(span, message["status"])
            await send(message)

        try:
            with continuing(span.traceparent):
                return await self._app(scope, receive, noting)
        except Exception:  # the application around this one answers it
            if not begun:
                _end(span, 500)
            raise

    def _begin(self, scope: Scope) -> Span | None:
        page, parent = name_of(self._routes, scope), None
        if page == STATIC:
            return None
        if scope["path"].startswith(self._continued_under):
            headers = ((name.decode("latin-1"), value) for name, value in scope["headers"])
            parent = Attributes.of(it for it in headers if it[0] == "traceparent").traceparent
        attributes = {"http.request.method": _method(scope), "http.route": page}
        return self._traces.begin(
            f"{_method(scope)} {page}", "server", parent=parent, attributes=attributes
        )


def _method(scope: Scope) -> str:
    """As OpenTelemetry has it: what is no method that HTTP knows, a stranger made up."""
    known = scope["method"] in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return str(scope["method"]) if known else "_OTHER"


def _end(span: Span, status: int) -> None:
    span.note({"http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))
    span.end()
