"""`desk inquiry`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.arguments import done_by, options
from shared.events.choices import Language


@done_by("inquiry")
def inquiry(
    words: Annotated[
        list[str],
        typer.Argument(metavar="REFERENCE|ID", help="INQ-…, an inquiry's or submission's id."),
    ],
    save_attachment: Annotated[
        tuple[str, Path] | None,
        typer.Option(metavar="ID FILE", help="Save one of its attachments as a new file."),
    ] = None,
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
) -> None:
    """Tell what happened to a request, step by step, and what is attached to it."""
