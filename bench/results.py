"""Stores a benchmark's results: a JSON file with every run, a plot, and a table on the screen."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.drain import Run

RESULTS = Path(__file__).parent.parent / "docs" / "bench"


@dataclass(frozen=True, slots=True)
class Summary:
    """The runs of one contender; rates in records per second, CPU in microseconds per record."""

    contender: str
    rate: float
    lowest: float
    highest: float
    ratio: float
    """To the first contender's median."""
    own_cpu_us: float
    servers_cpu_us: float
    memory_mb: float


def summaries(runs: Sequence[Run]) -> list[Summary]:
    """One per contender, in the order in which they first ran; medians."""
    found = [
        [run for run in runs if run.contender == name]
        for name in dict.fromkeys(run.contender for run in runs)
    ]
    first = statistics.median(run.rate for run in found[0])
    return [_summary(some, first) for some in found]


def _summary(runs: Sequence[Run], first: float) -> Summary:
    rates = [run.rate for run in runs]
    rate = statistics.median(rates)
    return Summary(
        contender=runs[0].contender,
        rate=round(rate, 1),
        lowest=round(min(rates), 1),
        highest=round(max(rates), 1),
        ratio=round(rate / first, 3),
        own_cpu_us=round(statistics.median(run.own_cpu_us for run in runs)),
        servers_cpu_us=round(
            statistics.median(sum(run.cpu_us.values()) - run.own_cpu_us for run in runs)
        ),
        memory_mb=round(max(run.memory_mb for run in runs)),
    )


def table(title: str, rows: Iterable[Summary]) -> str:
    """The summaries as a Markdown table."""
    lines = [
        f"### {title}",
        "",
        "| contender | records/s | lowest to highest | ratio | own CPU µs/record "
        "| servers' CPU µs/record | memory MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.contender} | {row.rate:,.0f} | {row.lowest:,.0f} to {row.highest:,.0f} "
        f"| {row.ratio:.2f} | {row.own_cpu_us:.0f} | {row.servers_cpu_us:.0f} "
        f"| {row.memory_mb:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """Describes the machine that the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def write(name: str, servers: str, measured: Mapping[str, Any]) -> Path:
    """`docs/bench/<name>.json`, with the servers and the machine."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    content = {"servers": servers, "machine": machine(), **measured}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return path


def as_json(runs: Sequence[Run]) -> dict[str, Any]:
    """Every run and the medians over them."""
    return {
        "summary": [asdict(summary) for summary in summaries(runs)],
        "runs": [asdict(run) | {"rate": run.rate} for run in runs],
    }
