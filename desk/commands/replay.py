"""One run of `desk dead-letters replay`: plans it, does it or only says what would happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from shared.operations.dead_letters.dry_run import Chunk, foreseen_for, types_of
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.replay import Newest, Outcome, let_through, plan_replay
from shared.operations.dead_letters.resend import Resent, resend
from shared.operations.dead_letters.selection import Plan, Selection
from shared.operations.dead_letters.topic import DeadLetterTopic, dead_letter_topic
from shared.operations.parked import Parked
from shared.operations.sender import Pace, replay_session
from shared.operations.service_client import ServiceClient
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


class Teller:
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
    tell = Teller(silent=asked.as_json)
    settings = where.settings()
    async with (
        services_of(where) as services,
        replay_session(settings, asked.author, pace=asked.pace, force=asked.force) as session,
    ):
        plan, newest = await plan_replay(
            asked.selection, services, settings, session.trail, force=asked.force
        )
        with _progress(_size(plan), silent=asked.as_json) as step:
            for aggregate in plan.aggregates:
                service = services[aggregate.service]
                _tell_outcome(
                    tell, await let_through(service, aggregate, newest, session, step=step)
                )

            def told(resent: Resent) -> None:
                step()
                _tell_single(tell, resent)

            singles = await resend(plan.singles, session, told=told)
        if rest := len(plan.singles) - len(singles):
            tell.say("not tried", f"{rest} letters like one that failed")
    _tell_rest(tell, plan, asked.selection)
    return tell.rows


async def dry_run(where: Where, asked: Run) -> Told:
    """Only say what would be decided. Raises `Outage` or `OperationError`."""
    tell = Teller(silent=asked.as_json)
    settings = where.settings()
    async with services_of(where) as services, dead_letter_topic(settings) as topic:
        trail = await read_audit_trail(settings)
        plan, newest = await plan_replay(
            asked.selection, services, settings, trail, force=asked.force
        )
        for aggregate in plan.aggregates:
            await _dry_run_parked(tell, aggregate, newest, topic, services[aggregate.service])
        await _dry_run_singles(tell, plan.singles, topic, services)
    _tell_rest(tell, plan, asked.selection)
    return tell.rows


async def _dry_run_parked(
    tell: Teller, parked: Parked, newest: Newest, topic: DeadLetterTopic, service: ServiceClient
) -> None:
    """Up to the first that would fail again, and no more than one dry run takes."""
    tell.say(parked.name, f"would send {len(parked.waiting)} messages, in their order")
    letters = [newest.get((parked.service, message_id)) for message_id in parked.waiting]
    there = letters[: letters.index(None)] if None in letters else letters
    chunk = Chunk()
    left = await chunk.fill([letter for letter in there if letter is not None], topic)
    foreseen = await service.dry_run(chunk.records, until_fault=True) if chunk.records else ()
    for letter, outcome in zip(chunk.letters, foreseen, strict=False):
        _tell_foreseen(tell, letter, outcome)
    if foreseen and foreseen[-1].fault:
        return
    if left:
        tell.say(
            parked.name, f"only the first {len(chunk.letters)} were tried: one dry run takes these"
        )
    elif len(there) < len(letters):
        gone = parked.waiting[len(there)]
        tell.say(gone, "its dead letter is gone", "its dead letter is gone")


async def _dry_run_singles(
    tell: Teller,
    singles: Sequence[Letter],
    topic: DeadLetterTopic,
    services: Mapping[str, ServiceClient],
) -> None:
    """As many at a time as one dry run takes, none of a service that this release lacks."""
    left: Sequence[Letter] = [letter for letter in singles if letter.service in services]
    while left:
        chunk = Chunk()
        left = await chunk.fill(left, topic)
        for letter, outcome in await foreseen_for(chunk, services):
            _tell_foreseen(tell, letter, outcome)


def _tell_foreseen(tell: Teller, letter: Letter, foreseen: Foreseen) -> None:
    said, types = foreseen_text(foreseen), types_of(foreseen)
    tell.say(str(letter.id), said, foreseen.fault, events=types)


def _tell_outcome(tell: Teller, outcome: Outcome) -> None:
    said, why = f"{outcome.decided} messages let through; the record is no longer parked", None
    if outcome.stopped_by is not None:
        why = aggregate_stop_text(outcome.stopped_by)
        said = f"stopped after {outcome.decided} messages: {why}"
    tell.say(outcome.parked.name, said, why, decided=outcome.decided)


def _tell_single(tell: Teller, resent: Resent) -> None:
    why = None if resent.stopped_by is None else stop_text(resent.stopped_by)
    tell.say(str(resent.letter.id), why or "sent again, and dealt with", why)


def _tell_rest(tell: Teller, plan: Plan, selection: Selection) -> None:
    for name, parked in plan.behind:
        said = f"others wait before it: desk dead-letters replay --aggregate {parked.ref.id}"
        tell.say(str(name), said, said)
    for name, how in plan.left:
        tell.say(str(name), f"{settlement_text(how)}; --force sends it again")
    if not tell.rows:
        tell.nothing(selection)


def _size(plan: Plan) -> int:
    return sum(len(aggregate.waiting) for aggregate in plan.aggregates) + len(plan.singles)


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
