"""`desk drill`: a fault in the desk of this machine, for an operator to find."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import SystemRandom

import typer

from desk.commands import drill_state
from desk.commands.console import console, text
from desk.commands.drill_desk import local_desk
from desk.commands.drill_faults import BY_NAME, FAULTS, DrillFault
from desk.commands.drill_state import Drill
from desk.commands.errors import FAILED, DeskError

RUNBOOK = "docs/runbook.md"


def start(*, number: int | None, directory: Path) -> None:
    """Inject a fault, without a word about which."""
    desk = local_desk(directory, os.environ)
    if number is not None and not 1 <= number <= len(FAULTS):
        raise DeskError(f"there are drills 1 to {len(FAULTS)}.")
    fault = SystemRandom().choice(FAULTS) if number is None else FAULTS[number - 1]
    try:
        drill = drill_state.begin(directory, fault.name)
    except FileExistsError:
        raise DeskError("a drill is under way; end it first: desk drill end") from None
    asyncio.run(fault.inject(desk, drill.tag))
    _say(
        "There is a fault in this desk. Find it with any command or the console.",
        "desk drill hint           what somebody calls about, then where to look",
        "desk drill list           the faults that it may be",
        "desk drill answer NAME    what you have found",
        "desk drill end            puts everything right",
    )


def hint(*, directory: Path) -> None:
    """Say more each time."""
    drill, fault = _drill(directory)
    drill_state.note(directory, Drill(drill.fault, drill.tag, drill.hints + 1))
    _say(fault.call if not drill.hints else f"Look at: {fault.look}")


def answer(*, name: str, directory: Path) -> None:
    """Check an answer, and explain the right one."""
    _, fault = _drill(directory)
    if name not in BY_NAME:
        raise DeskError(f"there is no fault {name}; `desk drill list` shows the names.")
    if name != fault.name:
        _say(f"It is not {name}. `desk drill hint` says more.")
        raise typer.Exit(FAILED)
    _say(
        f"Right: {fault.was}.",
        f"What to do about it: {RUNBOOK}#{fault.name}",
        "Then: desk drill end",
    )


def end(*, directory: Path) -> None:
    """Put everything right again."""
    _forget_what_nobody_can_end(directory)
    drill, fault = _drill(directory)
    desk = local_desk(directory, os.environ)
    asyncio.run(fault.put_right(desk, drill.tag))
    drill_state.forget(directory)
    _say(f"Over: {fault.was}. All is as before.")


def listed() -> None:
    """The names to choose an answer from."""
    _say(*sorted(BY_NAME))


def _drill(directory: Path) -> tuple[Drill, DrillFault]:
    drill = drill_state.under_way(directory)
    if drill is None or drill.fault not in BY_NAME:
        raise DeskError("no drill is under way; begin one with: desk drill start")
    return drill, BY_NAME[drill.fault]


def _forget_what_nobody_can_end(directory: Path) -> None:
    """A note that names no drill of this release would let none begin, for ever."""
    drill = drill_state.under_way(directory)
    if drill_state.is_noted(directory) and (drill is None or drill.fault not in BY_NAME):
        drill_state.forget(directory)
        raise DeskError(
            "the drill's note names none of this release's and is forgotten; if something is still"
            " wrong, start the desk again: desk up"
        )


def _say(*lines: str) -> None:
    for line in lines:
        console().print(text(line), soft_wrap=True)
