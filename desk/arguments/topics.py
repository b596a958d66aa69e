"""`desk topics`: its commands and options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options, work_there

topics = typer.Typer(help="What flows through the topics, and who is behind.")


@topics.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Again and again until Ctrl-C; elsewhere than on a terminal one line a second.",
        ),
    ] = False,
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Show what flows through the topics, and who is behind.

    Each topic's records and rate of the last minute; for each service and topic, how many records
    it has not decided, and the oldest of them with its age.
    """
    if context.invoked_subcommand is None:
        given = {"watch": watch, "as_json": as_json, "directory": directory, "kafka": kafka}
        work_there("flow", "show", **given)


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
