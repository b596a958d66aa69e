"""An agent's act in a record of its own: it says whether the act was refused.

An act on an inquiry is decided twice: first here, then in the inquiry, which does only what was not
refused here. So an act whose inquiry nobody opened has an answer, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.inquiry_intake.inquiry.state import inquiry_among, named_inquiry
from shared.events.agents import AgentActionRefused, InquiryAnswered, InquiryRouted
from shared.events.envelope import Event, Message, Ref
from shared.events.error_codes import ErrorCode, Sentences, field_error
from shared.events.values import Bilingual

ACT = "act"
"""The kind of these records; an act's id is the UUIDv5 of its source and id."""

_MESSAGES: Sentences = {
    ErrorCode.INQUIRY_UNKNOWN: Bilingual(
        es="No hay ninguna consulta con este identificador o esta referencia.",
        en="There is no inquiry with this id or reference.",
    ),
    ErrorCode.WRONG_FORMAT: Bilingual(
        es="Esto no es el identificador ni la referencia de una consulta.",
        en="This is neither the id nor the reference of an inquiry.",
    ),
}


class RefusedAct(BaseModel):
    """An act of which nothing was done. The record of any other act has no state."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action_id: str


def decide(message: Message, _state: RefusedAct | None, _now: datetime) -> Sequence[Event]:
    """Refuses an act on an inquiry that nobody opened."""
    act = message.data
    assert isinstance(act, InquiryAnswered | InquiryRouted)
    named = named_inquiry(act.inquiry_id)
    if named is None:
        return [_refusal(message.id, act, ErrorCode.WRONG_FORMAT)]
    inquiry = inquiry_among(message.replicas.values(), named)
    if inquiry is None or not inquiry.opened:
        return [_refusal(message.id, act, ErrorCode.INQUIRY_UNKNOWN)]
    return []


def _refusal(
    action_id: str, act: InquiryAnswered | InquiryRouted, fault: ErrorCode
) -> AgentActionRefused:
    errors = (field_error("inquiry_id", fault, _MESSAGES),)
    return AgentActionRefused(action_id=action_id, agent_id=act.agent_id, errors=errors)


def evolve(_state: RefusedAct | None, event: Event) -> RefusedAct:
    """The act was refused: nothing else happens to its record."""
    assert isinstance(event, AgentActionRefused)
    return RefusedAct(action_id=event.action_id)


def is_refused(message: Message) -> bool:
    """Whether the act's own record, which is decided first, has refused it."""
    if not isinstance(message.data, InquiryAnswered | InquiryRouted):
        return False
    return message.replicas.get(Ref(ACT, message.record_id)) is not None
