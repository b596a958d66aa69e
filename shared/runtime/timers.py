"""Whether a timer may wake its aggregate: some of what follows from it cannot be undone.

A timer proves nothing by itself: a clock that is ahead, or anybody who may write to the topic, can
have sent it. The aggregate's own due time says when it is due, and two clocks must agree that it
has come. A timer that is dropped is no loss: the clock sends it again while its aggregate is due.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from shared.events.envelope import Message
from shared.events.internal import TimerDue

STORED_PRECISION = timedelta(milliseconds=1)
"""The database keeps instants to the millisecond, and timers are made from what it keeps."""


class Objection(StrEnum):
    """The reason for dropping a timer before its decision, as metrics and logs name it."""

    PREMATURE = "premature"
    """Its aggregate is not due yet, by this service's clock or by the broker's."""
    OUTDATED = "outdated"
    """Its aggregate is due at another time, or never."""
    NEWER = "newer"
    """A newer release wrote its aggregate, and knows when it is due."""


def acting_now(message: Message, now: datetime) -> datetime:
    """The instant at which `message` is decided where this service's clock says `now`.

    For a timer that is the earlier of this clock and the broker's, so that neither alone can bring
    anything about before its day. A topic without the broker's time leaves this clock alone.
    """
    if not isinstance(message.data, TimerDue) or message.broker_time is None:
        return now
    return min(now, message.broker_time)


def objection_to(message: Message, due_at: datetime | None, now: datetime) -> Objection | None:
    """Returns why the timer `message` must not be decided in an aggregate due at `due_at`."""
    assert isinstance(message.data, TimerDue)
    if due_at is None or abs(due_at - message.data.due_at) >= STORED_PRECISION:
        return Objection.OUTDATED
    return Objection.PREMATURE if due_at > acting_now(message, now) else None
