"""Shows what is parked and what is due: it waits, and no message need ever touch it again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from shared.runtime.decider import Decider
from shared.telemetry.metrics import Metrics


class CountsOpenAggregates(Protocol):
    """Counts a store's overdue and parked aggregates. Both methods raise `Outage`."""

    async def parked(self, kind: str) -> int:
        """How many aggregates a defect parked."""

    async def past_due(self, kind: str, now: datetime) -> tuple[int, datetime | None]:
        """How many aggregates are due, and since when the longest is."""


async def measure_backlog(
    store: CountsOpenAggregates, deciders: Iterable[Decider[Any]], metrics: Metrics, now: datetime
) -> None:
    """Set the gauges; `now` is timezone-aware. Raises `Outage`."""
    for decider in deciders:
        kind = decider.kind
        metrics.parked.labels(kind).set(await store.parked(kind))
        if decider.has_timers:
            count, since = await store.past_due(kind, now)
            metrics.due.labels(kind).set(count)
            metrics.due_oldest.labels(kind).set((now - since).total_seconds() if since else 0.0)
