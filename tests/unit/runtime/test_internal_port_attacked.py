"""A hostile client gets nothing from the internal port's socket, and leaves the port at work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from shared.runtime.listener import listening
from shared.runtime.operations.http import MOST_BYTES
from shared.runtime.operations.port import CONNECTIONS, application
from tests.builders.internal_port import CREDENTIAL, port_of_nothing

HOST = "127.0.0.1"
WITHIN_S = 30.0
KNOWN = f"Authorization: Bearer {CREDENTIAL}\r\n"
JSON = "Content-Type: application/json\r\n"


@pytest.fixture
async def number() -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        free: int = probe.getsockname()[1]
    async with listening(application(port_of_nothing()), HOST, free, connections=CONNECTIONS):
        async with asyncio.timeout(WITHIN_S):
            while not await listens(free):
                await asyncio.sleep(0.02)
        yield free


async def listens(number: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, number)
    except OSError:
        return False
    writer.close()
    return True


async def sent(number: int, *parts: bytes) -> bytes:
    """All that comes back until the port closes the connection; nothing more is sent then."""
    reader, writer = await asyncio.open_connection(HOST, number)
    try:
        async with asyncio.timeout(WITHIN_S):
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                return await reader.read()
            except ConnectionError:
                return b""
    finally:
        writer.close()


def asked(method: str, path: str, *headers: str) -> bytes:
    head = "".join(headers)
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n".encode()


async def answers_still(number: int) -> bool:
    return b" 404 " in await sent(number, asked("GET", "/nothing", KNOWN))


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        ("GET /../../etc/passwd", KNOWN),
        ("GET /%2e%2e/parked", KNOWN),
        ("GET /parked/../../parked", KNOWN),
        ("GET http://elsewhere.example/parked%0d%0aX-Injected:1", KNOWN),
        ("GET /parked;kind=file", KNOWN),
        ("GET /parked\\..\\due", KNOWN),
        ("TRACE /parked", KNOWN),
        ("OPTIONS *", KNOWN),
        ("CONNECT 127.0.0.1:27017", KNOWN),
        ("PROPFIND /history", KNOWN),
        ("GET /parked", "X-Original-URL: /health\r\n"),
        ("GET /parked", "X-Forwarded-For: 127.0.0.1\r\nX-HTTP-Method-Override: POST\r\n"),
        ("POST /check", KNOWN + JSON + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        ("POST /check", KNOWN + JSON + "Content-Length: -1\r\n"),
        ("POST /check", KNOWN + JSON + "Content-Length: 1\r\nContent-Length: 2\r\n"),
        ("GET /parked", KNOWN + "Upgrade: websocket\r\nConnection: Upgrade\r\n"),
        ("GET /parked", KNOWN + "X: " + "x" * 100_000 + "\r\n"),
    ],
)
async def test_tricks_with_paths_methods_and_headers_get_nothing(
    number: int, request_line: str, headers: str
) -> None:
    method, path = request_line.split(" ", 1)

    answer = await sent(number, asked(method, path, headers), b"0\r\n\r\n")

    status = answer.split(b" ")[1:2]
    assert not status or status[0] in {b"400", b"401", b"404", b"405", b"422", b"503"}, answer
    assert b"root:" not in answer
    assert b"X-Injected" not in answer.split(b"\r\n\r\n")[0]
    assert await answers_still(number)


async def test_a_strangers_body_is_not_read(number: int) -> None:
    """The answer comes although the body never does."""
    head = f"Content-Length: {2**40}\r\n{JSON}"

    answer = await sent(number, asked("POST", "/dry-run", head), b"{")

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert await answers_still(number)


async def test_a_body_without_end_is_refused_at_its_limit(number: int) -> None:
    chunk = b"%x\r\n%s\r\n" % (2**20, b" " * 2**20)
    head = asked("POST", "/dry-run", KNOWN, JSON, "Transfer-Encoding: chunked\r\n")

    answer = await sent(number, head, *[chunk] * (MOST_BYTES // 2**20 + 1))

    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert await answers_still(number)


async def test_a_body_that_does_not_come_is_not_waited_for(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.request_body.BODY_SECONDS", 0.2)
    head = asked("POST", "/dry-run", KNOWN, JSON, "Content-Length: 1000\r\n")

    answers = await asyncio.gather(*(sent(number, head, b"{") for _ in range(8)))

    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert await answers_still(number)


async def test_more_connections_than_the_port_has_are_turned_away_and_it_goes_on(
    number: int,
) -> None:
    """Strangers who open connections and send nothing; once they are gone, the port answers."""
    idle = [await asyncio.open_connection(HOST, number) for _ in range(CONNECTIONS + 10)]
    for _, writer in idle:
        writer.close()
    async with asyncio.timeout(WITHIN_S):
        while not await answers_still(number):
            await asyncio.sleep(0.05)
