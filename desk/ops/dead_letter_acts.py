"""`desk dead-letters replay`, `edit` and `discard`: what may be done with what was given up."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from desk.ops import options
from desk.ops.acts import Signed, operator
from desk.ops.correcting import Correction, assignments
from desk.ops.discarding import Discard, Discarded, discard, discards
from desk.ops.editing import Draft, Edited, draft, edit
from desk.ops.errors import FAILED, WRONG_USE, DeskError
from desk.ops.finding import Where, find
from desk.ops.letter_box import letter_box
from desk.ops.letters import LetterId, letter_id
from desk.ops.posting import DEFAULT_RATE, Pace, post_office
from desk.ops.records import reading
from desk.ops.rehearsing import Rehearsal
from desk.ops.replay_runs import Run, failed, rehearse, run
from desk.ops.screen import console, print_json, text
from desk.ops.selecting import Wanted

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be decided; change nothing.")
]
Why = Annotated[str, typer.Option("--why", help="Kept in the audit trail; no personal data.")]


def replay_(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Letters; all parked if none.")
    ] = None,
    service: options.OfService = None,
    reason: options.OfReason = None,
    error: options.OfError = None,
    aggregate: Annotated[
        str | None, typer.Option(help="All that waits for the one with this id, in order.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open letter.")] = False,
    why: Annotated[str | None, typer.Option("--why", help="For the audit trail.")] = None,
    by: options.By = None,
    rate: Annotated[
        float, typer.Option("--rate", min=0.01, help="At most so many letters per second.")
    ] = DEFAULT_RATE,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also what was replayed often, or would still fail."),
    ] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Let through what waits, in its order.

    To be run once the fix is deployed. Without ids or options, all that waits for parked
    aggregates. Each aggregate's messages go one after the other; it stops at the first that fails
    again. Safe to stop and to run again. Exit code 1 if anything failed.
    """
    wanted = Wanted(
        ids=tuple(letter_id(one) for one in ids or ()),
        service=service,
        reason=None if reason is None else reason.value,
        error=error,
        aggregate=aggregate,
        everything=everything,
    )
    where = find(directory, kafka=kafka, mongo=mongo)
    asked = Run(wanted, Signed(by or operator(), why), Pace(rate), force=force, as_json=as_json)
    told = asyncio.run((rehearse if dry_run else run)(where, asked))
    if as_json:
        print_json(told)
    if failed(told):
        raise typer.Exit(FAILED)


def edit_(
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `list --letters` shows it.")],
    why: Why,
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="/PATH=JSON", help="One field; nothing after = removes it."),
    ] = None,
    headers: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME=VALUE", help="One header; the same."),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="The whole value; - reads stdin.")
    ] = None,
    editor: Annotated[bool, typer.Option("--editor", help="Change the value in $EDITOR.")] = False,
    by: options.By = None,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Send a corrected record in a letter's place.

    It keeps the message's id. Nothing is sent that the desk would reject. The letter stays; who
    changed which fields, when and why is kept on desk.operations. Exit code 1 if it fails again.
    """
    _needs_reason(why)
    if sum((bool(fields), file is not None, editor)) > 1:
        raise DeskError("give the value by --set, by --file or by --editor, not by several.")
    where = find(directory, kafka=kafka, mongo=mongo)
    asked, signed = letter_id(letter), Signed(by or operator(), why)
    correction = Correction(
        body=_body(file),
        fields=assignments(fields or (), "--set"),
        headers=assignments(headers or (), "--header"),
    )
    if editor:
        body = _edited(asyncio.run(_value(where, asked)))
        correction = Correction(body=body, headers=correction.headers)
    if correction.is_empty:
        raise DeskError("say what to correct: --set, --file, --editor or --header.")
    made, outcome = asyncio.run(_edit(where, asked, correction, signed, dry_run=dry_run))
    _tell_edit(made, outcome, as_json=as_json)


def discard_(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Letters.")],
    why: Why,
    by: options.By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Give letters up for good.

    Nobody will decide their messages. The letters stay; who discarded them, when and why is kept
    on desk.operations. What waited behind them is let through by `replay`. Exit code 1 if one
    still waits.
    """
    _needs_reason(why)
    asked = tuple(letter_id(one) for one in ids)
    where = find(directory, kafka=kafka, mongo=mongo)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Discard {len(asked)} letters for good?", abort=True, err=True)
    signed = Signed(by or operator(), why)
    left, done = asyncio.run(_discard(where, asked, signed))
    _tell_discard(left, done, as_json=as_json)
    if any(one.stopped_by for one in done):
        raise typer.Exit(FAILED)


def _needs_reason(why: str) -> None:
    if not why.strip():
        raise DeskError("--why is empty; say in a few words why, without personal data.")


def _body(file: str | None) -> bytes | None:
    if file is None:
        return None
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise DeskError(f"{file} cannot be read: {error.strerror}.") from None


async def _value(where: Where, asked: LetterId) -> bytes:
    async with letter_box(where.settings()) as box:
        return (await box.fetch(asked)).value or b""


def _edited(value: bytes) -> bytes:
    """The value as a person leaves it in the editor; the editor's file is removed again."""
    try:
        before = value.decode()
    except UnicodeDecodeError:
        raise DeskError("the value is not UTF-8 text; give the right one with --file.") from None
    after = click.edit(before, extension=".json")
    if after is None:
        raise DeskError("nothing was saved in the editor, so nothing was sent.", code=WRONG_USE)
    return after.encode()


async def _edit(
    where: Where, asked: LetterId, correction: Correction, signed: Signed, *, dry_run: bool
) -> tuple[Draft, Edited | str]:
    async with (
        reading(where.mongo_address) as services,
        post_office(where.settings(), signed) as post,
    ):
        made = await draft(asked, correction, services, post)
        records = services[made.letter.service]
        if dry_run:
            return made, (await Rehearsal(records).decide(made.corrected.record)).said
        return made, await edit(made, records, post)


def _tell_edit(made: Draft, outcome: Edited | str, *, as_json: bool) -> None:
    name = str(made.letter.id)
    changed = [pointer or "(the whole value)" for pointer in made.corrected.changed]
    stopped_by = None if isinstance(outcome, str) else outcome.stopped_by
    if isinstance(outcome, str):
        said = f"{name}: {outcome}"
    elif stopped_by:
        said = f"{name}: corrected and sent; stopped: {stopped_by}"
    elif outcome.waits:
        said = f"{name}: corrected; it waits in its place: desk dead-letters replay"
    else:
        behind = f", and {outcome.decided} that waited behind it" if outcome.decided else ""
        said = f"{name}: corrected and decided{behind}"
    if as_json:
        print_json({"id": name, "changed": changed, "said": said, "stopped_by": stopped_by})
    else:
        console().print(text(f"{said}\nchanged: {', '.join(changed)}"), soft_wrap=True)
    if stopped_by:
        raise typer.Exit(FAILED)


async def _discard(
    where: Where, asked: tuple[LetterId, ...], signed: Signed
) -> tuple[list[Discard], list[Discarded]]:
    async with (
        reading(where.mongo_address) as services,
        post_office(where.settings(), signed) as post,
    ):
        found = await discards(asked, services, post)
        left = [one for one in found if one.left]
        return left, [await discard(one, services, post) for one in found if not one.left]


def _tell_discard(left: list[Discard], done: list[Discarded], *, as_json: bool) -> None:
    rows = [(one.letter.id, f"left alone: {one.left}", None) for one in left]
    rows += [
        (one.discard.letter.id, one.stopped_by or "discarded", one.stopped_by)  # type: ignore[misc]
        for one in done
    ]
    if as_json:
        return print_json(
            [{"id": str(name), "said": said, "stopped_by": by} for name, said, by in rows]
        )
    for name, said, _ in rows:
        console().print(text(f"{name}: {said}"), soft_wrap=True)
    for one in {p.ref.id for it in done for p in it.discard.waiting if len(p.waiting) > 1}:
        hint = f"what waits behind it goes on with: desk dead-letters replay --aggregate {one}"
        console().print(text(hint), soft_wrap=True)
    return None
