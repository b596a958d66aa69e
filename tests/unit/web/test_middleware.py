"""Every request passes the checks of its origin and size, and gets the security headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web import middleware
from shared.web.middleware import BodyLimit, SameOrigin, SecurityHeaders, security_headers

ORIGIN = "https://portal.example"


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


async def answer(
    app: ASGIApp,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    parts: Iterable[bytes] = (b"",),
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Message] = []
    waiting = list(parts)

    async def receive() -> Message:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }
    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(it.get("body", b"") for it in sent[1:])


async def test_every_answer_has_the_security_headers() -> None:
    _, headers, _ = await answer(SecurityHeaders(read_all, headers=security_headers(0)))

    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-store"
    assert "strict-transport-security" not in headers


async def test_hsts_is_sent_where_it_is_set() -> None:
    _, headers, _ = await answer(SecurityHeaders(read_all, headers=security_headers(600)))

    assert headers["strict-transport-security"] == "max-age=600; includeSubDomains"


async def test_a_page_may_say_itself_how_long_it_is_kept() -> None:
    async def kept(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(headers={"Cache-Control": "public"})(scope, receive, send)

    _, headers, _ = await answer(SecurityHeaders(kept, headers=security_headers(0)))

    assert headers["cache-control"] == "public"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((("Sec-Fetch-Site", "same-origin"),), 200),
        ((("Sec-Fetch-Site", "none"),), 200),
        ((("Sec-Fetch-Site", "cross-site"),), 403),
        ((("Sec-Fetch-Site", "same-site"),), 403),
        ((("Sec-Fetch-Site", "cross-site"), ("Origin", ORIGIN)), 403),
        ((("Origin", ORIGIN),), 200),
        ((("Origin", "https://portal.example.evil"),), 403),
        ((("Origin", "null"),), 403),
        ((), 200),
    ],
)
async def test_a_form_of_another_site_is_refused(
    headers: tuple[tuple[str, str], ...], status: int
) -> None:
    found, _, _ = await answer(SameOrigin(read_all, origin=ORIGIN), "POST", headers)

    assert found == status


async def test_a_link_on_another_site_may_lead_here() -> None:
    link = [("Sec-Fetch-Site", "cross-site")]

    assert (await answer(SameOrigin(read_all, origin=ORIGIN), "GET", link))[0] == 200


@pytest.mark.parametrize(
    ("headers", "parts", "status"),
    [
        ((), (b"x" * 10,), 200),
        ((("Content-Length", "10"),), (b"x" * 10,), 200),
        ((("Content-Length", "11"),), (b"x" * 11,), 413),
        ((("Content-Length", "-1"),), (b"",), 413),
        ((("Content-Length", "5"),), (b"x" * 5, b"x" * 6), 413),
        ((), (b"x" * 6, b"x" * 6), 413),
    ],
)
async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(
    headers: tuple[tuple[str, str], ...], parts: tuple[bytes, ...], status: int
) -> None:
    found, _, _ = await answer(BodyLimit(read_all, most_bytes=10), "POST", headers, parts)

    assert found == status


async def slow_answer(app: ASGIApp, *parts: bytes, kind: str = "text/plain") -> int:
    """The status of the answer to a body that stops after these parts, while the client stays."""
    left, sent = [*parts], []

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("parts", [(), (b"x",), (b"x", b"y", b"z")])
async def test_a_body_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(middleware, "BODY_WITHIN_SECONDS", 0.01)

    assert await slow_answer(BodyLimit(read_all, most_bytes=10), *parts) == 408


async def test_a_form_with_files_alone_has_another_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_WITHIN_SECONDS", 0.01)

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(0.2):
                await read_all(scope, receive, send)
        except TimeoutError:
            await PlainTextResponse("its own clock", 200)(scope, receive, send)

    route = Route("/", patient, methods=["POST"])
    app = BodyLimit(patient, most_bytes=10, with_files=[route], most_with_files=100)

    assert await slow_answer(app, b"x", kind="multipart/form-data; boundary=b") == 200
    assert await slow_answer(app, b"x", kind="application/x-www-form-urlencoded") == 408


async def test_who_stays_after_the_body_may_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_WITHIN_SECONDS", 0.01)

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(0.05)
        assert (await receive())["type"] == "http.disconnect"
        await PlainTextResponse("live")(scope, receive, send)

    messages: list[Message] = [
        {"type": "http.request", "body": b"", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        await asyncio.sleep(0)
        return messages.pop(0)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    await BodyLimit(waits, most_bytes=10)(scope, receive, send)

    assert sent[0]["status"] == 200
