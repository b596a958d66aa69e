"""OpenTelemetry traces: off unless a collector is named, sent aside, and never waited for.

The only file that imports OpenTelemetry, and only where tracing is on. No attribute holds personal
data: callers hand in ids, codes and numbers alone.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import structlog

from shared.settings import RuntimeSettings, Sampler
from shared.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.sampling import Sampler as OtelSampler
    from opentelemetry.trace import Link
    from opentelemetry.trace import Span as OtelSpan

log: structlog.stdlib.BoundLogger = structlog.get_logger()

STOPPED_WITHIN_SECONDS = 2.0
"""How long a process that ends waits for a collector to take its last spans."""
MOST_LINKS = 1_000
"""Of a batch's span; OpenTelemetry's own limit, 128, is less than a batch."""
INSTALL_HINT = "pip install 'contract-desk[tracing]'"

Kind: TypeAlias = Literal["internal", "server", "client", "consumer"]
Value: TypeAlias = str | int | Sequence[str]

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """Of the request that this task answers, if that is traced: what it publishes continues it."""
    return _current.get()


@contextmanager
def continuing(traceparent: str | None) -> Iterator[None]:
    """Makes all that this task publishes within continue the trace."""
    before = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(before)


class Span:
    """One sampled step of a trace, until it is ended."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        )
        """By which others continue the trace from here."""

    def note(self, attributes: Mapping[str, Value]) -> None:
        self._span.set_attributes(attributes)

    def link(self, other: Span) -> None:
        """Names the span of another trace in which the same was done."""
        self._span.add_link(other._span.get_span_context())

    def fail(self, reason: str) -> None:
        """It has failed for a reason of a closed set: no text of a message or a person."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", reason)
        self._span.set_status(StatusCode.ERROR, reason)

    def end(self, at: int | None = None) -> None:
        """`at`: nanoseconds since 1970; now where it is left out."""
        self._span.end(at)


class Traces:
    """The spans of one process."""

    def __init__(self, provider: TracerProvider, metrics: Metrics) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import Link, SpanKind, get_current_span, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("contract-desk", version("contract-desk"))
        self._extract = TraceContextTextMapPropagator().extract
        self._nothing = Context()
        self._made = metrics.spans.labels("made")
        self._kinds = {kind.name.lower(): kind for kind in SpanKind}
        self._link, self._span_in, self._within = Link, get_current_span, set_span_in_context

    def begin(
        self,
        name: str,
        kind: Kind,
        *,
        parent: str | Span | None = None,
        links: Iterable[str] = (),
        attributes: Mapping[str, Value] | None = None,
        at: int | None = None,
    ) -> Span | None:
        """A step that continues `parent`, or begins a trace; None where it is not sampled.

        `parent` and `links` may be what a stranger sent: one that is invalid counts as none. `at`
        is when it began, in nanoseconds since 1970.
        """
        if isinstance(parent, Span):
            context = self._within(parent._span, self._nothing)
        else:
            context = self._extracted(parent)
        span = self._tracer.start_span(
            name,
            context,
            self._kinds[kind],
            attributes,
            [*self._links(links)],
            at,
            record_exception=False,
            set_status_on_exception=False,
        )
        if not span.is_recording():
            return None
        self._made.inc()
        return Span(span)

    def begin_batch(
        self,
        name: str,
        links: Iterable[str],
        *,
        attributes: Mapping[str, Value],
        at: int | None = None,
    ) -> Span | None:
        """A step on many messages at once, with a link to each; None where none is sampled."""
        linked = [it for it in links if self._is_sampled(it)]
        if not linked:
            return None
        return self.begin(name, "consumer", links=linked, attributes=attributes, at=at)

    def _is_sampled(self, traceparent: str) -> bool:
        return any(it.context.trace_flags.sampled for it in self._links([traceparent]))

    def _extracted(self, traceparent: str | None) -> Any:
        if traceparent is None:
            return self._nothing
        return self._extract({"traceparent": traceparent}, self._nothing)

    def _links(self, traceparents: Iterable[str]) -> Iterator[Link]:
        for traceparent in traceparents:
            context = self._span_in(self._extracted(traceparent)).get_span_context()
            if context.is_valid:
                yield self._link(context)

    async def stop(self) -> None:
        """Send what waits; what a collector has not taken in time is lost."""
        thread = threading.Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        for _ in range(round(STOPPED_WITHIN_SECONDS / 0.02)):
            if not thread.is_alive():
                return
            await asyncio.sleep(0.02)


def traces_of(service: str, settings: RuntimeSettings, metrics: Metrics) -> Traces | None:
    """The process's traces; None where no collector is named. Nothing connects here.

    Ends the process where what sends them is not installed.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        sys.exit(f"error: OTEL_EXPORTER_OTLP_ENDPOINT is set; {INSTALL_HINT}")
    from opentelemetry.util.re import parse_env_headers

    headers = settings.otel_exporter_otlp_headers.get_secret_value()
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces",
        headers=parse_env_headers(headers, liberal=True),
    )
    # A line a try, each with what the collector said; the exporter below tells it once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    return traces_to(exporter, service, settings, metrics)


def traces_to(
    exporter: SpanExporter, service: str, settings: RuntimeSettings, metrics: Metrics
) -> Traces:
    """Traces whose spans a thread hands to `exporter` in batches, out of a queue with a bound."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {
            "service.name": service,
            "service.namespace": "contract-desk",
            "service.version": version("contract-desk"),
        }
    )
    provider = TracerProvider(
        sampler=_with_their_messages(sampler_of(settings)),
        resource=resource,
        shutdown_on_exit=False,
        span_limits=SpanLimits(max_links=MOST_LINKS),
    )
    provider.add_span_processor(BatchSpanProcessor(_counted(exporter, metrics)))
    return Traces(provider, metrics)


def sampler_of(settings: RuntimeSettings) -> OtelSampler:
    from opentelemetry.sdk.trace import sampling

    ratio = sampling.TraceIdRatioBased(settings.otel_traces_sampler_arg)
    samplers: dict[Sampler, OtelSampler] = {
        "always_on": sampling.ALWAYS_ON,
        "always_off": sampling.ALWAYS_OFF,
        "traceidratio": ratio,
        "parentbased_always_on": sampling.DEFAULT_ON,
        "parentbased_always_off": sampling.DEFAULT_OFF,
        "parentbased_traceidratio": sampling.ParentBased(ratio),
    }
    return samplers[settings.otel_traces_sampler]


def _with_their_messages(sampler: OtelSampler) -> OtelSampler:
    """A batch's span, which has links and no parent, is sampled if one of its messages is."""
    from opentelemetry.sdk.trace import sampling

    class LinkBased(sampling.Sampler):
        def should_sample(
            self,
            parent_context: Any,
            trace_id: int,
            name: str,
            kind: Any = None,
            attributes: Any = None,
            links: Sequence[Link] | None = None,
            trace_state: Any = None,
        ) -> sampling.SamplingResult:
            if links and any(it.context.trace_flags.sampled for it in links):
                return sampling.SamplingResult(sampling.Decision.RECORD_AND_SAMPLE, attributes)
            return sampler.should_sample(
                parent_context, trace_id, name, kind, attributes, links, trace_state
            )

        def get_description(self) -> str:
            return f"LinkBased{{{sampler.get_description()}}}"

    return LinkBased()


def _counted(exporter: SpanExporter, metrics: Metrics) -> SpanExporter:
    """The same exporter; the metric counts what it does, the log says when that changes."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    context = copy_context()  # of the process's log; a thread begins without one

    class Counted(SpanExporter):
        taken = True

        def export(self, spans: Sequence[Any]) -> SpanExportResult:
            result = exporter.export(spans)
            taken = result is SpanExportResult.SUCCESS
            metrics.spans.labels("sent" if taken else "lost").inc(len(spans))
            if taken is not self.taken:
                self.taken = taken
                say = log.info if taken else log.warning
                context.run(say, "traces are taken again" if taken else "traces are not taken")
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Counted()
