"""Decides agents' actions on an inquiry and the outcomes of the mails about it."""

from __future__ import annotations

from services.inquiry_intake.inquiry.private_events import MailFailed, MailSent, QueueChanged
from services.inquiry_intake.inquiry.routing import queue_name
from services.inquiry_intake.inquiry.state import Inquiry, InquiryStanding
from services.inquiry_intake.texts import UNREACHABLE, routed
from shared.events.agents import InquiryAnswered, InquiryRouted
from shared.events.envelope import Event
from shared.events.inquiries import (
    Actor,
    ClosedBy,
    InquiryClosed,
    InquiryProgressed,
    InquiryResolved,
)
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.events.values import Bilingual


def answered_by_agent(event: InquiryAnswered, state: Inquiry) -> list[Event]:
    """Records an agent's answer; its text is in the customer's language.

    It resolves the inquiry if the agent says so; closing waits for the contracts (F6).
    """
    said = InquiryProgressed(
        inquiry_id=state.inquiry_id,
        status="answered",
        note=Bilingual(es=event.text, en=event.text),
        by=Actor.AGENT,
        text=event.text,
    )
    if not event.resolve or state.status is not InquiryStanding.OPEN:
        return [said]
    resolved = InquiryResolved(inquiry_id=state.inquiry_id)
    if not state.contracts or not state.settled:
        return [said, resolved]
    return [said, resolved, InquiryClosed(inquiry_id=state.inquiry_id, by=ClosedBy.DESK)]


def routed_by_agent(event: InquiryRouted, state: Inquiry) -> list[Event]:
    """An agent redirects the inquiry (F6). The agent's reason is for the desk alone."""
    return [
        QueueChanged(queue=event.queue, agent_id=event.agent_id),
        InquiryProgressed(
            inquiry_id=state.inquiry_id,
            status="routed",
            note=routed(queue_name(event.queue)),
            by=Actor.AGENT,
            queue=event.queue,
        ),
    ]


def mail_sent(event: NotificationSent, _state: Inquiry) -> list[Event]:
    """Records the mail for the timeline only: a public event would cause a mail about each mail."""
    return [MailSent(template=event.template)]


def mail_failed(event: NotificationFailed, state: Inquiry) -> list[Event]:
    """Noted once until a mail arrives again: the note may itself be mailed, and fail."""
    failed = MailFailed(template=event.template)
    if state.unreachable:
        return [failed]
    return [
        failed,
        InquiryProgressed(
            inquiry_id=state.inquiry_id,
            status="notification_failed",
            note=UNREACHABLE,
            by=Actor.DESK,
        ),
    ]
