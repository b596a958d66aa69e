"""An agent's act in a record of its own: it says whether the act was refused.

An act on an inquiry is decided twice: first here, then in the inquiry, which does only what was not
refused here. So an act whose inquiry nobody opened has an answer, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.inquiry_intake.inquiry.state import inquiry_among, named_inquiry
from shared.events.agents import AgentActionRefused, InquiryAnswered, InquiryRouted
from shared.events.envelope import Event, Message
from shared.events.error_codes import ErrorCode, Sentences, field_error
from shared.events.fault_sentences import ACT_ID_REUSED, MESSAGES
from shared.events.internal import FaultyAct
from shared.events.values import Bilingual

ACT = "act"
"""The kind of these records; an act's id is the UUIDv5 of its source and id."""

_MESSAGES: Sentences = {
    **MESSAGES,
    ErrorCode.INQUIRY_UNKNOWN: Bilingual(
        es="No hay ninguna consulta con este identificador o esta referencia.",
        en="There is no inquiry with this id or reference.",
    ),
    ErrorCode.ID_REUSED: ACT_ID_REUSED,
    ErrorCode.TOO_LARGE: Bilingual(
        es="Es demasiado grande: un número tiene como máximo 64 bits.",
        en="This is too large: a number has at most 64 bits.",
    ),
    ErrorCode.WRONG_KEY: Bilingual(
        es="La clave del registro no es la que corresponde a los datos del acto.",
        en="The record's key is not the one that the act's data have.",
    ),
}


class RefusedAct(BaseModel):
    """An act of which nothing was done. The record of any other act has no state."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action_id: str


def decide(message: Message, _state: RefusedAct | None, _now: datetime) -> Sequence[Event]:
    """Refuses an act of a faulty form, one under a used id, and one on no inquiry."""
    act = message.data
    assert isinstance(act, FaultyAct | InquiryAnswered | InquiryRouted)
    faults = {"ce_id": ErrorCode.ID_REUSED} if message.id_reused else _faults(message, act)
    if not faults:
        return []
    return [
        AgentActionRefused(
            action_id=message.id,
            agent_id=act.agent_id,
            errors=tuple(field_error(path, code, _MESSAGES) for path, code in faults.items()),
            contract_number=act.contract_number if isinstance(act, FaultyAct) else None,
        )
    ]


def _faults(
    message: Message, act: FaultyAct | InquiryAnswered | InquiryRouted
) -> Mapping[str, ErrorCode]:
    if isinstance(act, FaultyAct):
        return act.faults
    named = named_inquiry(act.inquiry_id)
    if named is None:
        return {"inquiry_id": ErrorCode.WRONG_FORMAT}
    inquiry = inquiry_among(message.replicas.values(), named)
    known = inquiry is not None and inquiry.opened
    return {} if known else {"inquiry_id": ErrorCode.INQUIRY_UNKNOWN}


def evolve(_state: RefusedAct | None, event: Event) -> RefusedAct:
    """The act was refused: nothing else happens to its record."""
    assert isinstance(event, AgentActionRefused)
    return RefusedAct(action_id=event.action_id)


def is_refused(message: Message) -> bool:
    """Whether the act's own record, which is decided first, has refused it.

    That record's state does not say: it may have refused another act under the same id since.
    """
    return AgentActionRefused.ce_type in message.caused
