"""Traces whose spans are kept in memory, and what tests ask of a span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces, traces_to

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDERS = "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SENDERS}-01"
UNSAMPLED = f"00-{TRACE}-{SENDERS}-00"


@dataclass
class Traced:
    """One process's traces, and the spans that it has ended."""

    traces: Traces
    exporter: InMemorySpanExporter
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        self.traces._provider.force_flush()
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def traced(service: str = "inquiry_intake", **settings: Any) -> Iterator[Traced]:
    """Traces to memory, sampled as `settings` say."""
    exporter, metrics = InMemorySpanExporter(), Metrics()
    traces = traces_to(exporter, service, RuntimeSettings(**settings), metrics)
    try:
        yield Traced(traces, exporter, metrics)
    finally:
        traces._provider.shutdown()


def trace_of(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}"


def id_of(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"


def traceparent_of(span: ReadableSpan) -> str:
    """By which others continue the trace from this span."""
    return f"00-{trace_of(span)}-{id_of(span)}-{span.context.trace_flags:02x}"


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def said_by(spans: Sequence[ReadableSpan]) -> str:
    """Everything that a collector would be told, in one text."""
    return "\n".join(span.to_json() for span in spans)
