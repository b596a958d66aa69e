"""An act of a professional that is faulty of its matter is answered, and changes nothing."""

from __future__ import annotations

from shared.events.agents import ActivationUnlocked, AgentActionRefused, ContractApproved
from shared.events.error_codes import ErrorCode, Sentences, field_error
from shared.events.fault_sentences import ACT_ID_REUSED
from shared.events.values import Bilingual

_FIELDS = {
    ErrorCode.ID_REUSED: "ce_id",
    ErrorCode.CONTRACT_UNKNOWN: "contract_number",
    ErrorCode.TEXT_NOT_CURRENT: "document_id",
}
_MESSAGES: Sentences = {
    ErrorCode.ID_REUSED: ACT_ID_REUSED,
    ErrorCode.CONTRACT_UNKNOWN: Bilingual(
        es="El registro no ha comunicado ningún contrato con este número.",
        en="The registry has reported no contract of this number.",
    ),
    ErrorCode.TEXT_NOT_CURRENT: Bilingual(
        es="Este documento no es el texto vigente del contrato; solo ese puede aprobarse.",
        en="This document is not the contract's current text; only that one can be approved.",
    ),
}


def refuse_act(
    act: ContractApproved | ActivationUnlocked, action_id: str, fault: ErrorCode
) -> AgentActionRefused:
    error = field_error(_FIELDS[fault], fault, _MESSAGES)
    return AgentActionRefused(
        action_id=action_id,
        agent_id=act.agent_id,
        errors=(error,),
        contract_number=act.contract_number,
    )
