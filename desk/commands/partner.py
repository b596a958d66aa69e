"""`desk partner`: the portal registers partners in its own database."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Sequence
from typing import Any

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import DeskError
from desk.commands.service_commands import PARTNER, answers_of
from shared.events.topics import PORTAL


def add(
    *,
    name: str,
    customers: Sequence[str],
    scopes: Sequence[str],
    external: bool,
    as_json: bool,
    where: Where,
) -> None:
    """Register a partner and show its secret."""
    asked = {"act": "add", "name": name, "customers": list(customers), "external": external}
    made = _answer(where, asked | ({"scopes": list(scopes)} if scopes else {}))
    if as_json:
        return print_json(made)
    print(f"CLIENT_ID={shlex.quote(made['client_id'])}")
    if made["client_secret"] is not None:
        print(f"CLIENT_SECRET={shlex.quote(made['client_secret'])}")
    return None


def grant(*, name: str, customers: Sequence[str], where: Where) -> None:
    """Change for whom a partner may act."""
    _answer(where, {"act": "grant", "name": name, "customers": list(customers)})
    console().print(f"{name} may act for {', '.join(sorted(set(customers)))}", soft_wrap=True)


def revoke(*, name: str, where: Where) -> None:
    """Shut a partner out."""
    _answer(where, {"act": "revoke", "name": name})
    console().print(f"{name} is revoked: nothing is answered to it any more", soft_wrap=True)


def listed(*, as_json: bool, where: Where) -> None:
    """Show every partner."""
    found = _answer(where, {"act": "list"})
    if as_json:
        return print_json(found)
    if not found:
        return console().print("No partner. `desk partner add NAME --customer …` registers one.")
    table = columns("bold", "", "")
    for it in found:
        state = "revoked" if it["revoked"] else " ".join(it["scopes"])
        table.add_row(text(it["id"]), text(state), text(", ".join(it["customers"])))
    return console().print(table)


def _answer(where: Where, asked: dict[str, Any]) -> Any:
    """Raises `DeskError` with the portal's own words."""
    [said] = asyncio.run(answers_of((PARTNER, json.dumps(asked)), where, (PORTAL,)))
    if isinstance(said, dict) and "error" in said:
        raise DeskError(f"{said['error']}.")
    return said
