"""A span says of events their types, and ids by which operators find a trace. No more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.events.field_classes import is_fact
from shared.telemetry.tracing import Value

IDS = (
    "reference",
    "inquiry_id",
    "contract_number",
    "document_id",
    "notification_id",
    "invoice_number",
    "policy",
    "rule",
    "cause",
)
"""Fields of our own events. A customer's id is none of them: a channel may make it of a name."""
MOST_VALUES = 50


def said(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Value]:
    """The attributes of events, each a type and its data as JSON has it.

    A value that does not look like an id or a code is left out.
    """
    found: dict[str, dict[str, None]] = {}
    for ce_type, data in events:
        found.setdefault("desk.events", {})[ce_type] = None
        for name in IDS:
            value = data.get(name)
            if isinstance(value, str) and is_fact(value):
                found.setdefault(f"desk.{name}", {})[value] = None
    return {name: _value([*values][:MOST_VALUES]) for name, values in found.items()}


def _value(values: list[str]) -> Value:
    return values[0] if len(values) == 1 else values
