"""The desk beside a chain of four hand-written loops: what is physically reachable, and how near.

Both in turn on the same servers, so the JVM is as warm for one as for the other. Ratios hold on any
machine; milliseconds are one machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench import latency
from bench.latency import DESK, STAGES, Chain, Figures
from bench.servers import Servers
from bench.throughput import CHAIN, PYTHON

LOOPS = Chain(
    "four hand-written loops",
    {name: (*PYTHON, "bench.contenders.chain_loop", name) for name in CHAIN},
    knows_contracts=False,
)
WARM_JVM, WARM = 3_000, 600
WARM_RATE = {150.0: WARM_JVM / 150}
P50, P95, P99 = 0, 1, 2
Say = Callable[[str, float, Figures], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """One chain's figures of one round: latencies, and CPU ms for a submission by process."""

    chain: str
    latencies: Mapping[float, Figures]
    cpu_ms: Mapping[float, Mapping[str, float]] = field(default_factory=dict)


async def measure(
    servers: Servers, rates: Mapping[float, float], rounds: int, say: Say
) -> list[Measured]:
    """Each chain in turn, `rounds` times, with `rates` a second, each for its seconds."""
    await latency.measure(servers, WARM_RATE, lambda *_: None, chain=LOOPS, warm=WARM)
    found = []
    for chain in [LOOPS, DESK] * rounds:
        cpu: dict[float, Mapping[str, float]] = {}

        def told(rate: float, figures: Figures, name: str = chain.name) -> None:
            say(name, rate, figures)

        latencies = await latency.measure(servers, rates, told, chain=chain, warm=WARM, cpu=cpu)
        found.append(Measured(chain.name, latencies, cpu))
    return found


def medians(measured: Sequence[Measured], chain: str, rate: float, stage: str) -> list[float]:
    """p50, p95 and p99 of a stage in milliseconds, each the median of the rounds."""
    rounds = [one.latencies[rate][stage] for one in measured if one.chain == chain]
    return [median(figures) for figures in zip(*rounds, strict=True)]


def cpu_ms(measured: Sequence[Measured], chain: str, rate: float) -> tuple[float, float]:
    """CPU milliseconds for a submission: of the chain's processes, and of those and the servers."""
    rounds = [one.cpu_ms[rate] for one in measured if one.chain == chain]
    own = median(sum(by[name] for name in CHAIN) for by in rounds)
    return own, median(sum(by.values()) for by in rounds)


def table(measured: Sequence[Measured]) -> str:
    """The desk's and the loops' latencies with their ratios, as a Markdown table."""
    lines = [
        "| submissions/s | until | loops p50 / p99 ms | desk p50 / p99 ms | ratio p50 / p99 |",
        "|--:|---|--:|--:|--:|",
    ]
    for rate in measured[0].latencies:
        for stage in STAGES:
            loops = medians(measured, LOOPS.name, rate, stage)
            desk = medians(measured, DESK.name, rate, stage)
            ratios = [desk[place] / loops[place] for place in (P50, P99)]
            lines.append(
                f"| {rate:g} | {stage} | {loops[P50]:,.0f} / {loops[P99]:,.0f} "
                f"| {desk[P50]:,.0f} / {desk[P99]:,.0f} | {ratios[0]:.2f} / {ratios[1]:.2f} |"
            )
    lines += [
        "",
        "| submissions/s | chain | own CPU ms | with the servers ms |",
        "|--:|---|--:|--:|",
    ]
    for rate in measured[0].latencies:
        for name in (LOOPS.name, DESK.name):
            own, all_ = cpu_ms(measured, name, rate)
            lines.append(f"| {rate:g} | {name} | {own:.1f} | {all_:.1f} |")
    return "\n".join(lines)


def as_json(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Every round of each chain."""
    return [
        {"chain": one.chain, "latency": dict(one.latencies), "cpu_ms": dict(one.cpu_ms)}
        for one in measured
    ]
