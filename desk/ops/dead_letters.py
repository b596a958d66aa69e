"""`desk dead-letters`: what was given up and why, and letting through what waits after a fix."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from desk.ops import options
from desk.ops.errors import FAILED
from desk.ops.finding import find
from desk.ops.records import reading
from desk.ops.replaying import Letter, Outcome, Parked, letters, parked, replay
from desk.ops.screen import columns, console, local_time, print_json, text
from shared.settings import RuntimeSettings

dead_letters = typer.Typer(
    help="What was given up and why; replay what waits behind a defect.", no_args_is_help=True
)

Group = tuple[str, str, str]


@dead_letters.command("list")
def list_(
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Letters by service, reason and error, and the aggregates that a defect parked."""
    where = find(directory, kafka=kafka, mongo=mongo)
    groups, waiting = asyncio.run(_found(where.settings(), where.mongo_address))
    if as_json:
        return print_json({"letters": _as_rows(groups), "parked": [_as_json(p) for p in waiting]})
    return _show(groups, waiting)


@dead_letters.command("replay")
def replay_(
    service: Annotated[str | None, typer.Option(help="Only this service's.")] = None,
    aggregate: Annotated[str | None, typer.Option(help="Only the one with this id.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """After the fix is deployed: let through what waits, in its order.

    Each aggregate's messages go one after the other; it stops at the first that fails again.
    Safe to stop and to run again. Exit code 1 if anything still waits.
    """
    where = find(directory, kafka=kafka, mongo=mongo)
    wanted = (service, aggregate)
    outcomes = asyncio.run(_replay(where.settings(), where.mongo_address, wanted, dry_run))
    if any(outcome.stopped_by for outcome in outcomes):
        raise typer.Exit(FAILED)


async def _found(
    settings: RuntimeSettings, mongo_url: str
) -> tuple[dict[Group, list[str]], list[Parked]]:
    groups: dict[Group, list[str]] = {}
    async for letter in letters(settings):
        groups.setdefault(_group(letter), []).append(letter.says("dl_at"))
    async with reading(mongo_url) as services:
        waiting = [one for records in services.values() for one in await parked(records)]
    return groups, waiting


def _group(letter: Letter) -> Group:
    return letter.says("dl_service"), letter.says("dl_reason"), letter.says("dl_error")


async def _replay(
    settings: RuntimeSettings,
    mongo_url: str,
    wanted: tuple[str | None, str | None],
    dry_run: bool,
) -> Sequence[Outcome]:
    service, aggregate = wanted
    outcomes: list[Outcome] = []
    async with reading(mongo_url, *([service] if service else [])) as services:
        for records in services.values():
            chosen = [p for p in await parked(records) if aggregate in (None, p.ref.id)]
            if dry_run:
                for one in chosen:
                    _tell(Outcome(one), dry_run=True)
            elif chosen:
                outcomes += await replay(records, chosen, settings, told=_tell)
    if not outcomes and not dry_run:
        console().print("Nothing is parked: there is nothing to replay.")
    return outcomes


def _tell(outcome: Outcome, *, dry_run: bool = False) -> None:
    one = outcome.parked
    name = f"{one.service} {one.ref.kind} {one.ref.id}"
    if dry_run:
        said = f"{name}: would send {len(one.waiting)} messages, in their order"
    elif outcome.stopped_by is None:
        said = f"{name}: {outcome.decided} messages let through; it goes on as usual"
    else:
        said = f"{name}: stopped after {outcome.decided} messages: {outcome.stopped_by}"
    console().print(text(said), soft_wrap=True)


def _show(groups: dict[Group, list[str]], waiting: Sequence[Parked]) -> None:
    out = console()
    if not groups:
        out.print("No dead letters.")
    table = columns("bold", "bold", "")
    for row in _as_rows(groups):
        since = f"{row['oldest'][:19]} to {row['newest'][:19]}"
        what = f"{row['service']}: {row['error']}\n{since}"
        table.add_row(str(row["count"]), row["reason"], text(what))
    out.print(table)
    for one in waiting:
        said = (
            f"parked since {local_time(one.since)}: {one.service} {one.ref.kind} {one.ref.id}, "
            f"{len(one.waiting)} messages wait ({one.error})"
        )
        out.print(text(said, "bold"), soft_wrap=True)
    if waiting:
        out.print("After the fix is deployed: desk dead-letters replay")


def _as_rows(groups: dict[Group, list[str]]) -> list[dict[str, Any]]:
    counts = Counter({group: len(times) for group, times in groups.items()})
    return [
        {
            "service": group[0],
            "reason": group[1],
            "error": group[2],
            "count": count,
            "oldest": min(groups[group]),
            "newest": max(groups[group]),
        }
        for group, count in counts.most_common()
    ]


def _as_json(one: Parked) -> dict[str, Any]:
    return {
        "service": one.service,
        "kind": one.ref.kind,
        "id": one.ref.id,
        "since": one.since,
        "error": one.error,
        "waiting": one.waiting,
    }
