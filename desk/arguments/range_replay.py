"""`desk replay`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options
from desk.arguments.completion import topic_names


@done_by("range_replay")
def replay(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", autocompletion=topic_names)],
    begin: Annotated[
        str,
        typer.Option("--from", help="Offset or time: 1042, 2026-11-27, 2026-11-27T09:30, 15m, 2h."),
    ],
    end: Annotated[
        str | None,
        typer.Option(
            "--to", help="The first offset or instant left out; the end if none is given."
        ),
    ] = None,
    partition: options.Partition = None,
    types: options.Types = None,
    ids: options.Ids = None,
    service: Annotated[
        str | None, typer.Option("--service", help="Only what this service would decide.")
    ] = None,
    most: Annotated[
        int, typer.Option("--most", min=1, max=500, help="Try that number of records at most.")
    ] = 500,
    within: Annotated[
        float, typer.Option("--within", min=1, help="Seconds for reading the range.")
    ] = 30.0,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show what the services would decide today about a range of records.

    A dry run: nothing is published or stored. What was decided before is decided again on the
    records as they stood then and at that time, with today's release and settings; what differs is
    named. Personal data is masked. Exit code 1 where something differs or would be given up, or
    where not all of the range was tried; then it says how to continue.
    """
