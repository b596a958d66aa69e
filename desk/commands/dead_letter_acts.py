"""`desk dead-letters replay`, `edit` and `discard`: what may be done with what was given up."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import typer

from desk.commands.addresses import Where, find
from desk.commands.console import console, print_json, text
from desk.commands.replay import Run, failed, rehearse, run
from shared.operations.audit_trail import Signed, operator
from shared.operations.dead_letters.correct import Correction, assignments
from shared.operations.dead_letters.discard import Discard, Discarded, discard, discards
from shared.operations.dead_letters.dry_run import Rehearsal
from shared.operations.dead_letters.edit import Draft, Edited, draft, edit
from shared.operations.dead_letters.letter import LetterId, letter_id
from shared.operations.dead_letters.selection import Wanted
from shared.operations.dead_letters.topic import letter_box
from shared.operations.errors import FAILED, WRONG_USE, DeskError
from shared.operations.records import reading
from shared.operations.sender import Pace, post_office
from shared.runtime.reason import Reason


def replay_(
    *,
    ids: list[str] | None,
    service: str | None,
    reason: Reason | None,
    error: str | None,
    aggregate: str | None,
    everything: bool,
    why: str | None,
    by: str | None,
    rate: float,
    force: bool,
    dry_run: bool,
    as_json: bool,
    directory: Path,
    kafka: str | None,
    mongo: str | None,
) -> None:
    """Let through what waits, in its order."""
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
    *,
    letter: str,
    why: str,
    fields: list[str] | None,
    headers: list[str] | None,
    file: str | None,
    editor: bool,
    by: str | None,
    dry_run: bool,
    as_json: bool,
    directory: Path,
    kafka: str | None,
    mongo: str | None,
) -> None:
    """Send a corrected record in a letter's place."""
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
    *,
    ids: list[str],
    why: str,
    by: str | None,
    yes: bool,
    as_json: bool,
    directory: Path,
    kafka: str | None,
    mongo: str | None,
) -> None:
    """Give letters up for good."""
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
