"""Traces are sent aside: a collector that is slow, silent or gone holds up and breaks nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces, traces_of, traces_to
from tests.builders.collector import sent_to
from tests.builders.webhook_receiver import Received, receiver

MORE_THAN_THE_QUEUE = 5_000


def sending_to(port: int, metrics: Metrics, **settings: Any) -> Traces:
    endpoint = f"http://127.0.0.1:{port}"
    told = RuntimeSettings(otel_exporter_otlp_endpoint=endpoint, **settings)
    traces = traces_of("cancellation", told, metrics)
    assert traces is not None
    return traces


def make(traces: Traces, number: int = 1) -> None:
    for _ in range(number):
        span = traces.begin("process desk.contracts", "consumer")
        assert span is not None
        span.end()


def counted(metrics: Metrics) -> dict[str, float]:
    return {
        outcome: metrics.registry.get_sample_value("desk_spans_total", {"outcome": outcome}) or 0
        for outcome in ("made", "sent", "lost")
    }


def test_without_a_collector_nothing_is_traced_or_imported() -> None:
    assert traces_of("cancellation", RuntimeSettings(), Metrics()) is None
    code = (
        "import sys, services.inquiry_intake.__main__, services.customer_portal.__main__\n"
        "assert 'shared.telemetry.tracing' in sys.modules\n"
        "assert not [it for it in sys.modules if it.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_a_collector_gets_what_was_made_when_the_process_ends() -> None:
    metrics = Metrics()
    async with receiver() as collector:
        traces = sending_to(collector.port, metrics, otel_exporter_otlp_headers="api-key=of-mine")
        make(traces, 3)
        await traces.stop()

    assert {it.path for it in collector.got} == {"/v1/traces"}
    assert {it.headers["api-key"] for it in collector.got} == {"of-mine"}
    assert [it.service for it in sent_to(collector)] == ["cancellation"] * 3
    assert counted(metrics) == {"made": 3, "sent": 3, "lost": 0}


async def test_a_process_ends_though_its_collector_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "25")
    for_ever, metrics = asyncio.Event(), Metrics()

    async def hang(_request: Received) -> None:
        await for_ever.wait()

    async with receiver() as collector:
        collector.before_answer = hang
        traces = sending_to(collector.port, metrics)
        make(traces)
        await traces.stop()
        assert counted(metrics) == {"made": 1, "sent": 0, "lost": 0}, "nobody waited for an answer"
        for_ever.set()


@pytest.mark.parametrize("answers", [None, "400 Bad Request"], ids=["gone", "refuses"])
async def test_what_is_not_taken_is_lost_and_said_once(
    answers: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # a gone collector is tried that long
    metrics = Metrics()
    with capture_logs() as log:
        async with receiver() as collector:
            port = collector.port if answers else await closed_port()
            collector.answers = [answers or ""] * 10
            traces = sending_to(port, metrics)
            for _ in range(3):
                make(traces)
                await asyncio.to_thread(traces._provider.force_flush)
            await traces.stop()

    assert counted(metrics) == {"made": 3, "sent": 0, "lost": 3}
    assert [it["event"] for it in log] == ["traces are not taken"]


async def closed_port() -> int:
    """A port at which nobody listens."""
    async with receiver() as gone:
        return gone.port


class Slow(SpanExporter):
    """Takes nothing until it is let; then everything."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def export(self, _spans: Sequence[Any]) -> SpanExportResult:
        self.let.wait()
        return SpanExportResult.SUCCESS


async def test_a_queue_that_is_full_holds_nobody_up_and_grows_no_further() -> None:
    metrics, exporter = Metrics(), Slow()
    traces = traces_to(exporter, "cancellation", RuntimeSettings(), metrics)
    make(traces, MORE_THAN_THE_QUEUE)
    exporter.let.set()
    await traces.stop()

    found = counted(metrics)
    assert found["made"] == MORE_THAN_THE_QUEUE
    assert 2_048 <= found["sent"] <= 2_048 + 512


def test_who_turns_it_on_without_its_libraries_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = RuntimeSettings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")
    with pytest.raises(SystemExit, match=r"pip install 'contract-desk\[tracing\]'"):
        traces_of("cancellation", settings, Metrics())
