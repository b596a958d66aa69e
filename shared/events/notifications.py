"""Events about the desk's mails, without addresses and texts."""

from __future__ import annotations

from typing import ClassVar

from shared.events.envelope import Event
from shared.events.values import Count

RATE_LIMITED = "rate_limited"
"""The `error` of a mail that was never tried, since its address has had too many."""


class NotificationEvent(Event):
    """`recipient_hash` is a keyed hash of the address: not reversible, equal for equal ones.

    It is empty when no address was found, `customer_id` when the customer was not either.
    """

    notification_id: str
    template: str
    recipient_hash: str
    customer_id: str
    inquiry_id: str | None = None
    attempts: Count


class NotificationSent(NotificationEvent):
    """The mail server accepted the mail."""

    ce_type: ClassVar[str] = "notification.sent.v1"


class NotificationFailed(NotificationEvent):
    """The desk gave up on this mail; `error` says why, without personal data."""

    ce_type: ClassVar[str] = "notification.failed.v1"

    error: str
