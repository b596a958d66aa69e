"""`desk dead-letters replay`, `edit` and `discard`: what may be done with what was given up."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import typer

from desk.commands import replay
from desk.commands.addresses import Where
from desk.commands.console import console, print_json, text
from desk.commands.dead_letter_output import (
    aggregate_stop_text,
    foreseen_text,
    settlement_text,
    stop_text,
)
from desk.commands.errors import FAILED, WRONG_USE, DeskError
from desk.commands.services import services_of
from shared.operations.audit_trail import Author
from shared.operations.dead_letters.correct import Correction
from shared.operations.dead_letters.discard import Discard, Discarded, discard, discards
from shared.operations.dead_letters.edit import Draft, Edited, draft, edit
from shared.operations.dead_letters.letter import LetterId, letter_id
from shared.operations.dead_letters.selection import Selection
from shared.operations.dead_letters.topic import dead_letter_topic
from shared.operations.sender import Pace, replay_session
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
    where: Where,
) -> None:
    """Let through what waits, in its order."""
    selection = Selection(
        ids=tuple(letter_id(asked) for asked in ids or ()),
        service=service,
        reason=None if reason is None else reason.value,
        error=error,
        aggregate=aggregate,
        everything=everything,
    )
    asked = replay.Run(
        selection, Author(by or _operator(), why), Pace(rate), force=force, as_json=as_json
    )
    told = asyncio.run((replay.dry_run if dry_run else replay.run)(where, asked))
    if as_json:
        print_json(told)
    if replay.failed(told):
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
    where: Where,
) -> None:
    """Send a corrected record in a letter's place."""
    _needs_reason(why)
    if sum((bool(fields), file is not None, editor)) > 1:
        raise DeskError("give the value by --set, by --file or by --editor, not by several.")
    asked, author = letter_id(letter), Author(by or _operator(), why)
    correction = Correction(
        body=_body(file),
        fields=_assignments(fields or (), "--set"),
        headers=_assignments(headers or (), "--header"),
    )
    if editor:
        body = _edited(asyncio.run(_value(where, asked)))
        correction = Correction(body=body, headers=correction.headers)
    if correction.is_empty:
        raise DeskError("say what to correct: --set, --file, --editor or --header.")
    made, outcome = asyncio.run(_edit(where, asked, correction, author, dry_run=dry_run))
    _tell_edit(made, outcome, as_json=as_json)


def discard_(
    *,
    ids: list[str],
    why: str,
    by: str | None,
    yes: bool,
    as_json: bool,
    where: Where,
) -> None:
    """Give letters up for good."""
    _needs_reason(why)
    asked = tuple(letter_id(asked) for asked in ids)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Discard {len(asked)} letters for good?", abort=True, err=True)
    author = Author(by or _operator(), why)
    left, done = asyncio.run(_discard(where, asked, author))
    _tell_discard(left, done, as_json=as_json)
    if any(discarded.stopped_by for discarded in done):
        raise typer.Exit(FAILED)


def _operator() -> str:
    """The operating system's name of the user who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise DeskError("this machine does not say who you are; give --by NAME.") from None


def _needs_reason(why: str) -> None:
    if not why.strip():
        raise DeskError("--why is empty; say in a few words why, without personal data.")


def _assignments(written: Sequence[str], option: str) -> tuple[tuple[str, str], ...]:
    """`name=value` as given to an option that may be repeated. Raises `DeskError`."""
    pairs = [pair.partition("=") for pair in written]
    for name, separator, _ in pairs:
        if not separator or not name:
            raise DeskError(f"{option} {name!r} is incomplete; write it like {option} NAME=VALUE.")
    return tuple((name, value) for name, _, value in pairs)


def _body(file: str | None) -> bytes | None:
    if file is None:
        return None
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise DeskError(f"{file} cannot be read: {error.strerror}.") from None


async def _value(where: Where, asked: LetterId) -> bytes:
    async with dead_letter_topic(where.settings()) as box:
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
    where: Where, asked: LetterId, correction: Correction, author: Author, *, dry_run: bool
) -> tuple[Draft, Edited | str]:
    async with (
        services_of(where) as services,
        replay_session(where.settings(), author) as session,
    ):
        made = await draft(asked, correction, services, session)
        service = services[made.letter.service]
        if dry_run:
            [foreseen] = await service.dry_run([made.corrected.record])
            return made, foreseen_text(foreseen)
        return made, await edit(made, service, session)


def _tell_edit(made: Draft, outcome: Edited | str, *, as_json: bool) -> None:
    name = str(made.letter.id)
    changed = [pointer or "(the whole value)" for pointer in made.corrected.changed]
    stopped_by = None
    if isinstance(outcome, Edited) and outcome.stopped_by is not None:
        stopped_by = aggregate_stop_text(outcome.stopped_by)
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
    where: Where, asked: tuple[LetterId, ...], author: Author
) -> tuple[list[Discard], list[Discarded]]:
    async with (
        services_of(where) as services,
        replay_session(where.settings(), author) as session,
    ):
        found = await discards(asked, services, session)
        left = [discardable for discardable in found if discardable.left]
        return left, [
            await discard(discardable, services, session)
            for discardable in found
            if not discardable.left
        ]


def _tell_discard(left: list[Discard], done: list[Discarded], *, as_json: bool) -> None:
    rows: list[tuple[LetterId, str, str | None]] = [
        (kept.letter.id, f"left alone: {settlement_text(kept.left)}", None)
        for kept in left
        if kept.left
    ]
    for discarded in done:
        why = None if discarded.stopped_by is None else stop_text(discarded.stopped_by)
        rows.append((discarded.discard.letter.id, why or "discarded", why))
    if as_json:
        return print_json(
            [{"id": str(name), "said": said, "stopped_by": by} for name, said, by in rows]
        )
    for letter, said, _ in rows:
        console().print(text(f"{letter}: {said}"), soft_wrap=True)
    for name in {p.ref.id for it in done for p in it.discard.waiting if len(p.waiting) > 1}:
        hint = f"let through what waits behind it with: desk dead-letters replay --aggregate {name}"
        console().print(text(hint), soft_wrap=True)
    return None
