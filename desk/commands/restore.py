"""`desk restore`: bring the records of a restored backup forward from the topics."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.console import console, print_json
from desk.commands.errors import FAILED, DeskError
from desk.commands.service_commands import RESTORE, answers_of
from shared.events.topics import SERVICES
from shared.operations.visible import plain


def restore(
    *,
    service: list[str] | None,
    as_json: bool,
    where: Where,
) -> None:
    """Bring the records of an older backup forward from the topics."""
    names = tuple(service or SERVICES)
    unknown = sorted(set(names) - set(SERVICES))
    if unknown:
        raise DeskError(f"no service is called {', '.join(unknown)}; there are {SERVICES}")
    found = asyncio.run(answers_of(RESTORE, where, names))
    if as_json:
        print_json(found)
    else:
        show(found, console())
    if any(restored["lost"] for restored in found):
        raise typer.Exit(FAILED)


def show(found: Sequence[dict[str, Any]], out: Console) -> None:
    for restored in found:
        counts = (
            f"{restored['messages']:,} messages restored, "
            f"{restored['taken']:,} events taken from topics"
        )
        out.print(plain(f"{restored['service']}: {counts}"))
        for differing in restored["differing"]:
            words = f"  decided otherwise today; what was published counts: {differing}"
            out.print(plain(words), soft_wrap=True)
        for lost in restored["lost"]:
            out.print(plain(f"  lost: {lost}"), style="red", soft_wrap=True)
    out.print("Now `desk verify` and `desk verify --topics`; then start the services.")
