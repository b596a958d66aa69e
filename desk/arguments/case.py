"""`desk case`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options
from shared.events.choices import Language


@done_by("case")
def case(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ANYTHING",
            help="INQ-…, a contract, a customer, a submission's id, any event's id.",
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option("--since", help="Read the topics from then on: 2026-11-27, 15m, 2h, 30d."),
    ] = None,
    within: Annotated[
        float, typer.Option("--within", min=1.0, help="Stop reading after that many seconds.")
    ] = 60.0,
    topics: Annotated[
        bool, typer.Option("--topics", help="Read the topics, not the console's index.")
    ] = False,
    language: options.InLanguage = Language.EN,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Tell what happened to anything, over all topics and services.

    One timeline in order of causation, with mails, dead letters and what is due next. Of a
    contract or a customer: everything about it. Personal data is masked. The console's index
    answers at once, whether a console runs or not, and the topics tell what it does not have yet;
    without an index they are read, which takes longer and is said. Where a service does not
    answer, they tell what they hold; exit code 1 if something is missing.
    """
