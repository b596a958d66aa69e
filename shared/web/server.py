"""Runs a web application: its pages on one port, health and metrics for operators on another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from types import FrameType

import uvicorn
from prometheus_client import make_asgi_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from shared.runtime.health.status import FAILED, Health
from shared.web.settings import WebSettings

STOP_SECONDS = 5
"""How long requests that are being answered may take after SIGTERM."""
COMMON = {"http": "h11", "log_config": None, "access_log": False, "server_header": False}
"""h11 refuses a request whose line and headers have no end; httptools would keep all of them."""
KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than the minute for which proxies keep theirs. One
that we closed while they send the next request on it would be a page that fails."""


class PageServer(uvicorn.Server):
    """Sets `stopping` as soon as the signal comes, so that live parts of pages end by themselves.

    The web server waits for open connections before anything else learns that it stops.
    """

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        super().handle_exit(sig, frame)


class _OperatorsServer(uvicorn.Server):
    """Leaves the process's signals to the pages' server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def operators_app(health: Health) -> ASGIApp:
    """`/health`, `/live` and `/metrics`, like every service."""

    async def page(_request: Request) -> Response:
        code = 200 if health.status == "ok" else 503
        return Response(health.page(), code, media_type="application/json")

    async def live(_request: Request) -> Response:
        return PlainTextResponse(health.phase, 503 if health.phase == FAILED else 200)

    metrics = make_asgi_app(registry=health.metrics.registry)
    return Starlette(
        routes=[Route("/health", page), Route("/live", live), Mount("/metrics", metrics)]
    )


def config_of_pages(pages: ASGIApp, settings: WebSettings) -> uvicorn.Config:
    return uvicorn.Config(
        pages,
        host=settings.web_host,
        port=settings.web_port,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="off",
        **COMMON,  # type: ignore[arg-type]
    )


def config_of_operators(page: ASGIApp, settings: WebSettings) -> uvicorn.Config:
    return uvicorn.Config(
        page,
        host=settings.http_host,
        port=settings.http_port,
        lifespan="off",
        **COMMON,  # type: ignore[arg-type]
    )


async def serve(
    pages: ASGIApp, health: Health, settings: WebSettings, stopping: asyncio.Event
) -> None:
    """Serve both until SIGTERM or SIGINT; `stopping` is set then."""
    pages_server = PageServer(config_of_pages(pages, settings), stopping)
    operators = _OperatorsServer(config_of_operators(operators_app(health), settings))
    serving = asyncio.create_task(operators.serve())
    try:
        await pages_server.serve()
    finally:
        stopping.set()
        operators.should_exit = True
        await serving
