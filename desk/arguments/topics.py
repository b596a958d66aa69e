"""`desk topics`: its commands and options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options

topics = typer.Typer(help="How the broker keeps the topics.", no_args_is_help=True)


@topics.command()
@done_by("topics")
def align(
    apply: Annotated[bool, typer.Option("--apply", help="Alter the topics.")] = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show which topics' settings differ from the catalogue, and alter them with --apply.

    Retention, compaction, timestamps and the largest record. Partitions and replicas stay. What is
    set on a topic beyond that stays, too, unless somebody else alters it at the same moment. Exit
    code 1 if something differs and is not altered.
    """
