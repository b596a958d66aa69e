"""`desk dead-letters`: its commands and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be decided; change nothing.")
]
Why = Annotated[str, typer.Option("--why", help="Kept in the audit trail; no personal data.")]

dead_letters = typer.Typer(
    help="Inspect dead letters; replay, edit or discard them.", no_args_is_help=True
)


@dead_letters.command("list")
@done_by("dead_letters")
def list_(
    one_by_one: Annotated[bool, typer.Option("--letters", help="Each letter on a line.")] = False,
    handled_too: Annotated[
        bool, typer.Option("--all", help="Those that were dealt with, too.")
    ] = False,
    service: options.OfService = None,
    reason: options.OfReason = None,
    error: options.OfError = None,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show open letters in groups, and what is parked.

    Letters by service, reason and error, and the aggregates that a defect parked.
    """


@dead_letters.command("show")
@done_by("dead_letters")
def show_(
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `list --letters` shows it.")],
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show one letter and its record.

    Its origin, its error, what waits for it, and what was done with it.

    The record is as the customer or a service wrote it: what is shown is personal data.
    """


@dead_letters.command("replay")
@done_by("dead_letter_acts")
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
        float, typer.Option("--rate", min=0.01, help="Letters per second at most.")
    ] = 50.0,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also what was replayed often, or would still fail."),
    ] = False,
    dry_run: DryRun = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Let through what waits, in its order.

    To be run once the fix is deployed. Without ids or options, all that waits for parked
    aggregates. Each aggregate's messages go one after the other; it stops at the first that fails
    again. Safe to stop and to run again. Exit code 1 if anything failed.
    """


@dead_letters.command("edit")
@done_by("dead_letter_acts")
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
) -> None:
    """Send a corrected record in a letter's place.

    It keeps the message's id. Nothing is sent that the desk would reject. The letter stays; who
    changed which fields, when and why is kept on desk.operations. Exit code 1 if it fails again.
    """


@dead_letters.command("discard")
@done_by("dead_letter_acts")
def discard_(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Letters.")],
    why: Why,
    by: options.By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Give letters up for good.

    Nobody will decide their messages. The letters stay; who discarded them, when and why is kept
    on desk.operations. What waited behind them is let through by `replay`. Exit code 1 if one
    still waits.
    """
