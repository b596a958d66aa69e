"""`desk dead-letters` lists and shows them; `dead_letter_acts` replays and discards them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

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
from shared.operations.audit_trail import AuditTrail, read_audit_trail
from shared.operations.dead_letters.letter import Letter, LetterId, letter_id
from shared.operations.dead_letters.selection import Selection, grouped
from shared.operations.dead_letters.topic import briefs, dead_letter_topic
from shared.operations.parked import Parked, named, parked, waiting_for
from shared.operations.service_client import ServiceError
from shared.runtime.reason import Reason


@dataclass(frozen=True, slots=True)
class Found:
    """Letters without their values, what was done with them, and who waits."""

    letters: list[Letter]
    trail: AuditTrail
    waiting: Sequence[Parked]
    silent: Sequence[ServiceError] = ()
    """From these services nobody knows who waits."""

    def tell_silence(self) -> None:
        """Raises `DeskError` where a service did not say what it has parked."""
        if self.silent:
            told = "\n".join(map(str, self.silent))
            raise DeskError(f"{told}\nWhat is parked there is not shown.", code=FAILED)


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
        return found.tell_silence()
    if one_by_one:
        show_letters(chosen, console())
    else:
        show_groups(grouped(chosen), console())
    if handled and not handled_too:
        console().print(f"{handled} more were dealt with: --all shows them.", style="dim")
    show_parked(waiting, console())
    return found.tell_silence()


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
    found.tell_silence()


def _word(reason: Reason | None) -> str | None:
    return None if reason is None else reason.value


async def _found(where: Where) -> Found:
    settings = where.settings()
    letters, acts = await briefs(settings), await read_audit_trail(settings)
    waiting: list[Parked] = []
    silent: list[ServiceError] = []
    async with services_of(where) as services:
        for service in services.values():
            try:
                waiting += await parked(service)
            except ServiceError as error:
                silent.append(error)
    return Found(letters, acts, named(waiting, letters), silent)


async def _whole(where: Where, asked: LetterId) -> tuple[Letter, Found]:
    async with dead_letter_topic(where.settings()) as box:
        whole = await box.fetch(asked)
    return whole, await _found(where)
