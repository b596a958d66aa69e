"""Every metric the desk exports, in one place. No label ever holds an id or personal data.

`docs/metrics.md` is made from this module (`shared.telemetry.page`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

STEP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RECORDS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
WORK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400)
PAGE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

LABELS = {
    "dependency": "What the process needs: `kafka`, `mongodb`, `smtp`; and `records`, `rights` or"
    " `clock`, as on the health page.",
    "fate": "`decided`, `repeated`, `ignored`, `dead`, `discarded`; of timers also `premature`,"
    " `outdated` and `newer` (a newer release wrote their record).",
    "kind": "The kind of record, such as `inquiry`, `file`, `contract` or `notification`.",
    "outcome": "`done` or `failed`; of a mail that was tried `accepted`, `refused` (it is tried"
    " again) or `refused_for_good`; of spans `made`, `sent` or `lost`.",
    "page": "The page's name and language, such as `contact.en`, never its address; `none` for an"
    " address of no page.",
    "partition": "A partition's number.",
    "policy": "The policy that decided, as in the event's `policy`.",
    "reason": "Why a record was given up, as in `dl_reason` (events.md).",
    "status": "The HTTP status of the answer.",
    "step": "`decode`, `read`, `decide`, `store` or `publish`.",
    "topic": "A topic of the catalogue (events.md).",
    "type": "The `ce_type` of an event, or the type of a private one.",
}
"""Each label's meaning, the same wherever it stands; all their values are closed sets."""


@dataclass(frozen=True, slots=True)
class Documented:
    """One metric as its readers know it."""

    name: str
    type: str
    unit: str
    labels: tuple[str, ...]
    meaning: str


class Metrics:
    """The metrics of one process, of a service or a web application."""

    def __init__(self) -> None:
        # The instant at which each series was made doubles their number, and nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self.documented: list[Documented] = []
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self.records = self._counter("desk_records_total", "records", "Records by fate.", "fate")
        self.batch = self._histogram(
            "desk_batch_records",
            "records",
            "How many records were decided, or put into a projection, together.",
            buckets=RECORDS_BUCKETS,
        )
        self.step = self._histogram(
            "desk_step_seconds",
            "seconds",
            "Duration of one step on one batch.",
            "step",
            buckets=STEP_BUCKETS,
        )
        self.events = self._counter(
            "desk_events_total",
            "events",
            "Events published, by type; `notification.sent.v1` and `notification.failed.v1` are"
            " what became of the mails.",
            "type",
        )
        self.decisions = self._counter(
            "desk_decisions_total",
            "events",
            "Decisions on contracts, by type and by the policy that decided.",
            "type",
            "policy",
        )
        self.alarms = self._counter(
            "desk_alarms_total",
            "events",
            "Decisions that operations should look at, by type; `inquiry.overdue.v1` is an inquiry"
            " past its answer target.",
            "type",
        )
        self.dead_letters = self._counter(
            "desk_dead_letters_total", "records", "Dead letters, by reason.", "reason"
        )
        self.parked = self._gauge(
            "desk_parked",
            "records",
            "Records of a kind that a defect parked, once a minute; at most 100,000 are counted.",
            "kind",
        )
        self.due = self._gauge(
            "desk_due",
            "records",
            "Records whose time has come and that no timer has woken yet, once a minute; at most"
            " 100,000 are counted.",
            "kind",
        )
        self.due_oldest = self._gauge(
            "desk_due_oldest_seconds",
            "seconds",
            "How long ago the longest due of them was due; 0 when none is.",
            "kind",
        )
        self.conflicts = self._counter(
            "desk_write_conflicts_total",
            "batches",
            "Batches decided again because another writer came first.",
        )
        self.outages = self._counter(
            "desk_outages_total",
            "tries",
            "Tries that failed because a dependency was down.",
            "dependency",
        )
        self.degraded = self._gauge(
            "desk_degraded", "0 or 1", "1 while a dependency is down.", "dependency"
        )
        self.lag = self._gauge(
            "desk_lag_records",
            "records",
            "Records behind the end of the partition, at the last batch.",
            "topic",
            "partition",
        )
        self.lag_seconds = self._gauge(
            "desk_lag_seconds",
            "seconds",
            "How old the last record decided was when it was decided, if others lie behind it;"
            " else 0. As of the last batch.",
            "topic",
            "partition",
        )
        self.clock_skew = self._gauge(
            "desk_clock_skew_seconds",
            "seconds",
            "By how much this machine's clock is ahead of the broker's; until the broker has"
            " acknowledged a record, of the database's.",
        )
        self.timers = self._counter(
            "desk_timers_total", "records", "Timer messages published by this process's clock."
        )
        self.largest_document = self._gauge(
            "desk_largest_document_bytes",
            "bytes",
            "The largest document: of those over 1 MB, or written in the last minute.",
            "kind",
        )
        self.large_documents = self._gauge(
            "desk_large_documents", "documents", "Documents over 1 MB.", "kind"
        )
        self._largest: dict[str, int] = {}
        self.work = self._counter(
            "desk_work_total", "side effects", "Side effects that were tried.", "outcome"
        )
        self.work_seconds = self._histogram(
            "desk_work_seconds",
            "seconds",
            "How long a side effect had been wanted when it was tried, by kind and outcome: a"
            " mail's age, or a document's.",
            "kind",
            "outcome",
            buckets=WORK_BUCKETS,
        )
        self.work_waiting = self._gauge(
            "desk_work_waiting",
            "side effects",
            "Side effects that wait to be done; of kind `notification` they are mails.",
            "kind",
        )
        self.work_oldest = self._gauge(
            "desk_work_oldest_seconds",
            "seconds",
            "How long the oldest of the waiting side effects has waited.",
            "kind",
        )
        self.web_requests = self._histogram(
            "desk_web_request_seconds",
            "seconds",
            "Until a web application began to answer, by page and status. Live parts of pages are"
            " left out.",
            "page",
            "status",
            buckets=PAGE_BUCKETS,
        )
        self.spans = self._counter(
            "desk_spans_total",
            "spans",
            "Spans of traces, where tracing is on: those made, those that the collector took and"
            " those that it did not. What was made and is neither found the queue full.",
            "outcome",
        )

    def start_at_zero(
        self, *, fates: Iterable[str], reasons: Iterable[str], alarms: Iterable[str]
    ) -> None:
        """Show these counters before the first event: an alert sees no rise from nothing to 1."""
        for fate in fates:
            self.records.labels(fate)
        for reason in reasons:
            self.dead_letters.labels(reason)
        for alarm in alarms:
            self.alarms.labels(alarm)

    def seen_document(self, kind: str, size: int) -> None:
        """A document of this kind was written with `size` bytes."""
        if size > self._largest.get(kind, 0):
            self.found_largest(kind, size)

    def found_largest(self, kind: str, size: int) -> None:
        """The largest document of this kind has `size` bytes."""
        self._largest[kind] = size
        self.largest_document.labels(kind).set(size)

    def _counter(self, name: str, unit: str, meaning: str, *labels: str) -> Counter:
        self.documented.append(Documented(name, "counter", unit, labels, meaning))
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, unit: str, meaning: str, *labels: str) -> Gauge:
        self.documented.append(Documented(name, "gauge", unit, labels, meaning))
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(
        self, name: str, unit: str, meaning: str, *labels: str, buckets: tuple[float, ...]
    ) -> Histogram:
        self.documented.append(Documented(name, "histogram", unit, labels, meaning))
        return Histogram(name, meaning, labels, buckets=buckets, registry=self.registry)
