"""A notification: one mail to one customer about one event, until it is sent or given up.

An event marks the mail as due; the worker (`worker.py`) tries it and reports what became of the
attempt; that outcome ends the notification or makes it due again a little later. A decision on a
request for several contracts ends by being handed over to their summary (`summary/decide.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict

from services.notification.mail.catalogue import ADDRESS_CHANGED, SUMMARY, Mail, mail_for
from services.notification.mail.private_events import (
    NotificationDue,
    NotificationHandedOver,
    NotificationRetry,
)
from services.notification.mail.state import Notification
from services.notification.replicas import CUSTOMER, INQUIRY
from services.notification.summary import decide as summary
from shared.events.contracts import (
    ContractRecorded,
    CustomerProfile,
    CustomerProfileUpdated,
    CustomerRegistered,
    RegistryContractRecorded,
)
from shared.events.envelope import Event, Message, message_uuid
from shared.events.inquiries import InquiryOpened
from shared.events.internal import DecisionCollected, MailAttempted, SummaryDue
from shared.events.mail_address import mailable
from shared.events.notifications import NotificationFailed, NotificationSent
from shared.events.text import is_absent
from shared.events.values import UNKNOWN, Contact


class Rules(BaseModel):
    """How patiently a mail is tried again: pauses double from the first to the longest."""

    model_config = ConfigDict(frozen=True)

    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=15)
    give_up_after: timedelta = timedelta(hours=24)
    summary_wait: timedelta = timedelta(seconds=10)


def notification_id(message: Message, mail: Mail) -> str:
    """Deterministic: of the event and the recipient; of a ServicePac, of contract and code.

    The registry repeats its records, and the archive once published the code too; the customer
    hears of one activation code once (F9).
    """
    event = message.data
    assert isinstance(event, Event)
    recipient = getattr(event, "customer_id", None) or getattr(event, "inquiry_id", "")
    return str(uuid5(_cause(message, event), f"{mail.template} {recipient}"))


def _cause(message: Message, event: Event) -> UUID:
    if isinstance(event, RegistryContractRecorded | ContractRecorded):
        return uuid5(NAMESPACE_URL, f"{event.contract_number} {event.activation_code}")
    return message_uuid(message.source, message.id)


def decide(
    rules: Rules, message: Message, state: Notification | None, now: datetime
) -> Sequence[Event]:
    event = message.data
    assert isinstance(event, Event)
    match event:
        case MailAttempted():
            return _after_attempt(rules, event, state, now)
        case DecisionCollected():
            return _handed_over(message, event, state)
        case SummaryDue():
            return _summary_due(message, event, state, now)
    if state is not None:
        return []
    if isinstance(event, CustomerProfile) and _is_to_former(message):
        return _address_changed(message, event, now)
    mail = mail_for(event)
    return [_due(message, event, mail, now)] if mail else []


def _due(message: Message, event: Event, mail: Mail, now: datetime) -> NotificationDue:
    inquiry_id = inquiry_of(event)
    return NotificationDue(
        notification_id=notification_id(message, mail),
        template=mail.template,
        customer_id=_customer_of(message, event, inquiry_id),
        inquiry_id=inquiry_id,
        contract_number=_contract_of(event),
        language=getattr(event, "language", None),
        contact=getattr(event, "contact", None),
        facts=event.model_dump(mode="json", include=set(mail.keeps)),
        due_at=now,
    )


def _handed_over(
    message: Message, collected: DecisionCollected, state: Notification | None
) -> Sequence[Event]:
    """If its summary has taken it; a closed one has not, and the decision is mailed on its own."""
    taken = message.replica(summary.KIND, collected.inquiry_id)
    if state is None or not state.is_due or taken is None:
        return []
    if not taken.holds(state.notification_id):
        return []
    return [NotificationHandedOver(inquiry_id=collected.inquiry_id, facts=state.facts)]


def _summary_due(
    message: Message, due: SummaryDue, state: Notification | None, now: datetime
) -> Sequence[Event]:
    """The mail that says all decisions of the closed summary."""
    closed: summary.Summary | None = message.replica(summary.KIND, due.inquiry_id)
    if state is not None or closed is None or not closed.closed:
        return []
    return [
        NotificationDue(
            notification_id=summary.notification_id(due.inquiry_id),
            template=SUMMARY.template,
            customer_id=closed.customer_id,
            inquiry_id=due.inquiry_id,
            facts={
                "decisions": [decision.model_dump(mode="json") for decision in closed.decisions],
                "undecided": list(closed.undecided),
            },
            due_at=now,
        )
    ]


def mail_to_former(event: Event) -> Mail | None:
    """The mail that a profile's former address may get, if this event can change a profile."""
    changes = isinstance(event, CustomerRegistered | CustomerProfileUpdated)
    return ADDRESS_CHANGED if changes else None


def _is_to_former(message: Message) -> bool:
    own = message.aggregate
    return own is not None and own.id == notification_id(message, ADDRESS_CHANGED)


def _address_changed(message: Message, profile: CustomerProfile, now: datetime) -> Sequence[Event]:
    customer = message.replica(CUSTOMER, profile.customer_id)
    address = mailable(customer.previous_email or "") if customer else None
    if address is None:
        return []
    due = _due(message, profile, ADDRESS_CHANGED, now)
    former = Contact(email=address)  # the new name may be somebody else's
    return [due.model_copy(update={"contact": former, "inquiry_id": None})]


def inquiry_of(event: Event) -> str | None:
    """The inquiry that the mail answers, which need not be the one that began the matter."""
    return said(event, "answers_inquiry_id") or said(event, "inquiry_id")


def said(event: Event, field: str) -> str | None:
    """A blank id names nobody: no record could lie under it."""
    value: str | None = getattr(event, field, None)
    return None if is_absent(value) else value


def _contract_of(event: Event) -> str | None:
    """The contract whose file the mail is about; an inquiry about several has none."""
    if isinstance(event, InquiryOpened):
        return event.contract_numbers[0] if len(event.contract_numbers) == 1 else None
    return getattr(event, "contract_number", None)


def _customer_of(message: Message, event: Event, inquiry_id: str | None) -> str:
    """Whose mail it is; what becomes of it is told under the inquiry, else under the customer."""
    customer_id = said(event, "customer_id")
    if customer_id is not None:
        return customer_id
    if inquiry_id is None:
        return UNKNOWN
    inquiry = message.replica(INQUIRY, inquiry_id)
    return str(inquiry.customer_id) if inquiry else ""


def _after_attempt(
    rules: Rules, outcome: MailAttempted, state: Notification | None, now: datetime
) -> Sequence[Event]:
    """A success counts even when it comes late: the mail is out and must not go out again.

    A failure counts only for the attempt that is awaited: a worker that lost its lease may report
    one that another has already made good.
    """
    if state is None or not state.is_due:
        return []
    if outcome.error is None:
        return [_sent(outcome, state)]
    if outcome.attempt != state.attempts + 1:
        return []
    next_at = now + pause_after(rules, outcome.attempt)
    if outcome.permanent or next_at > state.due_at + rules.give_up_after:
        return [_failed(outcome, state, outcome.error)]
    return [NotificationRetry(attempts=outcome.attempt, error=outcome.error, next_at=next_at)]


def pause_after(rules: Rules, attempt: int) -> timedelta:
    """1 s after the first attempt, doubling up to the longest pause; no jitter."""
    doublings = min(attempt - 1, 30)  # keeps the product far from timedelta's bound
    return min(rules.first_pause * (1 << doublings), rules.longest_pause)


def _sent(outcome: MailAttempted, state: Notification) -> NotificationSent:
    return NotificationSent(
        notification_id=state.notification_id,
        template=state.template,
        recipient_hash=outcome.recipient_hash,
        customer_id=state.customer_id,
        inquiry_id=state.inquiry_id,
        attempts=max(state.attempts, outcome.attempt),
    )


def _failed(outcome: MailAttempted, state: Notification, error: str) -> NotificationFailed:
    return NotificationFailed(
        notification_id=state.notification_id,
        template=state.template,
        recipient_hash=outcome.recipient_hash,
        customer_id=state.customer_id,
        inquiry_id=state.inquiry_id,
        attempts=outcome.attempt,
        error=error,
    )
