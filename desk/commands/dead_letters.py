"""`desk dead-letters` lists and shows them; `dead_letter_acts` replays and discards them."""

from __future__ import annotations

import asyncio

from desk.commands.addresses import Where
from desk.commands.console import console, print_json
from desk.commands.dead_letter_output import (
    groups_as_json,
    letter_as_json,
    parked_as_json,
    show_groups,
    show_letter,
    show_letters,
    show_parked,
    whole_as_json,
)
from desk.commands.errors import FAILED, DeskError
from desk.commands.services import services_of
from shared.operations.dead_letters.letter import Letter, LetterId, letter_id
from shared.operations.dead_letters.listing import FoundLetters, found_letters
from shared.operations.dead_letters.selection import Selection, grouped
from shared.operations.dead_letters.topic import dead_letter_topic
from shared.operations.parked import waiting_for
from shared.runtime.reason import Reason


def list_(
    *,
    one_by_one: bool,
    handled_too: bool,
    service: str | None,
    reason: Reason | None,
    error: str | None,
    as_json: bool,
    where: Where,
) -> None:
    """Show open letters in groups, and what is parked."""
    wanted = Selection(service=service, reason=_word(reason), error=error)
    found = asyncio.run(_found(where))
    still = found.trail.open(found.letters)
    handled = len(found.letters) - len(still)
    chosen = [
        letter for letter in (found.letters if handled_too else still) if wanted.matches(letter)
    ]
    waiting = [parked for parked in found.waiting if service in (None, parked.service)]
    if as_json:
        rows = (
            [letter_as_json(letter) for letter in chosen] if one_by_one else groups_as_json(chosen)
        )
        lines = [parked_as_json(parked) for parked in waiting]
        print_json({"letters": rows, "handled": handled, "parked": lines})
        return _tell_silence(found)
    if one_by_one:
        show_letters(chosen, console())
    else:
        show_groups(grouped(chosen), console())
    if handled and not handled_too:
        console().print(f"{handled} more were dealt with: --all shows them.", style="dim")
    show_parked(waiting, console())
    return _tell_silence(found)


def show_(
    *,
    letter: str,
    as_json: bool,
    where: Where,
) -> None:
    """Show one letter and its record."""
    whole, found = asyncio.run(_whole(where, letter_id(letter)))
    waiting = waiting_for(found.waiting, whole.service, whole.message_id)
    done = found.trail.on(whole.id)
    settled = whole.brief not in found.trail.open(found.letters)
    if as_json:
        print_json(whole_as_json(whole, done, waiting, settled=settled))
    else:
        show_letter(whole, done, waiting, console(), settled=settled)
    _tell_silence(found)


def _tell_silence(found: FoundLetters) -> None:
    """Raises `DeskError` where a service did not say what it has parked."""
    if found.silent:
        told = "\n".join(map(str, found.silent))
        raise DeskError(f"{told}\nWhat is parked there is not shown.", code=FAILED)


def _word(reason: Reason | None) -> str | None:
    return None if reason is None else reason.value


async def _found(where: Where) -> FoundLetters:
    async with services_of(where) as services:
        return await found_letters(where.settings(), services)


async def _whole(where: Where, asked: LetterId) -> tuple[Letter, FoundLetters]:
    async with dead_letter_topic(where.settings()) as box:
        whole = await box.fetch(asked)
    return whole, await _found(where)
