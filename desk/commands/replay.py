"""One run of `desk dead-letters replay`: plan, then do or rehearse it, and tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from desk.commands.addresses import Where
from desk.commands.console import console, text
from shared.operations.audit_trail import Signed, read_acts
from shared.operations.dead_letters.dry_run import Rehearsal
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.replay import Newest, Outcome, let_through, newest_by_message
from shared.operations.dead_letters.resend import Resent, resend
from shared.operations.dead_letters.selection import Plan, Wanted, planned
from shared.operations.dead_letters.topic import LetterBox, briefs, letter_box
from shared.operations.parked import Parked, all_parked, named
from shared.operations.records import Records, reading
from shared.operations.sender import Pace, post_office

Told = list[dict[str, Any]]
NOTHING = "Nothing is parked: there is nothing to replay."
NO_MATCH = "No open letter is meant: there is nothing to replay."


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked for, by whom, and how."""

    wanted: Wanted
    signed: Signed
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

    def nothing(self, wanted: Wanted) -> None:
        if not self._silent:
            console().print(NO_MATCH if wanted.letters else NOTHING)


def failed(told: Told) -> bool:
    return any(row["stopped_by"] for row in told)


async def run(where: Where, asked: Run) -> Told:
    """Do it. Raises `Outage` or `DeskError`."""
    tell = Teller(silent=asked.as_json)
    settings = where.settings()
    async with (
        reading(where.mongo_address) as services,
        post_office(settings, asked.signed, pace=asked.pace, force=asked.force) as post,
    ):
        index = await briefs(settings)
        waiting = named(await all_parked(services), index)
        plan = planned(asked.wanted, index, post.acts, waiting, force=asked.force)
        newest = newest_by_message(index)
        with _progress(_size(plan), silent=asked.as_json) as step:
            for one in plan.aggregates:
                records = services[one.service]
                _tell_outcome(tell, await let_through(records, one, newest, post, step=step))

            def told(one: Resent) -> None:
                step()
                _tell_single(tell, one)

            singles = await resend(plan.singles, post, told=told)
        if rest := len(plan.singles) - len(singles):
            tell.say("not tried", f"{rest} letters like one that failed")
    _tell_rest(tell, plan, asked.wanted)
    return tell.rows


async def rehearse(where: Where, asked: Run) -> Told:
    """Only say what would be decided. Raises `Outage` or `DeskError`."""
    tell = Teller(silent=asked.as_json)
    settings = where.settings()
    index, acts = await briefs(settings), await read_acts(settings)
    async with reading(where.mongo_address) as services, letter_box(settings) as box:
        waiting = named(await all_parked(services), index)
        plan = planned(asked.wanted, index, acts, waiting, force=asked.force)
        newest = newest_by_message(index)
        for one in plan.aggregates:
            await _rehearse_parked(tell, one, newest, box, Rehearsal(services[one.service]))
        await _rehearse_singles(tell, plan.singles, box, services)
    _tell_rest(tell, plan, asked.wanted)
    return tell.rows


async def _rehearse_parked(
    tell: Teller, one: Parked, newest: Newest, box: LetterBox, rehearsal: Rehearsal
) -> None:
    tell.say(one.name, f"would send {len(one.waiting)} messages, in their order")
    for message_id in one.waiting:
        letter = newest.get((one.service, message_id))
        if letter is None:
            return tell.say(message_id, "its dead letter is gone", "its dead letter is gone")
        foreseen = await rehearsal.decide((await box.fetch(letter.id)).original)
        tell.say(str(letter.id), foreseen.said, foreseen.fault, events=list(foreseen.events))
        if foreseen.fault:
            return None
    return None


async def _rehearse_singles(
    tell: Teller, singles: Sequence[Letter], box: LetterBox, services: Mapping[str, Records]
) -> None:
    rehearsals = {name: Rehearsal(records) for name, records in services.items()}
    for letter in singles:
        if letter.service not in rehearsals:
            continue  # a service that this version does not know
        foreseen = await rehearsals[letter.service].decide((await box.fetch(letter.id)).original)
        tell.say(str(letter.id), foreseen.said, foreseen.fault, events=list(foreseen.events))


def _tell_outcome(tell: Teller, outcome: Outcome) -> None:
    if outcome.stopped_by is None:
        said = f"{outcome.decided} messages let through; it goes on as usual"
    else:
        said = f"stopped after {outcome.decided} messages: {outcome.stopped_by}"
    tell.say(outcome.parked.name, said, outcome.stopped_by, decided=outcome.decided)


def _tell_single(tell: Teller, one: Resent) -> None:
    said = one.stopped_by or "sent again, and dealt with"
    tell.say(str(one.letter.id), said, one.stopped_by)


def _tell_rest(tell: Teller, plan: Plan, wanted: Wanted) -> None:
    for name, one in plan.behind:
        said = f"others wait before it: desk dead-letters replay --aggregate {one.ref.id}"
        tell.say(str(name), said, said)
    for name, why in plan.left:
        tell.say(str(name), f"{why}; --force sends it again")
    if not tell.rows:
        tell.nothing(wanted)


def _size(plan: Plan) -> int:
    return sum(len(one.waiting) for one in plan.aggregates) + len(plan.singles)


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
