"""`desk publish`: any event of the contract, checked against its model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from desk.ops import options
from desk.ops.finding import find
from desk.ops.outgoing import load, parse
from desk.ops.screen import console
from desk.ops.sending import send
from shared.events.topics import TOPIC_OF


def publish(
    file: Annotated[
        str, typer.Argument(metavar="FILE.json", help="One event or a list; - reads stdin.")
    ],
    directory: options.Directory = options.DIRECTORY,
    kafka: options.Kafka = None,
) -> None:
    """Publish contracts, invoices, agent actions…

    Any event of any topic.
    The file holds {"ce_type": …, "ce_id"?: …, "source"?: …, "data": {…}} or a list of those.
    Each is checked against its model first; if any has a fault, nothing is sent.
    """
    outgoing = parse(load(file), _name(file))
    settings = find(directory, kafka=kafka).settings()
    asyncio.run(send(settings, outgoing))
    out = console()
    for one in outgoing:
        topic = TOPIC_OF[one.ce_type].name
        out.print(f"published {one.ce_type} to {topic}, id {one.ce_id}", soft_wrap=True)


def _name(file: str) -> str:
    return "standard input" if file == "-" else Path(file).name
