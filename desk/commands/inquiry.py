"""`desk inquiry`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.commands import options, work
from shared.events.choices import Language


def inquiry(
    words: Annotated[
        list[str],
        typer.Argument(metavar="REFERENCE|ID", help="INQ-…, an inquiry's or submission's id."),
    ],
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    mongo: options.Mongo = None,
) -> None:
    """Tell what happened to a request, step by step."""
    work(
        "inquiry",
        "inquiry",
        words=words,
        language=language,
        as_json=as_json,
        directory=directory,
        mongo=mongo,
    )
