"""`desk acl`: its commands and options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.arguments import done_by, options, work

acl = typer.Typer(
    help="Users and rights for a secured Kafka and MongoDB, from the catalogue.",
    no_args_is_help=True,
)


@acl.command()
@done_by("acl", by=work)
def kafka(
    as_json: options.AsJson = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the ACLs to the broker; users are not made.")
    ] = False,
    directory: options.Directory = options.DIRECTORY,
    address: options.Kafka = None,
) -> None:
    """Print who may do what on Kafka: a script of kafka-configs.sh and kafka-acls.sh.

    A user for each service, channels, agents' tools, billing, the registry and every other party
    of the catalogue. KAFKA_GROUP_PREFIX, CREATE_TOPICS and HISTORY_KEPT_DAYS are taken into
    account; give them as the services have them. No password is printed.
    """


@acl.command()
@done_by("acl", by=work)
def mongodb(
    as_json: options.AsJson = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write users, passwords and roles to the database.")
    ] = False,
    passwords: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="A folder of passwords, in files called like users."
        ),
    ] = None,
) -> None:
    """Print who may do what in MongoDB: a script for mongosh.

    Each service may use its own database alone; operators may read those of the services.
    MONGO_DATABASE_PREFIX is taken into account. No password is printed. --apply connects as the
    administrator whom MONGO_URL names, and takes the users' passwords from --passwords.
    """
