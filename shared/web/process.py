"""Runs a web application's process: its pages beside what it does in the background."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import structlog
from starlette.types import ASGIApp

from shared.runtime.health.status import Health
from shared.runtime.process import collect_seldom, end_process, run_until_signalled
from shared.telemetry import logging
from shared.web.server import serve
from shared.web.settings import WebSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

ENDED_WITHIN_SECONDS, CANCELLED_WITHIN_SECONDS = 4.0, 2.0
"""With the pages', the producer's and the database's own limits less than the 20 s after which
`desk up` kills a process, although broker and database do not answer.
"""


def run_web(name: str, settings: WebSettings, main: Coroutine[Any, Any, None]) -> None:
    """Log as service `name`, run `main`, and end with code 0 after SIGTERM or SIGINT."""
    logging.configure(name, level=settings.log_level, style=settings.log_format)
    collect_seldom()
    run_until_signalled(main)
    # A thread of the database's driver may still wait half a minute for a server's answer.
    end_process(os.EX_OK)


async def serve_beside(
    background: Coroutine[Any, Any, None],
    pages: ASGIApp,
    health: Health,
    settings: WebSettings,
    stopping: asyncio.Event,
) -> None:
    """Serve until SIGTERM or SIGINT; the background has ended, too, when this returns."""
    running = asyncio.create_task(background)
    running.add_done_callback(_end_if_failed)
    try:
        await serve(pages, health, settings, stopping)
    finally:
        stopping.set()
        health.phase = "stopping"
        await _ended(running)


async def _ended(background: asyncio.Task[None]) -> None:
    """Wait for the background to end. What waits for a server that does not answer is cancelled:
    a fold or a publication that was in hand is repeated by the next process.
    """
    _, waiting = await asyncio.wait([background], timeout=ENDED_WITHIN_SECONDS)
    if waiting:
        background.cancel()
        await asyncio.wait([background], timeout=CANCELLED_WITHIN_SECONDS)


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical(
            "a background task failed; start this service again", exc_info=task.exception()
        )
        end_process()
