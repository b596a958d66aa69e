"""`desk work`: what waits, on one screen."""

from __future__ import annotations

import asyncio
import shlex
from datetime import UTC, datetime

import typer

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import FAILED
from desk.commands.services import services_of
from shared.events.values import Bilingual, Language
from shared.operations.durations import duration
from shared.operations.open_work import NAMES, OpenWork, Waiting, WorkGroup, read_open_work

FURTHER = {
    Waiting.OVERDUE: "desk case {oldest}",
    Waiting.REFERRED: "desk case {oldest}",
    Waiting.RENEWALS: "desk case {oldest}",
    Waiting.AWAITED: "desk case {oldest}",
    Waiting.UNSENT: "desk doctor",
    Waiting.UNMADE: "desk tail --since 1d --id {id}",
    Waiting.TIMERS: "desk topics",
    Waiting.PARKED: "desk dead-letters list",
    Waiting.DEAD_LETTERS: "desk dead-letters show {oldest}",
}
"""Where to look further; braces name the oldest, or its id alone, as a shell takes it."""
_AGO = Bilingual(es="hace {age}", en="{age} ago")
_IN = Bilingual(es="nuevo intento dentro de {age}", en="tried again in {age}")
_NOTHING = Bilingual(es="ninguno", en="none")


def work(*, language: Language, as_json: bool, where: Where) -> None:
    """Show what waits, for whom, since when, and where to look."""
    found = asyncio.run(_read(where))
    if as_json:
        print_json({"work": [*map(_as_json, found.groups)], "silent": [*map(str, found.silent)]})
    else:
        _show(found, language)
    if found.silent:
        raise typer.Exit(FAILED)


async def _read(where: Where) -> OpenWork:
    settings = where.settings()
    async with services_of(where) as services:
        return await read_open_work(settings, services)


def _show(found: OpenWork, language: Language) -> None:
    table = columns("bold", "", "", "")
    for group in found.groups:
        style = "" if group.count else "dim"
        count = f"{group.count}+" if group.at_least else str(group.count)
        table.add_row(
            text(count, style),
            text(NAMES[group.waiting].in_language(language), style),
            text(_age(group, language), style),
            text(_further(group), style),
        )
    out = console()
    out.print(table)
    for error in found.silent:
        out.print(text(str(error), "red"))


def _age(group: WorkGroup, language: Language) -> str:
    if group.since is None:
        return _NOTHING.in_language(language)
    seconds = (datetime.now(UTC) - group.since).total_seconds()
    words = _AGO if seconds >= 0 else _IN  # a mail's next attempt lies ahead
    return words.in_language(language).format(age=duration(abs(seconds), language))


def _further(group: WorkGroup) -> str:
    if not group.count:
        return ""
    named = {"oldest": group.oldest, "id": group.oldest.rpartition(" ")[2]}
    quoted = {name: shlex.quote(value) for name, value in named.items()}
    return FURTHER[group.waiting].format(**quoted)


def _as_json(group: WorkGroup) -> dict[str, object]:
    return {
        "waiting": group.waiting.value,
        "count": group.count,
        "at_least": group.at_least,
        "since": None if group.since is None else group.since.isoformat(),
        "oldest": group.oldest or None,
        "further": _further(group) or None,
    }
