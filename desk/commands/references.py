"""`INQ-…` where an inquiry's id is meant: a person has the reference, a record the id."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from desk.commands.addresses import Where
from desk.commands.event_file import Outgoing
from shared.events.topics import INTAKE

FIELD = "inquiry_id"


def with_ids(where: Where, outgoing: Sequence[Outgoing]) -> list[Outgoing]:
    """The events with the ids of the inquiries that they name by reference.

    Raises `DeskError` for a reference that no inquiry has, `ServiceError` if intake is silent.
    """
    return [_with_id(where, event) if _is_reference(event) else event for event in outgoing]


def _is_reference(event: Outgoing) -> bool:
    named = event.data.get(FIELD)
    return isinstance(named, str) and named.strip().upper().startswith("INQ")


def _with_id(where: Where, event: Outgoing) -> Outgoing:
    inquiry_id = asyncio.run(_id_of(where, str(event.data[FIELD])))
    return replace(event, data={**event.data, FIELD: inquiry_id})


async def _id_of(where: Where, named: str) -> str:
    from desk.commands.services import services_of
    from shared.operations.inquiries import inquiry_named

    async with services_of(where, INTAKE) as services:
        return (await inquiry_named(services[INTAKE], named)).id
