"""Lag in records and in seconds, per service and topic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from desk.commands.flow import line
from shared.kafka.broker import GroupBacklog
from shared.operations.flow import Flow, ServiceLag, lag_on

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("backlog", "records", "seconds"),
    [
        (GroupBacklog(0), 0, None),
        (GroupBacklog(3, NOW - timedelta(seconds=90)), 3, 90.0),
        (GroupBacklog(3, NOW + timedelta(seconds=90)), 3, 0.0),
        (GroupBacklog(3, None), 3, None),
    ],
)
def test_a_backlog_is_a_lag_in_records_and_seconds(
    backlog: GroupBacklog, records: int, seconds: float | None
) -> None:
    found = lag_on("cancellation", "desk.timers", backlog, NOW)

    assert (found.records, found.seconds, found.oldest) == (records, seconds, backlog.oldest)


def test_a_service_is_as_far_behind_as_on_its_worst_topic() -> None:
    lags = [
        ServiceLag("cancellation", "desk.timers", 2, NOW, 5.0),
        ServiceLag("cancellation", "desk.contracts", 1, None, None),
        ServiceLag("cancellation", "billing.invoices", 4, NOW, 61.0),
        ServiceLag("inquiry_intake", "desk.contracts", 9, NOW, 900.0),
    ]
    flow = Flow(NOW, [], lags)

    assert flow.of("cancellation") == (7, 61.0)
    assert flow.of("notification") == (0, 0)
    assert "cancellation 7 (61 s)" in line(flow)
    assert "\n" not in line(flow)
