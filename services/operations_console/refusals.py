"""Refusals of agents' acts: kept from `desk.rejections`, found by the act's id.

The record's owner tells of most; an act whose form is faulty is answered on the topic alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic_core import from_json, to_json

from shared.events.agents import AgentActionRefused
from shared.kafka.records import Record
from shared.mongo.client import Collection, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.operations.case_index import ends, place_name
from shared.operations.decoded_record import decoded
from shared.runtime.projections.record_index import AT, IDS, OF, TOO, UNTIL, RecordIndex

NAME = "refusals"
REJECTIONS = "desk.rejections"


def refusal_index(kept: timedelta) -> RecordIndex:
    """Entries of the refusals, each for so long after it."""
    return RecordIndex(
        NAME, (REJECTIONS,), lambda record: refusal_of(record, kept), lambda _record: None
    )


def refusal_of(record: Record, kept: timedelta) -> Document | None:
    """None for what is no refusal of an act."""
    if record.topic != REJECTIONS:
        return None
    found = decoded(record)
    action_id = found.data.get("action_id")
    if found.type != AgentActionRefused.ce_type or found.fault or not isinstance(action_id, str):
        return None
    return {
        "_id": place_name(found.place),
        AT: found.at,
        UNTIL: ends(found.at, kept),
        IDS: [action_id],
        OF: [],
        TOO: [],
        "data": to_json(found.shown_data()).decode(),
    }


class RefusedActs:
    """Reads those of the generation that serves."""

    def __init__(self, refusals: Callable[[], Collection]) -> None:
        self._refusals = refusals

    async def of(self, act_id: str) -> Mapping[str, Any] | None:
        """The refusal's data, masked; None where there is none yet. Raises `Outage`."""
        with mongodb_errors_as_outage():
            found = await self._refusals().find_one({IDS: act_id})
        return None if found is None else dict(from_json(found["data"]))
