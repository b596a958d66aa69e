"""Reads a service's health page over HTTP, without a web client of our own."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from shared.runtime.older_database import RECORDS

# A proxy of the environment must never be asked for a page of this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


async def health_of(url: str, *, timeout_s: float = 2.0) -> dict[str, Any] | None:
    """Reads the health page at `url`, at any HTTP status; None if nothing answers."""
    return await asyncio.to_thread(_read, url, timeout_s)


async def takes_connections(url: str, *, within_s: float = 2.0) -> bool:
    """Whether a process listens there, though it may answer nothing."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def is_healthy(url: str) -> bool:
    """Whether the health page says `ok`: everything the service needs is there."""
    page = await health_of(url)
    return page is not None and page.get("status") == "ok"


async def held_back(url: str) -> str | None:
    """Returns why the service waits for an operator before it starts; None if it does not."""
    page = await health_of(url) or {}
    reasons = page.get("reasons")
    return reasons.get(RECORDS) if isinstance(reasons, dict) else None


def _read(url: str, timeout_s: float) -> dict[str, Any] | None:
    try:
        with _direct.open(url, timeout=timeout_s) as answer:
            page = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            page = _json_or_none(error.read())
    except (OSError, ValueError):
        return None
    return page if isinstance(page, dict) else None


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
