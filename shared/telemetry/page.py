"""Prints docs/metrics.md: `python -m shared.telemetry.page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from shared.telemetry.metrics import LABELS, Documented, Metrics

HEAD = """\
# Metrics

Made by `make docs` from `shared/telemetry/metrics.py`; a test compares it with what a process \
really shows. Every service and the customer portal show all of these at `/metrics` on their \
`HTTP_PORT`, in the text format of Prometheus; what a process has no part in has no samples there, \
or is 0. No label holds an id or anything personal, and each has a closed set of values.

A histogram has a series `…_bucket`, `…_sum` and `…_count`. Beside these there are `process_*` \
(CPU, memory, open files, start) and `python_gc_*` of prometheus-client. \
[Alerts and dashboards](../deploy/README.md) are made of nothing else.
"""


def metrics_page(documented: Sequence[Documented]) -> str:
    """The page as Markdown."""
    return "\n".join([HEAD, *_metrics(documented), "", "## Labels", "", *_labels()]) + "\n"


def _metrics(documented: Sequence[Documented]) -> Iterator[str]:
    yield "| metric | type | unit | labels | meaning |"
    yield "|---|---|---|---|---|"
    for it in documented:
        labels = ", ".join(f"`{label}`" for label in it.labels)
        yield f"| `{it.name}` | {it.type} | {it.unit} | {labels} | {it.meaning} |"


def _labels() -> Iterator[str]:
    yield "| label | values |"
    yield "|---|---|"
    for label, meaning in LABELS.items():
        yield f"| `{label}` | {meaning} |"


if __name__ == "__main__":
    sys.stdout.write(metrics_page(Metrics().documented))
