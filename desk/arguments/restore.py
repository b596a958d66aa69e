"""`desk restore`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options

OfServices = Annotated[
    list[str] | None,
    typer.Option("--service", help="Only this service's records; may be repeated."),
]


@done_by("restore")
def restore(
    service: OfServices = None,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
) -> None:
    """Bring the records of an older backup forward from the topics.

    Stop the services first. What they published since the backup comes back under its old ids and
    numbers; nothing is published and no mail is sent. Exit code 1 where something is lost.
    """
