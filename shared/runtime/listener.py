"""A further listener beside the service's own web server, which has the process's signals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Generator
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    """Leaves the process's signals to the service's own web server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def listening(
    application: Any, host: str, port: int, *, connections: int | None = None
) -> AsyncIterator[None]:
    """Serves the ASGI application while entered. An address that is taken ends the process.

    Beyond this number of `connections` the answer is 503.
    """
    server = _Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            lifespan="off",
            http="h11",  # it bounds a request's line and headers; httptools does not
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=connections,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
