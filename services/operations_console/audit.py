"""The audit trail, found by any id: acts of console and command, and those of agents.

The former are on `desk.operations`. An agent's act is the agent's own event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from shared.events.field_classes import is_fact, masked
from shared.kafka.records import Record
from shared.mongo.client import DESCENDING, Collection, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.operations.audit_trail import OPERATIONS
from shared.operations.case_index import FORGETTING, ends, forgotten, place_name
from shared.operations.decoded_record import DecodedRecord, decoded, shown
from shared.runtime.projections.record_index import AT, IDS, OF, TOO, UNTIL, RecordIndex

NAME = "audit"
ON_A_PAGE = 50
AGENT_ACTIONS = "desk.agent-actions"
OWNERS = ("customer_id", "inquiry_id")
"""Who is forgotten is forgotten here, with the acts of agents that name him or his inquiry."""
AUTHOR = {OPERATIONS: "by", AGENT_ACTIONS: "agent_id"}
"""The field that names who acted, by topic."""
KINDS = {"unmasked": "record.unmasked.v1", "letters": "dead_letter.", "agents": "agent."}
"""The filters of the audit page, each with a prefix of event types."""
THINGS = ("thing", "letter", "service", "topic", "inquiry_id", "contract_number", "customer_id")
MOST_IDS = 200


@dataclass(frozen=True, slots=True)
class AuditedAct:
    """Something that a person did. `data` is masked; `by` and `why` are staff's own words."""

    at: datetime
    type: str
    by: str
    why: str
    thing: str
    data: dict[str, Any]


def audit_index(kept: timedelta) -> RecordIndex:
    """Indexes the acts; each entry is kept for `kept` after its act."""
    return RecordIndex(
        NAME,
        (OPERATIONS, AGENT_ACTIONS, *sorted(FORGETTING)),
        lambda record: act_of(record, kept),
        forgotten,
        ((IDS, AT), (AT,)),
    )


def act_of(record: Record, kept: timedelta) -> Document | None:
    """None for what is no act: operators find it on the topic."""
    found = decoded(record)
    data = found.data
    by = data.get(AUTHOR.get(record.topic, ""))
    if found.fault or not isinstance(by, str):
        return None
    return {
        "_id": place_name(found.place),
        AT: found.at,
        UNTIL: ends(found.at, kept),
        IDS: [by, *sorted(_ids(found) - {by})[:MOST_IDS]],
        OF: [it for name in OWNERS if is_fact(it := str(data.get(name) or ""))],
        TOO: [],
        "type": shown(found.type),
        "by": by,
        "why": str(data.get("why") or ""),
        "thing": next((it for name in THINGS if (it := shown(str(data.get(name) or "")))), ""),
        "data": to_json(found.shown_data()).decode(),
    }


def _ids(found: DecodedRecord) -> set[str]:
    data = found.data
    letters = data.get("letters")
    about = str(data.get("message_id") or "").rpartition(" ")[2]
    things = {str(data.get(name) or "") for name in THINGS if name not in ("service", "topic")}
    own = {found.id, about, *things}
    several = {str(it) for it in letters} if isinstance(letters, list) else set()
    return {it for it in own | several if it and is_fact(it)}


class AuditReader:
    """Reads the acts of the generation that serves, the last one first."""

    def __init__(self, acts: Callable[[], Collection]) -> None:
        self._acts = acts

    async def found(self, named: str, kind: str, first: int) -> tuple[Sequence[AuditedAct], bool]:
        """A page of the acts of whom or on what is `named`, and whether more follow.

        Raises `Outage`.
        """
        wanted: Document = {IDS: named} if named else {}
        if kind in KINDS:
            begins = KINDS[kind]
            wanted["type"] = {"$gte": begins, "$lt": f"{begins}~"}
        with mongodb_errors_as_outage():
            found = self._acts().find(wanted).sort(AT, DESCENDING).skip(first)
            acts = await found.limit(ON_A_PAGE + 1).to_list(ON_A_PAGE + 1)
        return [_act(it) for it in acts[:ON_A_PAGE]], len(acts) > ON_A_PAGE


def _act(entry: Document) -> AuditedAct:
    data = masked(entry["type"], from_json(entry["data"])) | {"by": entry["by"]}
    return AuditedAct(entry[AT], entry["type"], entry["by"], entry["why"], entry["thing"], data)
