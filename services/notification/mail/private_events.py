"""Notification's private events about a mail: kept in the history, on no topic."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from shared.events.envelope import Event
from shared.events.values import Contact, Instant, Language


class NotificationDue(Event):
    """A customer should hear of something. `facts` are the cause's fields that the words need."""

    ce_type: ClassVar[str] = "notification.due"

    notification_id: str
    template: str
    customer_id: str
    inquiry_id: str | None = None
    contract_number: str | None = None
    language: Language | None = None
    contact: Contact | None = None
    facts: dict[str, Any]
    due_at: Instant


class NotificationRetry(Event):
    """An attempt failed in a way that may pass; the next one is due at `next_at`."""

    ce_type: ClassVar[str] = "notification.retry"

    attempts: int
    error: str
    next_at: Instant


class NotificationHandedOver(Event):
    """The inquiry's summary says it; this notification has no mail of its own.

    Its `facts` stay: it may be stored before the summary that takes them over.
    """

    ce_type: ClassVar[str] = "notification.handed_over"

    inquiry_id: str
    facts: dict[str, Any] = Field(default_factory=dict)


PRIVATE_EVENTS: tuple[type[Event], ...] = (
    NotificationDue,
    NotificationRetry,
    NotificationHandedOver,
)
