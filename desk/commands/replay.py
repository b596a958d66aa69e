"""One run of `desk dead-letters replay`: plans it, does it or only says what would happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from desk.commands.addresses import Where
from desk.commands.console import console, text
from desk.commands.dead_letter_output import (
    aggregate_stop_text,
    foreseen_text,
    settlement_text,
    stop_text,
)
from desk.commands.services import services_of
from shared.operations.audit_trail import Author, read_audit_trail
from shared.operations.dead_letters.dry_run import types_of
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.replay import ReplayOutcome, plan_replay
from shared.operations.dead_letters.resend import Resent
from shared.operations.dead_letters.run import (
    Foresaw,
    Foretold,
    NotTried,
    OnlyFirst,
    WouldSend,
    carried_out,
    foretold,
    size_of,
)
from shared.operations.dead_letters.selection import Plan, Selection
from shared.operations.dead_letters.stop import LetterGone
from shared.operations.dead_letters.topic import dead_letter_topic
from shared.operations.sender import Pace, replay_session
from shared.runtime.operations.answers import Foreseen

Told = list[dict[str, Any]]
NOTHING = "Nothing is parked: there is nothing to replay."
NO_MATCH = "No open letter is meant: there is nothing to replay."


@dataclass(frozen=True, slots=True)
class Run:
    """The replay that was asked for, by whom, and how."""

    selection: Selection
    author: Author
    pace: Pace
    force: bool = False
    as_json: bool = False


class ReplayPrinter:
    """Says what became of each part as it is known; keeps it all for `--json`."""

    def __init__(self, *, silent: bool) -> None:
        self.rows: Told = []
        self._silent = silent

    def say(self, name: str, said: str, stopped_by: str | None = None, **more: Any) -> None:
        self.rows.append({"what": name, **more, "said": said, "stopped_by": stopped_by})
        if not self._silent:
            console().print(text(f"{name}: {said}"), soft_wrap=True)

    def nothing(self, selection: Selection) -> None:
        if not self._silent:
            console().print(NO_MATCH if selection.letters else NOTHING)


def failed(told: Told) -> bool:
    return any(row["stopped_by"] for row in told)


async def run(where: Where, asked: Run) -> Told:
    """Do it. Raises `Outage` or `OperationError`."""
    tell = ReplayPrinter(silent=asked.as_json)
    settings = where.settings()
    async with (
        services_of(where) as services,
        replay_session(settings, asked.author, pace=asked.pace, force=asked.force) as session,
    ):
        plan, newest = await plan_replay(
            asked.selection, services, settings, session.trail, force=asked.force
        )
        with _progress(size_of(plan), silent=asked.as_json) as step:
            async for part in carried_out(plan, newest, services, session, step=step):
                _tell_part(tell, part)
    _tell_rest(tell, plan, asked.selection)
    return tell.rows


async def dry_run(where: Where, asked: Run) -> Told:
    """Only say what would be decided. Raises `Outage` or `OperationError`."""
    tell = ReplayPrinter(silent=asked.as_json)
    settings = where.settings()
    async with services_of(where) as services, dead_letter_topic(settings) as topic:
        trail = await read_audit_trail(settings)
        plan, newest = await plan_replay(
            asked.selection, services, settings, trail, force=asked.force
        )
        async for part in foretold(plan, newest, topic, services):
            _tell_foretold(tell, part)
    _tell_rest(tell, plan, asked.selection)
    return tell.rows


def _tell_part(tell: ReplayPrinter, part: ReplayOutcome | Resent | NotTried) -> None:
    match part:
        case ReplayOutcome():
            _tell_outcome(tell, part)
        case Resent():
            _tell_single(tell, part)
        case NotTried(rest):
            tell.say("not tried", f"{rest} letters like one that failed")


def _tell_foretold(tell: ReplayPrinter, part: Foretold) -> None:
    match part:
        case WouldSend(parked):
            tell.say(parked.name, f"would send {len(parked.waiting)} messages, in their order")
        case Foresaw(letter, foreseen):
            _tell_foreseen(tell, letter, foreseen)
        case OnlyFirst(parked, count):
            tell.say(parked.name, f"only the first {count} were tried: one dry run takes these")
        case LetterGone(gone):
            tell.say(gone, "its dead letter is gone", "its dead letter is gone")


def _tell_foreseen(tell: ReplayPrinter, letter: Letter, foreseen: Foreseen) -> None:
    said, types = foreseen_text(foreseen), types_of(foreseen)
    tell.say(str(letter.id), said, foreseen.fault, events=types)


def _tell_outcome(tell: ReplayPrinter, outcome: ReplayOutcome) -> None:
    said, why = f"{outcome.decided} messages let through; the record is no longer parked", None
    if outcome.stopped_by is not None:
        why = aggregate_stop_text(outcome.stopped_by)
        said = f"stopped after {outcome.decided} messages: {why}"
    tell.say(outcome.parked.name, said, why, decided=outcome.decided)


def _tell_single(tell: ReplayPrinter, resent: Resent) -> None:
    why = None if resent.stopped_by is None else stop_text(resent.stopped_by)
    tell.say(str(resent.letter.id), why or "sent again, and dealt with", why)


def _tell_rest(tell: ReplayPrinter, plan: Plan, selection: Selection) -> None:
    for name, parked in plan.behind:
        said = f"others wait before it: desk dead-letters replay --aggregate {parked.ref.id}"
        tell.say(str(name), said, said)
    for name, how in plan.left:
        tell.say(str(name), f"{settlement_text(how)}; --force sends it again")
    if not tell.rows:
        tell.nothing(selection)


@contextmanager
def _progress(total: int, *, silent: bool) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; elsewhere nothing, because scripts read what is printed."""
    out = console()
    if silent or not total or not out.is_terminal:
        yield lambda: None
        return
    parts = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(TextColumn("replaying"), *parts, console=out, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
