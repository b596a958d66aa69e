"""`desk verify`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options


@done_by("verify")
def verify(
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
    topics: Annotated[
        bool, typer.Option("--topics", help="Compare the records with the topics instead.")
    ] = False,
) -> None:
    """Check that every record follows from its history, or with --topics from the topics.

    Every history is folded and compared with the stored state; message and event ids are unique,
    and cancellation decisions are numbered without gaps. Exit code 1 for any fault. Where
    HISTORY_KEPT_DAYS has let the oldest entries expire, what is left is checked. With --topics
    every event is named that only a history or only its topic holds, every sequence that is used
    twice, and every id with two contents; each service compares its own records.
    """
