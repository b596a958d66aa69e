"""Live parts of a page: all of the part on connecting, again whenever it changes, then `done`.

A page without scripts shows the same after a reload, so nothing is said here alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from starlette.responses import Response, StreamingResponse

from shared.outage import Outage
from shared.web.rate_limits import TooMany

BREATH_SECONDS = 15.0
"""Proxies close a connection on which nothing comes for a minute."""
LONGEST_SECONDS = 600.0
"""Then the stream ends and the browser connects again."""
MOST_OF_ONE, MOST_OF_ALL = 10, 2_000
"""Open streams of one browser, and of one process."""
RETRY_SECONDS = 10
DONE = "event: done\ndata:\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EVENT_STREAM = "text/event-stream"


class ChangeSource(Protocol):
    """Wakes a stream before its next heartbeat."""

    def of(self, *ids: str) -> contextlib.AbstractContextManager[asyncio.Event]:
        """An event that is set whenever what these ids name may have changed."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page as it is now. `final`: it will not change any more."""

    html: str
    final: bool


@dataclass(slots=True)
class Streams:
    """The streams that are open in this process, by whose they are."""

    open: Counter[str] = field(default_factory=Counter)

    @contextlib.contextmanager
    def one_more(self, who: str) -> Iterator[None]:
        self.open[who] += 1
        try:
            yield
        finally:
            self.open[who] -= 1
            self.open += Counter()  # forgets those who have none

    def check(self, who: str) -> None:
        """Raises `TooMany`."""
        if self.open[who] >= MOST_OF_ONE or self.open.total() >= MOST_OF_ALL:
            raise TooMany(RETRY_SECONDS)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The owner of a stream. `may_look` precedes each read, as a session can end meanwhile."""

    key: str
    may_look: Callable[[], Awaitable[bool]]


def live(
    changes: ChangeSource,
    ids: tuple[str, ...],
    part: Callable[[], Awaitable[Part]],
    viewer: Viewer,
    streams: Streams,
    stopping: asyncio.Event,
) -> StreamingResponse:
    """Server-sent events of a part that depends on the documents `ids`. Raises `TooMany`."""
    streams.check(viewer.key)

    async def events() -> AsyncIterator[str]:
        # Ended by an outage, it is one of the streams that the browser opens again.
        outage = contextlib.suppress(Outage, TooMany)
        with outage, streams.one_more(viewer.key), changes.of(*ids) as changed:
            async for event in _events(changed, part, viewer, stopping):
                yield event

    return StreamingResponse(events(), media_type=EVENT_STREAM, headers=HEADERS)


def ended() -> Response:
    """A stream that is over at once: a browser would ask again and again for any other refusal."""
    return Response(DONE, media_type=EVENT_STREAM, headers=HEADERS)


async def _events(
    changed: asyncio.Event,
    part: Callable[[], Awaitable[Part]],
    viewer: Viewer,
    stopping: asyncio.Event,
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    ends_at, shown = loop.time() + LONGEST_SECONDS, None
    while not stopping.is_set() and loop.time() < ends_at:
        changed.clear()
        if not await viewer.may_look():
            yield DONE
            return
        now = await part()
        if now.html != shown:
            shown = now.html
            yield message(now.html)
        if now.final:
            yield DONE
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
