"""Reads a process's `/metrics` with a parser of the text format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from shared.telemetry.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs/metrics.md"
OF_THE_LIBRARY = ("process_", "python_gc_")
OF_THE_FORMAT = frozenset({"le"})
OF_THE_SCRAPE = frozenset({"job", "instance", "service"})
"""Labels that Prometheus gives every series (deploy/prometheus/prometheus.yml)."""


@dataclass(frozen=True)
class Exported:
    """One metric: the name that the page gives it, its type, and the labels of its samples."""

    name: str
    type: str
    labels: frozenset[str] = frozenset()


def exported(text: str) -> dict[str, Exported]:
    """The desk's own metrics in a page of `/metrics`, by name; without samples, without labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        if not family.name.startswith(OF_THE_LIBRARY):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels}
            found[name] = Exported(name, family.type, frozenset(labels - OF_THE_FORMAT))
    return found


def documented() -> dict[str, Exported]:
    """The same, as docs/metrics.md has it."""
    rows = re.findall(
        r"^\| `(desk_\w+)` \| (\w+) \| [^|]+ \| ([^|]*) \|", PAGE.read_text("utf-8"), re.M
    )
    return {
        name: Exported(name, kind, frozenset(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in rows
    }


def series() -> dict[str, frozenset[str]]:
    """Every series that PromQL can ask the desk for, by name, with the labels it may name."""
    found: dict[str, frozenset[str]] = {}
    for it in documented().values():
        parts: dict[str, frozenset[str]] = {"": frozenset()}
        if it.type == "histogram":
            parts = {"_bucket": OF_THE_FORMAT, "_sum": frozenset(), "_count": frozenset()}
        for suffix, more in parts.items():
            found[f"{it.name}{suffix}"] = it.labels | more | OF_THE_SCRAPE
    shown = generate_latest(Metrics().registry).decode()
    library = re.findall(r"^(process_\w+)", shown, re.M)
    return found | dict.fromkeys([*library, "up"], OF_THE_SCRAPE)


def with_samples(metrics: Metrics) -> Metrics:
    """Every metric with a sample, so that its labels show."""
    declared = {it.name: it.labels for it in metrics.documented}
    for metric in vars(metrics).values():
        for described in getattr(metric, "describe", list)():
            name = f"{described.name}{'_total' if described.type == 'counter' else ''}"
            if labels := declared[name]:
                metric.labels(**dict.fromkeys(labels, "x"))
    return metrics
