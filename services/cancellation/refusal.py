"""An act of a professional that is faulty of its matter is answered, and changes nothing."""

from __future__ import annotations

from enum import StrEnum

from services.cancellation.course import Course
from shared.events.agents import AgentActionRefused, ReferralDecided
from shared.events.values import Bilingual, FieldError


class Fault(StrEnum):
    NOTHING_REFERRED = "nothing_referred"
    TOO_OLD = "too_old"
    TOO_FAR_AHEAD = "too_far_ahead"
    AFTER_THE_END = "after_the_end"


_FIELDS = {Fault.NOTHING_REFERRED: "inquiry_id"}
_MESSAGES = {
    Fault.NOTHING_REFERRED: Bilingual(
        es=(
            "Ninguna solicitud de este contrato espera su decisión. Si la consulta existe, indique "
            "también el cliente."
        ),
        en=(
            "No request for this contract waits for your decision. If the inquiry exists, name the "
            "customer too."
        ),
    ),
    Fault.TOO_OLD: Bilingual(
        es="La fecha no puede ser anterior en más de 31 días a la de hoy.",
        en="The date cannot be more than 31 days back.",
    ),
    Fault.TOO_FAR_AHEAD: Bilingual(
        es="La fecha no puede estar a más de 366 días.",
        en="The date cannot be more than 366 days ahead.",
    ),
    Fault.AFTER_THE_END: Bilingual(
        es="El contrato termina antes de esa fecha; indique una anterior.",
        en="The contract ends before that date; give an earlier one.",
    ),
}


def refuse_act(
    course: Course, action_id: str, decided: ReferralDecided, *faults: Fault | None
) -> None:
    """With every fault at once."""
    errors = tuple(_error(fault) for fault in faults if fault is not None)
    course.happens(
        AgentActionRefused(
            action_id=action_id,
            agent_id=decided.agent_id,
            errors=errors,
            contract_number=course.file.contract_number,
        )
    )


def _error(fault: Fault) -> FieldError:
    field = _FIELDS.get(fault, "effective_on")
    return FieldError(field=field, code=fault.value, message=_MESSAGES[fault])
