"""Decides a submission in its own record: opened, a follow-up, a view, or rejected (F2)."""

from __future__ import annotations

from datetime import datetime

from services.inquiry_intake.inquiry.follow_up import accepted, continued
from services.inquiry_intake.inquiry.open import opened
from services.inquiry_intake.inquiry.state import INQUIRY, Inquiry
from services.inquiry_intake.inquiry.view import forwarded
from services.inquiry_intake.rules import Rules
from services.inquiry_intake.submission.validate import Rejection, judge
from shared.events.envelope import Event, Message, Ref
from shared.events.submissions import ContractViewedSubmitted, FollowUpSubmitted


def submitted(rules: Rules, message: Message, state: Inquiry | None, now: datetime) -> list[Event]:
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
