"""Reads the spans that an OpenTelemetry collector was sent, as OTLP's own protobuf messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.builders.webhook_receiver import Receiver


@dataclass(frozen=True)
class Sent:
    """One span as a collector gets it, of one service."""

    service: str
    span: Any

    @property
    def trace(self) -> str:
        return str(self.span.trace_id.hex())


def sent_to(collector: Receiver) -> Iterator[Sent]:
    """Every span so far. Raises DecodeError for a body that is no OTLP."""
    for request in collector.got:
        export = ExportTraceServiceRequest.FromString(request.body)
        for of_resource in export.resource_spans:
            told = {it.key: it.value.string_value for it in of_resource.resource.attributes}
            for scope in of_resource.scope_spans:
                yield from (Sent(told["service.name"], span) for span in scope.spans)
