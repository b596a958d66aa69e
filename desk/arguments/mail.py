"""`desk mail`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import options, work_there
from shared.events.choices import Language


def mail(
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="Show this mail.", min=1)
    ] = None,
    opened: Annotated[
        int | None, typer.Option("--open", metavar="N", help="The same.", min=1)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Not only the last 30.")] = False,
    to: Annotated[
        str | None, typer.Option("--to", help="Only to addresses that have this in them.")
    ] = None,
    about: Annotated[
        str | None,
        typer.Option("--about", help="Only with this in subject or text: INQ-…, a contract…"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Only from then on: 2026-11-27, 2026-11-27T09:30, 15m, 2h."),
    ] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="Only mails in this language.")
    ] = None,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    mailbox: options.Mailbox = None,
) -> None:
    """List the mails customers got, or show one.

    A mail keeps its number whatever the filters.
    """
    work_there(
        "mail",
        "mail",
        number=number or opened,
        every=every,
        wanted={"to": to, "about": about, "since": since, "language": language},
        as_json=as_json,
        directory=directory,
        mailbox=mailbox,
    )
