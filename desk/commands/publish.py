"""`desk publish`: any event of the contract, checked against its model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from desk.commands.addresses import Where
from desk.commands.console import console, print_json
from desk.commands.event_file import Outgoing, load, parse
from desk.commands.references import with_ids
from desk.commands.send import send
from shared.events.topics import TOPIC_OF
from shared.operations.visible import plain


def publish(
    *,
    file: str,
    as_json: bool,
    where: Where,
) -> None:
    """Publish contracts, invoices, agent actions…"""
    outgoing = parse(load(file), _name(file))
    asyncio.run(send(where.settings(), with_ids(where, outgoing)))
    if as_json:
        return print_json([_as_json(event) for event in outgoing])
    out = console()
    for event in outgoing:
        topic = TOPIC_OF[event.ce_type].name
        out.print(f"published {event.ce_type} to {topic}, id {plain(event.ce_id)}", soft_wrap=True)
    return None


def _as_json(event: Outgoing) -> dict[str, str]:
    return {
        "ce_type": event.ce_type,
        "ce_id": event.ce_id,
        "source": event.source,
        "topic": TOPIC_OF[event.ce_type].name,
        "key": event.key,
    }


def _name(file: str) -> str:
    return "standard input" if file == "-" else Path(file).name
