"""`desk publish`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.arguments import done_by, options


@done_by("publish")
def publish(
    file: Annotated[
        str, typer.Argument(metavar="FILE.json", help="One event or a list; - reads stdin.")
    ],
    as_json: options.AsJson = False,
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Publish contracts, invoices, agent actions…

    Any event of any topic.
    The file holds {"ce_type": …, "ce_id"?: …, "source"?: …, "data": {…}} or a list of those.
    Each is checked against its model first; if any has a fault, nothing is sent.
    """
