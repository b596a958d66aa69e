"""`desk tail`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options
from desk.arguments.completion import topic_names


@done_by("tail")
def tail(
    topics: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOPIC", help="All if none.", autocompletion=topic_names),
    ] = None,
    types: options.Types = None,
    ids: options.Ids = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="From then to now: 2026-11-27, 2026-11-27T09:30, 15m, 2h."),
    ] = None,
    partition: options.Partition = None,
    offset: Annotated[
        int | None, typer.Option("--offset", min=0, help="From this offset to now.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="After that, also what comes; Ctrl-C ends it.")
    ] = False,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="End after that number of records.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show records as they come, decoded.

    From now on until Ctrl-C; with --since or --offset, what is there. Personal data is masked. It
    joins no consumer group and reads nothing that was rolled back. What cannot be decoded is shown
    as such.
    """
