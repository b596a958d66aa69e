"""`desk up`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.arguments import done_by, options, work


@done_by("up", by=work)
def up(
    directory: Annotated[
        Path, typer.Option("--directory", help="Where data, logs, mail and addresses are kept.")
    ] = options.DIRECTORY,
    kafka: options.Kafka = None,
    mongo: options.Mongo = None,
    smtp: options.Smtp = None,
) -> None:
    """Start everything here, and stay until Ctrl-C.

    That is broker, database, mailbox and all services. Only what has no address given (option or
    environment variable) is started here. Whatever dies is started again. Data stays in the
    folder for the next time.
    """
