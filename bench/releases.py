"""This release beside the previous one: the same load for both, in turn and in one call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.drain import Contender
from bench.latency import Figures
from tests.upgrade.releases import PREVIOUS, ROOT, extract

Measured = Mapping[float, Figures]
"""By rate of submissions a second."""


@dataclass(frozen=True, slots=True)
class Release:
    """A tree whose code the processes of a contender run."""

    name: str
    tree: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.tree)}

    def of(self, contender: Contender) -> Contender:
        """The same contender, run from this tree."""
        environment = {**contender.environment, **self.environment}
        return replace(contender, name=self.name, environment=environment)


@contextmanager
def both() -> Iterator[Sequence[Release]]:
    """The previous one first: it is what ratios refer to. Raises `Missing` in a shallow clone."""
    with tempfile.TemporaryDirectory(prefix="release-") as directory:
        yield (
            Release(f"contract-desk at {PREVIOUS}", extract(PREVIOUS, Path(directory))),
            Release("contract-desk, this tree", ROOT),
        )


STAGE = Path(__file__).with_name("stage.py")
RECORDS, WARM = 3_000, 500


def stage_cpu(release: Release, service: str) -> float:
    """Microseconds of CPU per record of the release's five steps, without broker and database."""
    command = [sys.executable, "-P", str(STAGE), service, str(RECORDS), str(WARM)]
    environment = {**os.environ, "DEVELOPMENT_DEFAULTS": "true", **release.environment}
    ended = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(json.loads(ended.stdout))


def stage_table(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """By service and release: the least of the rounds, as a Markdown table."""
    lines = [
        "### CPU µs per record of the five steps alone, the least of all rounds",
        "",
        "| service | release | CPU µs/record |",
        "|---|---|--:|",
    ]
    lines += [
        f"| {service} | {name} | {min(rounds):.0f} |"
        for service, releases in found.items()
        for name, rounds in releases.items()
    ]
    return "\n".join(lines)


def table(rounds: Mapping[str, Sequence[Measured]]) -> str:
    """Latencies of each release, the best of its rounds, as a Markdown table.

    The best, since whatever else runs on the machine only makes a round slower.
    """
    lines = [
        "### milliseconds since publication: p50, p95, the lowest of all rounds",
        "",
        "| release | submissions/s | stage | p50 | p95 |",
        "|---|--:|---|--:|--:|",
    ]
    for name, measured in rounds.items():
        for rate, stages in measured[0].items():
            for stage in stages:
                p50, p95 = (min(run[rate][stage][i] for run in measured) for i in (0, 1))
                lines.append(f"| {name} | {rate:,} | {stage} | {p50} | {p95} |")
    return "\n".join(lines)
