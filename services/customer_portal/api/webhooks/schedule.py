"""Decides after each attempt: delivered, retried on the standard's schedule, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first attempt, as Standard Webhooks advises: three days in all."""
GONE = 410


class DeliveryState(StrEnum):
    """How far a delivery is.

    `held`: not sent, because the webhook is disabled; a replay sends it. `failed`: given up after
    the last attempt. `dropped`: the partner may no longer read of it.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    HELD = "held"
    DROPPED = "dropped"


class Disabled(StrEnum):
    """The reason why a webhook is disabled."""

    FAILING = "failing"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of an attempt: an HTTP status, or the error's name if there is none."""

    status: int | None = None
    error: str | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Next:
    """The next state of a delivery and of its webhook."""

    state: DeliveryState
    due_at: datetime | None = None
    failing_since: datetime | None = None
    disabled: Disabled | None = None


def after(
    outcome: AttemptResult,
    tries: int,
    failing_since: datetime | None,
    now: datetime,
    give_up_after: timedelta,
) -> Next:
    """`tries` counts this attempt. A webhook that fails for `give_up_after` is disabled."""
    if outcome.good:
        return Next(DeliveryState.DELIVERED)
    since = failing_since or now
    if outcome.status == GONE:
        return Next(DeliveryState.HELD, None, since, Disabled.GONE)
    if now - since >= give_up_after:
        return Next(DeliveryState.HELD, None, since, Disabled.FAILING)
    if tries > len(PAUSES):
        return Next(DeliveryState.FAILED, None, since)
    return Next(DeliveryState.WAITING, now + PAUSES[tries - 1], since)
