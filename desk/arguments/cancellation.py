"""`desk cancellation`: its commands and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options
from shared.events.choices import Language

cancellation = typer.Typer(help="Look into cancellations.", no_args_is_help=True)


@cancellation.command()
@done_by("cancellation")
def preview(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help="The contract number.")],
    customer: Annotated[
        str | None,
        typer.Option("--customer", help="Who asks; its holder by default.", show_default=False),
    ] = None,
    destruction_confirmed: Annotated[
        bool, typer.Option("--destruction-confirmed", help="As if all copies were destroyed.")
    ] = False,
    signed: Annotated[
        bool, typer.Option("--signed", help="As if the request were signed.")
    ] = False,
    requested_end: Annotated[
        str | None, typer.Option("--requested-end", help="YYYY-MM-DD.", show_default=False)
    ] = None,
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
) -> None:
    """Say what a cancellation request would bring today.

    Changes nothing.
    """
