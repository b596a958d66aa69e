"""Every fault in the form of an agent's act, and who is to be told (F2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.events.envelope import Event
from shared.events.error_codes import ErrorCode, add_faults, code_of
from shared.events.internal import FaultyAct
from shared.events.text import trimmed
from shared.events.topics import Topic
from shared.events.values import UNKNOWN, ContractNumber, readable
from shared.runtime.record_faults import faults_of_fields, withhold

_CONTRACT_NUMBER: TypeAdapter[str] = TypeAdapter(ContractNumber)


def faulty_act(
    topic: Topic, model: type[Event], fields: dict[str, Any], key: bytes | None
) -> FaultyAct:
    """The act that `fields` and the record key fail to be; it holds none of their faulty values."""
    found = [*faults_of_fields(topic, model.ce_type, fields, key)]
    for fault in found:
        withhold(fields, fault.field)
    faults = {fault.field: ErrorCode(fault.code) for fault in found}
    try:
        model.model_validate(fields)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_context=False)
        add_faults(faults, [(".".join(map(str, it["loc"])), code_of(it)) for it in errors])
    return FaultyAct(
        agent_id=_agent_in(fields, faults),
        contract_number=readable(_CONTRACT_NUMBER, fields.get("contract_number")),
        faults=faults or {"key": ErrorCode.WRONG_KEY},
    )


def _agent_in(fields: dict[str, Any], faults: Mapping[str, ErrorCode]) -> str:
    agent_id = fields.get("agent_id")
    if not isinstance(agent_id, str) or "agent_id" in faults:
        return UNKNOWN
    return trimmed(agent_id)
