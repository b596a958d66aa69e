"""Makes the ASGI application of a site: its routes, what holds for all of them, and its errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import structlog
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context
from prometheus_client import Histogram
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.events.values import Language
from shared.outage import Outage
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces
from shared.web.languages import Formats, translations
from shared.web.middleware import BodyLimit, SameOrigin, SecurityHeaders, security_headers
from shared.web.pages import Forged, NotAllowed, NotFound, Site, Visit
from shared.web.rate_limits import TooMany
from shared.web.request_spans import Traced, name_of
from shared.web.sessions import Session, Visitor
from shared.web.settings import WebSettings
from shared.web.uploads import MOST_REQUEST_BYTES

log: structlog.stdlib.BoundLogger = structlog.get_logger()

HERE = Path(__file__).parent
MOST_BODY_BYTES = 128 * 1024
"""More than the longest form: two texts of 10,000 characters, each written as nine bytes."""


class Absent(StrictUndefined):
    """A field that a document does not have: it may be asked for, and shown by nobody."""

    def __bool__(self) -> bool:  # type: ignore[override]  # Jinja declares that it raises
        return False


Told = Callable[[str], str]
Translate = Callable[..., str]


@lru_cache
def environments(
    folders: tuple[Path, ...], told: Told | None = None
) -> Mapping[Language, Environment]:
    """Templates of ours and of `folders`, once for each language.

    `told` says how a text is shown that is no HTML yet, wherever a template shows one; what a form
    sends back is escaped in the template itself (`|e`) and stays as it is.
    """
    here = [HERE, *folders]
    texts = translations(tuple(folder / "locale" for folder in here))
    made = {}
    for language in Language:
        environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(it / "templates") for it in reversed(here)]),
            autoescape=select_autoescape(("html",), default=True),
            undefined=Absent,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=None if told is None else partial(_told, told),
        )
        environment.install_gettext_translations(texts[language], newstyle=True)  # type: ignore[attr-defined]
        formats = Formats(language)
        if told is not None:
            for name in ("gettext", "ngettext"):
                environment.globals[name] = _telling(
                    cast(Translate, environment.globals[name]), told
                )
        environment.filters |= {
            "day": formats.day,
            "weekday": formats.weekday,
            "instant": formats.instant,
            "time": formats.time,
            "money": formats.money,
        }
        made[language] = environment
    return made


def _told(told: Told, value: Any) -> Any:
    return told(value) if type(value) is str else value


def _telling(translate: Translate, told: Told) -> Translate:
    """The same translation, with its variables as they are shown."""

    @pass_context
    def called(context: Context, *texts: Any, **variables: Any) -> str:
        shown = {name: _told(told, value) for name, value in variables.items()}
        return translate(context, *texts, **shown)

    return called


class Measured:
    """How long each page takes, by its name: never by its address, which may hold an id.

    A live part of a page is not measured: it takes as long as somebody looks at it.
    """

    def __init__(self, app: ASGIApp, *, seconds: Histogram, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                seconds = time.perf_counter() - began
                self._seconds.labels(name_of(self._routes, scope), status).observe(seconds)
            await send(message)

        return await self._app(scope, receive, noting)


class Beside:
    """Hands what lies under the address of another application to it, past what pages need."""

    def __init__(self, app: ASGIApp, *, others: Mapping[str, Starlette]) -> None:
        self._app = app
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for prefix, other in self._others.items():
                if scope["path"] == prefix or scope["path"].startswith(f"{prefix}/"):
                    return await other(scope, receive, send)
        return await self._app(scope, receive, send)


def build_app(
    site: Site,
    settings: WebSettings,
    metrics: Metrics,
    beside: Mapping[str, Starlette] | None = None,
    traces: Traces | None = None,
) -> Starlette:
    """The site's pages. `/` leads to the language that the browser prefers.

    `beside`: by the beginning of their addresses, applications for programs, which have no forms.
    A defect is answered within what measures requests and adds headers: Starlette would answer it
    around all of that.
    """
    routes, others = site.routes(), beside or {}
    named = [*routes, *(it for app in others.values() for it in app.routes)]

    async def root(request: Request) -> Response:
        preferred = request.headers.get("accept-language", "").strip().lower()
        language = Language.EN if preferred.startswith("en") else Language.ES
        return RedirectResponse(f"/{language}", 302, {"Vary": "Accept-Language"})

    async def failed(request: Request, error: Exception) -> Response:
        return _failure(site, request, error)

    expected = (NotFound, NotAllowed, Forged, TooMany, Outage, HTTPException)
    return Starlette(
        routes=[Route("/", root), *routes],
        middleware=[
            Middleware(SecurityHeaders, headers=security_headers(settings.hsts_seconds)),
            Middleware(Measured, seconds=metrics.web_requests, routes=named),
            Middleware(ServerErrorMiddleware, handler=failed),
            *([] if traces is None else [_traced(traces, named, others)]),
            Middleware(Beside, others=others),
            Middleware(SameOrigin, origin=settings.public_url),
            Middleware(
                BodyLimit,
                most_bytes=MOST_BODY_BYTES,
                with_files=site.routes_with_files(),
                most_with_files=MOST_REQUEST_BYTES,
            ),
        ],
        exception_handlers=dict.fromkeys(expected, failed),
    )


def _traced(
    traces: Traces, routes: Sequence[BaseRoute], others: Mapping[str, Starlette]
) -> Middleware:
    return Middleware(Traced, traces=traces, routes=routes, continued_under=(*others,))


def _failure(site: Site, request: Request, error: Exception) -> Response:
    """The page of an error, in the language of the address, with what still works."""
    status, headers = _status(error)
    if status >= 500:
        log.warning("page failed", status=status, why=type(error).__name__)
    visit = getattr(request.state, "visit", None)
    if visit is None:
        language = Language.EN if request.url.path.startswith("/en") else Language.ES
        home = next(iter(site.pages))
        visit = Visit(site, home, language, request, Session("", Visitor("")))
    try:
        html = visit.html(
            "error.html",
            status=status,
            lacks_role=isinstance(error, NotAllowed),
            retry_after=headers.get("Retry-After"),
        )
    except Exception:  # noqa: BLE001 - a page about an error must not fail with another one
        return PlainTextResponse(f"{status}\n", status, headers)
    return HTMLResponse(html, status, headers)


def _status(error: Exception) -> tuple[int, dict[str, str]]:
    match error:
        case NotFound():
            return 404, {}
        case Forged() | NotAllowed():
            return 403, {}
        case TooMany(retry_after):
            return 429, {"Retry-After": str(retry_after)}
        case Outage():
            return 503, {"Retry-After": "10"}
        case HTTPException():
            return error.status_code, dict(error.headers or {})
        case _:
            return 500, {}
