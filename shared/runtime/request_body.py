"""Reads the body of a request within bounds of size and time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

BODY_SECONDS = 10.0
"""A client that sends its body more slowly than this holds a connection for nothing."""


class BodyTooLarge(ValueError):
    """The body is larger than what is asked for can be."""


async def body_within(request: Request, most_bytes: int) -> bytes:
    """The whole body. Raises `BodyTooLarge`, and `TimeoutError` after `BODY_SECONDS`."""
    body = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for part in request.stream():
            body += part
            if len(body) > most_bytes:
                raise BodyTooLarge
    return bytes(body)
