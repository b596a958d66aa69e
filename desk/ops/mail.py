"""`desk mail`: what customers got, from the embedded mailbox's folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from desk.ops import options
from desk.ops.errors import DeskError
from desk.ops.finding import find
from desk.ops.screen import columns, console, local_time, plain, text

SHOWN = 30
HEADERS = ("From", "To", "Subject", "Date", "Message-ID")


def mail(
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="Show this mail.", min=1)
    ] = None,
    opened: Annotated[
        int | None, typer.Option("--open", metavar="N", help="The same.", min=1)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=f"Not only the last {SHOWN}.")] = False,
    directory: options.Directory = options.DIRECTORY,
    mailbox: options.Mailbox = None,
) -> None:
    """List the mails customers got, or show one."""
    folder = find(directory, mailbox=mailbox).mail_folder
    if not folder.is_dir():
        raise DeskError(f"there is no mailbox folder {folder}; `desk up` makes it.")
    files = sorted(folder.glob("*.eml"))
    wanted = number or opened
    out = console()
    if wanted is None:
        _list(files, 0 if every else max(0, len(files) - SHOWN), out)
    elif wanted > len(files):
        raise DeskError(f"there is no mail {wanted}: the folder {folder} holds {len(files)}.")
    else:
        _show(files[wanted - 1], out)


def _list(files: Sequence[Path], first: int, out: Console) -> None:
    if not files:
        out.print("No mail yet. `desk submit inquiry … --email …` makes the desk write one.")
        return
    table = columns("bold", "dim", "", "")
    for number, file in enumerate(files[first:], start=first + 1):
        message = _read(file)
        received = local_time(_received_at(file))
        recipient = text(str(message["To"] or message["Delivered-To"] or ""))
        recipient.truncate(28, overflow="ellipsis")
        table.add_row(str(number), received, recipient, text(str(message["Subject"] or "")))
    out.print(table)
    if first:
        out.print(f"({first} older ones: --all)", style="dim")


def _show(file: Path, out: Console) -> None:
    message = _read(file)
    head = columns("bold", "")
    for name in HEADERS:
        if message[name]:
            head.add_row(name, text(str(message[name])))
    body = message.get_body(preferencelist=("plain", "html"))
    out.print(head)
    out.print()
    out.print(plain(body.get_content() if body is not None else "(no text)"), soft_wrap=True)
    for part in message.iter_attachments():
        out.print(f"attached: {plain(part.get_filename() or part.get_content_type())}")
    out.print(f"file: {file}", style="dim", soft_wrap=True)


def _read(file: Path) -> EmailMessage:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _received_at(file: Path) -> datetime:
    """The mailbox names its files by the nanosecond of receipt."""
    stamp = file.name.partition("-")[0]
    seconds = int(stamp) / 1e9 if stamp.isdigit() else file.stat().st_mtime
    return datetime.fromtimestamp(seconds, UTC)
