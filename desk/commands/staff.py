"""`desk staff`: the console keeps accounts in its own database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import DeskError
from desk.commands.service_commands import STAFF, answers_of
from shared.events.topics import CONSOLE


def add(*, name: str, email: str, roles: Sequence[str], where: Where) -> None:
    """Make an account."""
    _answer(where, {"act": "add", "name": name, "email": email, "roles": list(roles)})
    console().print(f"{name} may sign in as {', '.join(roles)}", soft_wrap=True)


def roles(*, name: str, roles: Sequence[str], where: Where) -> None:
    """Change the roles of an account."""
    _answer(where, {"act": "roles", "name": name, "roles": list(roles)})
    console().print(f"{name} is signed out, and is {', '.join(roles)} from now on", soft_wrap=True)


def remove(*, name: str, where: Where) -> None:
    """Remove an account."""
    _answer(where, {"act": "remove", "name": name})
    console().print(f"{name} is signed out, and signs in no more", soft_wrap=True)


def listed(*, as_json: bool, where: Where) -> None:
    """Show every account."""
    found = _answer(where, {"act": "list"})
    if as_json:
        return print_json(found)
    if not found:
        return console().print("No account. `desk staff add NAME --email … --role …` makes one.")
    table = columns("bold", "", "")
    for it in found:
        table.add_row(text(it["name"]), text(", ".join(it["roles"])), text(it["email"]))
    return console().print(table)


def _answer(where: Where, asked: dict[str, Any]) -> Any:
    """Raises `DeskError` with the console's own words."""
    [said] = asyncio.run(answers_of((STAFF, json.dumps(asked)), where, (CONSOLE,)))
    if isinstance(said, dict) and "error" in said:
        raise DeskError(f"{said['error']}.")
    return said
