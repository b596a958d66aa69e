"""Every metric the desk exports, in one place. No label ever holds an id or personal data."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
)

STEP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The metrics of one service process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self.records = Counter(
            "desk_records_total",
            "Records by fate: decided, repeated, ignored, dead; timers also premature, outdated or"
            " newer (their aggregate was written by a newer release).",
            ["fate"],
            registry=registry,
        )
        self.events = Counter(
            "desk_events_total", "Events published, by type.", ["type"], registry=registry
        )
        self.alarms = Counter(
            "desk_alarms_total",
            "Decisions that operations should look at, by the type of their private event.",
            ["type"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "desk_dead_letters_total", "Dead letters, by reason.", ["reason"], registry=registry
        )
        self.step = Histogram(
            "desk_step_seconds",
            "Duration of one step on one batch.",
            ["step"],
            buckets=STEP_BUCKETS,
            registry=registry,
        )
        self.conflicts = Counter(
            "desk_write_conflicts_total",
            "Batches decided again because another writer came first.",
            registry=registry,
        )
        self.outages = Counter(
            "desk_outages_total",
            "Tries that failed because a dependency was away.",
            ["dependency"],
            registry=registry,
        )
        self.degraded = Gauge(
            "desk_degraded", "1 while a dependency is down.", ["dependency"], registry=registry
        )
        self.lag = Gauge(
            "desk_lag_records",
            "Records behind the end of the partition, at the last batch.",
            ["topic", "partition"],
            registry=registry,
        )
        self.clock_skew = Gauge(
            "desk_clock_skew_seconds",
            "By how much this machine's clock is ahead of the broker's; until the broker has"
            " acknowledged a record, of the database's.",
            registry=registry,
        )
        self.timers = Counter(
            "desk_timers_total", "Timer messages published by this clock.", registry=registry
        )
        self.largest_document = Gauge(
            "desk_largest_document_bytes",
            "The largest document: of those over 1 MB, or written in the last minute.",
            ["kind"],
            registry=registry,
        )
        self.large_documents = Gauge(
            "desk_large_documents", "Documents over 1 MB.", ["kind"], registry=registry
        )
        self._largest: dict[str, int] = {}
        self.work = Counter(
            "desk_work_total",
            "Side effects by outcome: done, failed.",
            ["outcome"],
            registry=registry,
        )
        self.work_waiting = Gauge(
            "desk_work_waiting",
            "Side effects that wait to be done, by kind: `notification` is mails.",
            ["kind"],
            registry=registry,
        )
        self.work_oldest = Gauge(
            "desk_work_oldest_seconds",
            "How long the oldest of the waiting side effects has waited.",
            ["kind"],
            registry=registry,
        )

    def seen_document(self, kind: str, size: int) -> None:
        """A document of this kind was written with `size` bytes."""
        if size > self._largest.get(kind, 0):
            self.found_largest(kind, size)

    def found_largest(self, kind: str, size: int) -> None:
        """The largest document of this kind has `size` bytes."""
        self._largest[kind] = size
        self.largest_document.labels(kind).set(size)
