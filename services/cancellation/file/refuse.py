"""An act of a professional that is faulty of its matter is answered, and changes nothing."""

from __future__ import annotations

from services.cancellation.file.decision import Decision
from shared.events.agents import AgentActionRefused, ReferralDecided
from shared.events.error_codes import ErrorCode, Sentences, field_error
from shared.events.fault_sentences import ACT_ID_REUSED
from shared.events.values import Bilingual

_FIELDS = {ErrorCode.NOTHING_REFERRED: "inquiry_id", ErrorCode.ID_REUSED: "ce_id"}
_MESSAGES: Sentences = {
    ErrorCode.ID_REUSED: ACT_ID_REUSED,
    ErrorCode.NOTHING_REFERRED: Bilingual(
        es=(
            "Ninguna solicitud de este contrato espera su decisión. Si la consulta existe, indique "
            "también el cliente."
        ),
        en=(
            "No request for this contract waits for your decision. If the inquiry exists, name the "
            "customer too."
        ),
    ),
    ErrorCode.TOO_OLD: Bilingual(
        es="La fecha no puede ser anterior en más de 31 días a la de hoy.",
        en="The date cannot be more than 31 days back.",
    ),
    ErrorCode.TOO_FAR_AHEAD: Bilingual(
        es="La fecha no puede estar a más de 366 días.",
        en="The date cannot be more than 366 days ahead.",
    ),
    ErrorCode.AFTER_THE_END: Bilingual(
        es="El contrato termina antes de esa fecha; indique una anterior.",
        en="The contract ends before that date; give an earlier one.",
    ),
}


def refuse_act(
    decision: Decision, action_id: str, decided: ReferralDecided, *faults: ErrorCode | None
) -> None:
    """With every fault at once."""
    errors = tuple(
        field_error(_FIELDS.get(fault, "effective_on"), fault, _MESSAGES)
        for fault in faults
        if fault is not None
    )
    decision.record(
        AgentActionRefused(
            action_id=action_id,
            agent_id=decided.agent_id,
            errors=errors,
            contract_number=decision.file.contract_number,
        )
    )
