"""Live parts of pages: what a stream sends, to whom, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any, cast

import pytest

from shared.mongo.changes import Changes
from shared.mongo.client import Database
from shared.outage import Outage
from shared.web.live import DONE, MOST_OF_ALL, MOST_OF_ONE, Part, Streams, Viewer, live, message
from shared.web.pages import network
from shared.web.rate_limits import TooMany
from shared.web.settings import WebSettings


async def yes() -> bool:
    return True


class Shown:
    """A part that says these things one after the other, and then no more."""

    def __init__(self, changes: Changes, *parts: Part | Outage) -> None:
        self._changes = changes
        self._parts = list(parts)

    async def __call__(self) -> Part:
        part = self._parts.pop(0)
        self._changes.wake_all()  # it changes again at once
        if isinstance(part, Outage):
            raise part
        return part


async def said(
    *parts: Part | Outage,
    streams: Streams | None = None,
    may_look: Callable[[], Awaitable[bool]] = yes,
    stopping: asyncio.Event | None = None,
) -> list[Any]:
    changes = Changes(cast(Database, None))
    viewer = Viewer("browser", may_look)
    answer = live(
        changes,
        ("i-1",),
        Shown(changes, *parts),
        viewer,
        streams or Streams(),
        stopping or asyncio.Event(),
    )
    return [it async for it in answer.body_iterator]


async def test_a_stream_begins_with_the_whole_part_and_ends_with_done() -> None:
    assert await said(Part("all", True)) == ["data: all\n\n", DONE]


async def test_what_has_not_changed_is_not_sent_again() -> None:
    one, two = Part("1", False), Part("2", True)

    assert await said(one, one, two) == [message("1"), message("2"), DONE]


async def test_a_session_that_has_ended_sees_no_more() -> None:
    looks = iter((True, False))

    async def may_look() -> bool:
        return next(looks)

    seen = await said(Part("1", False), Part("2", True), may_look=may_look)

    assert seen == [message("1"), DONE]


async def test_an_outage_ends_a_stream_without_done_so_that_it_is_opened_again() -> None:
    assert await said(Part("1", False), Outage("mongodb", "down")) == [message("1")]


async def test_a_stream_ends_when_the_process_stops() -> None:
    stopping = asyncio.Event()

    async def may_look() -> bool:
        stopping.set()
        return True

    assert await said(Part("1", False), may_look=may_look, stopping=stopping) == [message("1")]


@contextmanager
def open_streams(streams: Streams, *whose: str) -> Any:
    streams.open.update(whose)
    yield
    streams.open.subtract(whose)


async def test_one_browser_has_few_streams_and_gets_them_back() -> None:
    streams = Streams()
    with open_streams(streams, *["browser"] * MOST_OF_ONE), pytest.raises(TooMany):
        await said(Part("1", True), streams=streams)
    with open_streams(streams, *["another"] * MOST_OF_ONE):
        assert await said(Part("1", True), streams=streams)

    for _ in range(2 * MOST_OF_ONE):
        await said(Part("1", True), streams=streams)
    assert "browser" not in streams.open


async def test_a_process_has_so_many_streams_and_no_more() -> None:
    streams = Streams()
    with open_streams(streams, *map(str, range(MOST_OF_ALL))), pytest.raises(TooMany):
        await said(Part("1", True), streams=streams)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_what_people_write_begins_no_event_of_its_own(end: str) -> None:
    assert message(f"a{end}event: done{end}{end}b").count("\n\n") == 1
    assert "\nevent:" not in message(f"a{end}event: done")


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("a socket", "a socket"),
    ],
)
def test_an_ipv6_network_counts_as_one_client(client: str, counted: str) -> None:
    assert network(client) == counted


@pytest.mark.parametrize("proxies", ["*", "10.0.0.1,*"])
def test_not_everybody_may_say_where_a_request_comes_from(proxies: str) -> None:
    with pytest.raises(ValueError, match="name the proxies"):
        WebSettings(trusted_proxies=proxies)
