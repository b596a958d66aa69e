"""`desk publish`: any event of the contract, checked against its model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from desk.commands.addresses import Where
from desk.commands.console import console, plain, print_json
from desk.commands.event_file import Outgoing, load, parse
from desk.commands.references import with_ids
from desk.commands.send import send
from shared.events.topics import TOPIC_OF


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
        return print_json([_as_json(one) for one in outgoing])
    out = console()
    for one in outgoing:
        topic = TOPIC_OF[one.ce_type].name
        out.print(f"published {one.ce_type} to {topic}, id {plain(one.ce_id)}", soft_wrap=True)
    return None


def _as_json(one: Outgoing) -> dict[str, str]:
    return {
        "ce_type": one.ce_type,
        "ce_id": one.ce_id,
        "source": one.source,
        "topic": TOPIC_OF[one.ce_type].name,
        "key": one.key,
    }


def _name(file: str) -> str:
    return "standard input" if file == "-" else Path(file).name
