"""The inquiry: what a message does to its record (`decide`) and what is true then (`evolve`)."""

from __future__ import annotations

from datetime import datetime

from services.inquiry_intake.act.decide import is_refused
from services.inquiry_intake.inquiry.agent_actions import (
    answered_by_agent,
    mail_failed,
    mail_sent,
    routed_by_agent,
)
from services.inquiry_intake.inquiry.answer_target import due_at, met_by, remind
from services.inquiry_intake.inquiry.evolve import evolve
from services.inquiry_intake.inquiry.follow_up import accepted, continued
from services.inquiry_intake.inquiry.open import opened
from services.inquiry_intake.inquiry.private_events import PRIVATE_EVENTS
from services.inquiry_intake.inquiry.record_answer import (
    ContractAnswer,
    CustomerAnswer,
    cancellation_decided,
    contract_answered,
    customer_answered,
    inventory_update_decided,
)
from services.inquiry_intake.inquiry.state import INQUIRY, Inquiry
from services.inquiry_intake.inquiry.view import forwarded
from services.inquiry_intake.rules import Rules
from services.inquiry_intake.submission.validate import Rejection, judge
from shared.events.agents import InquiryAnswered, InquiryRouted
from shared.events.cancellations import CancellationEvent
from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.internal import TimerDue
from shared.events.inventory import InventoryUpdateDecided
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.events.submissions import ContractViewedSubmitted, FollowUpSubmitted
from shared.recorder import Recorder

__all__ = ["PRIVATE_EVENTS", "Inquiry", "Rules", "decide", "due_at", "evolve"]


def decide(rules: Rules, message: Message, state: Inquiry | None, now: datetime) -> list[Event]:
    """Decides one message. Pure; `now` is timezone-aware.

    A submission always has an answer, and an agent's act has one in its own record. Anything else
    needs an inquiry that is known: about an unknown one, a rejected submission or a follow-up's own
    record there is nothing to say.
    """
    if isinstance(message.data, Unchecked):
        return _submitted(rules, message, state, now)
    if state is None or not state.opened or is_refused(message):
        return []
    decision = Recorder(evolve, state)
    _attend(rules, decision, message.data, now)
    decision.record_all(met_by(decision.state, answered=isinstance(message.data, InquiryAnswered)))
    return decision.events


def _submitted(rules: Rules, message: Message, state: Inquiry | None, now: datetime) -> list[Event]:
    """One submission in its own record, or, a follow-up, in the inquiry that it names."""
    if message.aggregate != Ref(INQUIRY, message.record_id):
        return continued(rules, message, state, now)
    judged = judge(message, now, used=state is not None)
    if isinstance(judged, Rejection):
        return judged.events
    match judged.said:
        case ContractViewedSubmitted() as viewed:
            return forwarded(judged, viewed)
        case FollowUpSubmitted() as follow_up:
            return accepted(message, judged, follow_up)
    return opened(rules, judged, message.replicas, now)


def _attend(rules: Rules, decision: Recorder[Inquiry], event: Event, now: datetime) -> None:
    match event:
        case CancellationEvent():
            cancellation_decided(rules, decision, event, now)
        case InventoryUpdateDecided():
            inventory_update_decided(rules, decision, event, now)
        case InquiryAnswered():
            decision.record_all(answered_by_agent(event, decision.state))
        case InquiryRouted():
            decision.record_all(routed_by_agent(event, decision.state))
        case NotificationSent():
            decision.record_all(mail_sent(event, decision.state))
        case NotificationFailed():
            decision.record_all(mail_failed(event, decision.state))
        case TimerDue():
            decision.record_all(remind(decision.state))
    if isinstance(event, CustomerAnswer):
        customer_answered(rules, decision, event, now)
    if isinstance(event, ContractAnswer):
        contract_answered(rules, decision, event, now)
