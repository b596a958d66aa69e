"""Events that an inquiry's history keeps and no topic carries."""

from __future__ import annotations

from typing import ClassVar

from services.inquiry_intake.inquiry.state import AnswerStatus
from shared.events.envelope import Event


class RejectionRecorded(Event):
    """The submission was rejected, and its id is used."""

    ce_type: ClassVar[str] = "rejection.recorded"

    inquiry_id: str
    customer_id: str


class FollowUpAccepted(Event):
    """The submission continues the inquiry `follows`; `closes`: its customer wants no more."""

    ce_type: ClassVar[str] = "follow_up.accepted"

    inquiry_id: str
    customer_id: str
    follows: str
    closes: bool


class ViewForwarded(Event):
    """The customer viewed a contract's text; the view was forwarded to the archive."""

    ce_type: ClassVar[str] = "view.forwarded"

    inquiry_id: str
    customer_id: str


class ContractProgressed(Event):
    """Where the desk now is with one contract; the public event says it in words."""

    ce_type: ClassVar[str] = "inquiry.contract_progressed"

    contract_number: str
    status: AnswerStatus
    sequence: int


class QueueChanged(Event):
    """An agent moved the inquiry to another queue (F6)."""

    ce_type: ClassVar[str] = "inquiry.queue_changed"

    queue: str
    agent_id: str


class TargetMet(Event):
    """The customer has an answer, or is to act next: nobody need be reminded of the target (F7)."""

    ce_type: ClassVar[str] = "inquiry.target_met"


class MailSent(Event):
    """A mail about the inquiry reached the mail server."""

    ce_type: ClassVar[str] = "mail.sent"

    template: str


class MailFailed(Event):
    """A mail about the inquiry could not be delivered."""

    ce_type: ClassVar[str] = "mail.failed"

    template: str


PRIVATE_EVENTS: tuple[type[Event], ...] = (
    RejectionRecorded,
    FollowUpAccepted,
    ViewForwarded,
    ContractProgressed,
    QueueChanged,
    TargetMet,
    MailSent,
    MailFailed,
)
