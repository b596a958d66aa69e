"""Writes the database's users and their roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.mongo.client import OperationFailure, close, connect
from shared.mongo.errors import mongodb_errors_as_outage

NO_SUCH_USER = 11
"""MongoDB's code."""


@dataclass(frozen=True, slots=True)
class User:
    """`roles` are built-in ones, each with the database that it holds for."""

    name: str
    password: str = field(repr=False)
    roles: tuple[tuple[str, str], ...]


async def write_users(url: str, users: Iterable[User]) -> None:
    """Create the users that are missing; the others get these passwords and roles, and no other.

    Raises `Outage`, also if the user of `url` may not.
    """
    client = connect(url)
    admin = client.get_database("admin")
    try:
        with mongodb_errors_as_outage():
            for user in users:
                values: dict[str, Any] = {
                    "pwd": user.password,
                    "roles": [{"role": role, "db": db} for role, db in user.roles],
                }
                try:
                    await admin.command("updateUser", user.name, **values)
                except OperationFailure as error:
                    if error.code != NO_SUCH_USER:
                        raise
                    await admin.command("createUser", user.name, **values)
    finally:
        close(client)
