"""Which timers may wake their aggregate: its own due time must have come by both clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.events.envelope import Message, Unchecked
from shared.events.internal import TimerDue
from shared.runtime.timers import Objection, acting_now, objection_to

DUE = datetime(2026, 12, 27, tzinfo=UTC)
BEFORE, AFTER = DUE - timedelta(days=40), DUE + timedelta(seconds=1)
FAR = DUE + timedelta(days=400)


def timer(names: datetime, broker_time: datetime | None) -> Message:
    data = TimerDue(kind="file", id="K-1", owner="cancellation", due_at=names)
    return Message("/services/cancellation/clock", "t-1", data, broker_time=broker_time)


@pytest.mark.parametrize(
    ("aggregate_due", "names", "now", "broker_time", "objection"),
    [
        (DUE, DUE, AFTER, AFTER, None),
        (DUE, DUE, DUE, DUE, None),
        (DUE, DUE, AFTER, BEFORE, Objection.PREMATURE),
        (DUE, DUE, BEFORE, AFTER, Objection.PREMATURE),
        (DUE, DUE, BEFORE, BEFORE, Objection.PREMATURE),
        (DUE, FAR, AFTER, AFTER, Objection.OUTDATED),
        (DUE, BEFORE, AFTER, AFTER, Objection.OUTDATED),
        (None, DUE, AFTER, AFTER, Objection.OUTDATED),
        # A topic that carries the sender's time leaves the service's clock alone.
        (DUE, DUE, AFTER, None, None),
        (DUE, DUE, BEFORE, None, Objection.PREMATURE),
        # The database keeps milliseconds, so a timer cannot name more.
        (DUE + timedelta(microseconds=400), DUE, AFTER, AFTER, None),
        (DUE + timedelta(milliseconds=1), DUE, AFTER, AFTER, Objection.OUTDATED),
    ],
)
def test_a_timer_is_decided_only_once_the_aggregates_own_due_time_has_come(
    aggregate_due: datetime | None,
    names: datetime,
    now: datetime,
    broker_time: datetime | None,
    objection: Objection | None,
) -> None:
    assert objection_to(timer(names, broker_time), aggregate_due, now) is objection


@pytest.mark.parametrize(
    ("now", "broker_time", "acting"),
    [(AFTER, FAR, AFTER), (FAR, AFTER, AFTER), (AFTER, None, AFTER)],
)
def test_a_timer_is_decided_at_the_earlier_of_the_two_clocks(
    now: datetime, broker_time: datetime | None, acting: datetime
) -> None:
    assert acting_now(timer(DUE, broker_time), now) == acting


def test_any_other_message_is_decided_at_the_services_own_time() -> None:
    message = Message("/channels/web", "s-1", Unchecked("x", {}), broker_time=BEFORE)
    assert acting_now(message, AFTER) == AFTER
