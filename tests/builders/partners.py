"""Partners of a running desk: registered by its command, with a client that has a token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from desk.local.supervisor import Desk
from shared.events.topics import PORTAL
from tests.builders.desk_command import desk as command
from tests.builders.users import url_of

WITHIN_S = 120.0


async def until(found: Callable[[], Awaitable[Any]]) -> Any:
    """The first true answer."""
    async with asyncio.timeout(WITHIN_S):
        while not (answer := await found()):
            await asyncio.sleep(0.1)
    return answer


def as_the_portal(desk: Desk) -> dict[str, str]:
    """Who registers partners does it in the portal's database, as the portal's user."""
    return {"MONGO_URL": url_of(PORTAL, desk.endpoints.mongo_url)}


async def partner_of(desk: Desk, name: str) -> httpx2.AsyncClient:
    """A registered partner's client, with a token that it asked for."""
    asked = ("partner", "add", name, "--customer", "C-1001", "--json")
    made = await command(*asked, cwd=desk.directory.parent, env=as_the_portal(desk))
    assert made.code == 0, made.err
    given = made.json["client_id"], made.json["client_secret"]
    root = f"{desk.endpoints.portal}/api/v1"
    async with httpx2.AsyncClient(timeout=30) as anybody:
        form = {"grant_type": "client_credentials"}
        token = await anybody.post(f"{root}/token", data=form, auth=given)
    assert token.status_code == 200, token.text
    bearer = {"authorization": f"Bearer {token.json()['access_token']}"}
    return httpx2.AsyncClient(base_url=root, headers=bearer, timeout=30)
