"""How events change what is known of a mail."""

from __future__ import annotations

from services.notification.mail.private_events import (
    NotificationDue,
    NotificationHandedOver,
    NotificationRetry,
)
from services.notification.mail.state import Notification, Status
from shared.events.envelope import Event
from shared.events.notifications import NotificationFailed, NotificationSent


def evolve(state: Notification | None, event: Event) -> Notification:
    if isinstance(event, NotificationDue):
        return Notification.model_validate({**event.model_dump(), "next_at": event.due_at})
    assert state is not None
    match event:
        case NotificationRetry():
            retried = {"attempts": event.attempts, "error": event.error, "next_at": event.next_at}
            return state.model_copy(update=retried)
        case NotificationSent():
            return _ended(state, Status.SENT, event.attempts, None)
        case NotificationFailed():
            return _ended(state, Status.FAILED, event.attempts, event.error)
        case NotificationHandedOver():
            ended = _ended(state, Status.HANDED_OVER, state.attempts, None)
            return ended.model_copy(update={"facts": event.facts})
    raise AssertionError(f"a notification has no {event.ce_type}")


def _ended(state: Notification, status: Status, attempts: int, error: str | None) -> Notification:
    ended = {"status": status, "attempts": attempts, "error": error}
    return state.model_copy(update={**ended, "next_at": None, "facts": {}, "contact": None})
