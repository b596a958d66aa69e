"""`desk drill`: its commands and options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options, work

drill = typer.Typer(
    help="Practise: a fault in the desk of this machine, to be found by the runbook.",
    no_args_is_help=True,
)


@drill.command()
@done_by("drill", by=work)
def start(
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="1 to 10; any of them if none is given.")
    ] = None,
    directory: options.Directory = options.DIRECTORY,
) -> None:
    """Put a fault into the desk that `desk up` runs here, without saying which."""


@drill.command()
@done_by("drill", by=work)
def hint(directory: options.Directory = options.DIRECTORY) -> None:
    """Say what somebody calls about; the second time, where to look."""


@drill.command()
@done_by("drill", by=work)
def answer(
    name: Annotated[str, typer.Argument(help="One of `desk drill list`.")],
    directory: options.Directory = options.DIRECTORY,
) -> None:
    """Say what the fault is. Exit code 1 where it is another."""


@drill.command()
@done_by("drill", by=work)
def end(directory: options.Directory = options.DIRECTORY) -> None:
    """Put everything right again, also after a kill."""


@drill.command(name="list")
@done_by("drill", by=work)
def listed() -> None:
    """Show the names to choose an answer from."""
