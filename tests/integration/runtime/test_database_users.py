"""`desk acl mongodb --apply` writes users, and what the database had of them before is no more."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.mongo.client import Client, close, connect
from shared.mongo.users import User, write_users

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def roles_of(client: Client, name: str) -> list[tuple[str, str]]:
    found: dict[str, Any] = await client.get_database("admin").command("usersInfo", name)
    [user] = found["users"]
    return [(it["role"], it["db"]) for it in user["roles"]]


async def test_a_user_that_is_written_again_has_the_later_roles_alone(endpoints: Endpoints) -> None:
    name = f"user-{uuid4().hex[:8]}"
    client = connect(endpoints.mongo_url)
    try:
        for roles in ((("readWrite", "a"), ("readWrite", "b")), (("read", "a"),)):
            await write_users(endpoints.mongo_url, [User(name, uuid4().hex, roles)])
            assert await roles_of(client, name) == list(roles)
    finally:
        await client.get_database("admin").command("dropUser", name)
        close(client)
