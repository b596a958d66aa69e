"""Live parts of a page: all of the part on connecting, again whenever it changes, then `done`.

A page without scripts shows the same after a reload, so nothing is said here alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import StreamingResponse

from shared.mongo.changes import Changes

BREATH_SECONDS = 15.0
"""Proxies close a connection on which nothing comes for a minute."""
LONGEST_SECONDS = 600.0
"""Then the stream ends and the browser connects again: a session that has ended is noticed."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page as it is now. `final`: it will not change any more."""

    html: str
    final: bool


def live(
    changes: Changes,
    ids: tuple[str, ...],
    part: Callable[[], Awaitable[Part]],
    stopping: asyncio.Event,
) -> StreamingResponse:
    """Server-sent events of a part that depends on the documents `ids`."""
    return StreamingResponse(
        _events(changes, ids, part, stopping),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    changes: Changes,
    ids: tuple[str, ...],
    part: Callable[[], Awaitable[Part]],
    stopping: asyncio.Event,
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    ends_at, shown = loop.time() + LONGEST_SECONDS, None
    with changes.of(*ids) as changed:
        while not stopping.is_set() and loop.time() < ends_at:
            changed.clear()
            now = await part()
            if now.html != shown:
                shown = now.html
                yield message(now.html)
            if now.final:
                yield "event: done\ndata:\n\n"
                return
            if not await _woken(changed, stopping):
                yield ": still here\n\n"


async def _woken(changed: asyncio.Event, stopping: asyncio.Event) -> bool:
    waiting = [asyncio.create_task(it.wait()) for it in (changed, stopping)]
    try:
        done, _ = await asyncio.wait(
            waiting, timeout=BREATH_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for task in waiting:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*waiting, return_exceptions=True)
    return bool(done)


def message(html: str) -> str:
    """An event whose data is this text."""
    return "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
