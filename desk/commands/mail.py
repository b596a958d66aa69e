"""`desk mail`: what customers got, from the embedded mailbox's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import DeskError
from desk.commands.instants import instant
from shared.operations.local_time import local_time
from shared.operations.visible import plain

SHOWN = 30
HEADERS = ("From", "To", "Subject", "Date", "Message-ID")


@dataclass(frozen=True)
class FolderMail:
    """One mail in the folder; `number` is its place there, from 1."""

    number: int
    file: Path

    @cached_property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.file.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def received_at(self) -> datetime:
        """The mailbox names its files by the nanosecond of receipt."""
        stamp = self.file.name.partition("-")[0]
        seconds = int(stamp) / 1e9 if stamp.isdigit() else self.file.stat().st_mtime
        return datetime.fromtimestamp(seconds, UTC)

    @property
    def to(self) -> str:
        return str(self.message["To"] or self.message["Delivered-To"] or "")

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"] or "")

    @property
    def language(self) -> str:
        return str(self.message["Content-Language"] or "")

    @property
    def body(self) -> str:
        body = self.message.get_body(preferencelist=("plain", "html"))
        return str(body.get_content()) if body is not None else "(no text)"

    @property
    def attached(self) -> list[str]:
        parts = self.message.iter_attachments()
        return [part.get_filename() or part.get_content_type() for part in parts]

    def is_wanted(self, wanted: Mapping[str, str | None], since: datetime | None) -> bool:
        """Whether it has what is wanted `to`, `about`, and in which `language`."""
        if since is not None and self.received_at < since:
            return False
        if wanted["to"] and wanted["to"].lower() not in self.to.lower():
            return False
        if wanted["language"] and self.language != wanted["language"]:
            return False
        about = (wanted["about"] or "").lower()
        return about in self.subject.lower() or about in self.body.lower()


def mail(
    *,
    number: int | None,
    every: bool,
    wanted: Mapping[str, str | None],
    as_json: bool,
    where: Where,
) -> None:
    """List the mails customers got, or show one."""
    folder = where.mail_folder
    if not folder.is_dir():
        raise DeskError(f"there is no mailbox folder {folder}; `desk up` makes it.")
    mails = mails_in(folder)
    if number is None:
        since = instant(wanted["since"], "--since")
        chosen = [each for each in mails if each.is_wanted(wanted, since)]
        return _list(chosen, 0 if every else max(0, len(chosen) - SHOWN), as_json=as_json)
    if number > len(mails):
        raise DeskError(f"there is no mail {number}: the folder {folder} holds {len(mails)}.")
    return _show(mails[number - 1], as_json=as_json)


def show_mails(folder: Path, references: Sequence[str]) -> None:
    """Every mail in the folder that names one of the inquiries, oldest first."""
    for mail in mails_in(folder):
        if any(it in mail.body for it in references):
            _show(mail, as_json=False)


def mails_in(folder: Path) -> list[FolderMail]:
    """The mails that the embedded mailbox keeps in `folder`, in order of receipt."""
    return [FolderMail(n, file) for n, file in enumerate(sorted(folder.glob("*.eml")), start=1)]


def _list(mails: Sequence[FolderMail], first: int, *, as_json: bool) -> None:
    if as_json:
        return print_json([_as_json(mail) for mail in mails[first:]])
    out = console()
    if not mails:
        out.print("No such mail. `desk submit inquiry … --email …` makes the desk write one.")
        return None
    table = columns("bold", "dim", "", "")
    for mail in mails[first:]:
        recipient = text(mail.to)
        recipient.truncate(28, overflow="ellipsis")
        table.add_row(str(mail.number), local_time(mail.received_at), recipient, text(mail.subject))
    out.print(table)
    if first:
        out.print(f"({first} older ones: --all)", style="dim")
    return None


def _as_json(mail: FolderMail) -> dict[str, Any]:
    return {
        "number": mail.number,
        "received_at": mail.received_at.isoformat(),
        "to": mail.to,
        "subject": mail.subject,
        "language": mail.language or None,
        "message_id": mail.message_id or None,
        "file": str(mail.file),
    }


def _show(mail: FolderMail, *, as_json: bool) -> None:
    if as_json:
        return print_json({**_as_json(mail), "text": mail.body, "attached": mail.attached})
    out: Console = console()
    head = columns("bold", "")
    for name in HEADERS:
        if mail.message[name]:
            head.add_row(name, text(str(mail.message[name])))
    out.print(head)
    out.print()
    out.print(plain(mail.body), soft_wrap=True)
    for name in mail.attached:
        out.print(f"attached: {plain(name)}", soft_wrap=True)
    out.print(f"file: {mail.file}", style="dim", soft_wrap=True)
    return None
