"""One mail to one customer, until it is sent or given up."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.notification.mail.catalogue import BY_TEMPLATE, Mail
from shared.events.values import Contact, Instant, Language

KIND = "notification"


class Status(StrEnum):
    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    HANDED_OVER = "handed_over"


class Notification(BaseModel):
    """`due_at` is when it was first due, `next_at` when its next attempt is; None once it ended.

    `customer_id` is empty when the inquiry's opening has never reached this service. Once ended,
    `contact` is empty, and so are `facts`, unless a summary says them: nobody needs the words.
    """

    model_config = ConfigDict(frozen=True)

    notification_id: str
    template: str
    customer_id: str
    inquiry_id: str | None
    contract_number: str | None
    language: Language | None
    contact: Contact | None
    facts: dict[str, Any]
    due_at: Instant
    next_at: Instant | None
    attempts: int = 0
    status: Status = Status.DUE
    error: str | None = None

    @property
    def is_due(self) -> bool:
        return self.status is Status.DUE


def work_at(state: Notification) -> datetime | None:
    """When the next attempt is due; None once the notification has ended."""
    return state.next_at


def work_since(state: Notification) -> datetime | None:
    """When the mail was first due; None once the notification has ended."""
    return state.due_at if state.next_at else None


def mail_of(state: Notification) -> Mail:
    return BY_TEMPLATE[state.template]
