"""`INQ-…` where an inquiry's id is meant: a person has the reference, a record the id."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from desk.commands.addresses import Where
from desk.commands.event_file import Outgoing
from shared.events.reference import parse_reference

FIELD = "inquiry_id"


def with_ids(where: Where, outgoing: Sequence[Outgoing]) -> list[Outgoing]:
    """The events with the ids of the inquiries that they name by reference.

    Raises `DeskError` for a reference that no inquiry has, `Outage` if the records are away.
    """
    return [_with_id(where, one) if _is_reference(one) else one for one in outgoing]


def _is_reference(one: Outgoing) -> bool:
    named = one.data.get(FIELD)
    return isinstance(named, str) and named.strip().upper().startswith("INQ")


def _with_id(where: Where, one: Outgoing) -> Outgoing:
    from shared.operations.records import inquiry_named

    named = str(one.data[FIELD])
    inquiry_id = asyncio.run(inquiry_named(where.mongo_address, parse_reference(named) or named))
    return replace(one, data={**one.data, FIELD: inquiry_id})
