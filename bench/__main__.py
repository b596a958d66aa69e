"""How fast is the desk, beside what else could be built? `make bench`.

Everything runs on this machine: Apache Kafka, the database, and the contenders in turn. Results go
to `docs/bench/`, as JSON with every run and as pictures; the tables to the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench import growth, latency, load, plots, results, throughput
from bench.draining import Contender, Run
from bench.servers import Servers, servers
from bench.throughput import SPRING_JAR, Sizes
from shared import logging
from shared.events.topics import CANCELLATION, INTAKE

ROUNDS = 5
RATES = (1, 100, 1_000)
"""Submissions a second."""
MOST_SUBMISSIONS, MOST_SECONDS = 3_000, 30.0
STORED = (10_000, 100_000, 1_000_000)
PARTS = ("throughput", "latency", "growth")


def _say(run: Run) -> None:
    print(
        f"  {run.contender:<32} {run.rate:8,.0f}/s  own CPU {run.own_cpu_us:6.0f} us/record  "
        f"{run.memory_mb:4.0f} MB",
        flush=True,
    )


def _at_intake() -> list[Contender]:
    found = [
        throughput.limit(INTAKE, load.SUBMISSIONS),
        throughput.product(INTAKE, load.SUBMISSIONS),
        throughput.first_idiom(),
    ]
    if SPRING_JAR.exists():
        return [*found, throughput.spring("record"), throughput.spring("batch")]
    print(f"Spring Kafka is NOT measured: {SPRING_JAR.name} is not built (make bench builds it)")
    return found


def _at_cancellation() -> list[Contender]:
    return [
        throughput.limit(CANCELLATION, load.REQUESTS),
        throughput.product(CANCELLATION, load.REQUESTS),
    ]


async def measure_throughput(running: Servers, rounds: int, sizes: Sizes) -> None:
    runs = {
        "intake: submissions become inquiries": await throughput.intake(
            running, "t", _at_intake(), rounds, sizes, _say
        ),
        "cancellation: requests are decided": await throughput.cancellation(
            running, "t", _at_cancellation(), rounds, sizes, _say
        ),
    }
    panels = {title: results.summaries(some) for title, some in runs.items()}
    measured = {title: results.as_json(some) for title, some in runs.items()}
    results.write("throughput", running.names, measured)
    plots.throughput(panels, running.names)
    for title, rows in panels.items():
        print(f"\n{results.table(title, rows)}")


async def measure_latency(running: Servers, rates: Sequence[int]) -> None:
    found = {}
    print("\n### milliseconds since publication: p50, p95, p99")
    for rate in rates:
        seconds = min(MOST_SECONDS, MOST_SUBMISSIONS / rate)
        found[f"{rate:,} submissions a second"] = await latency.measure(running, rate, seconds)
        for stage, figures in found[f"{rate:,} submissions a second"].items():
            print(f"  {rate:>6,}/s  {stage:<18} {figures}", flush=True)
    results.write("latency", running.names, found)
    plots.latency(found, running.names)


async def measure_growth(running: Servers, stored: Sequence[int], rounds: int) -> None:
    found = await growth.measure(running, stored, rounds, _say)
    rates = [one.rate for one in found.values()]
    results.write(
        "growth", running.names, {str(count): asdict(one) for count, one in found.items()}
    )
    plots.growth(list(found), rates, running.names)
    for count, one in found.items():
        print(f"  {count:>9,} contracts stored: {one.rate:,.0f}/s, {one.ratio:.2f}")


async def measure(asked: argparse.Namespace) -> None:
    sizes = Sizes(backlog=asked.backlog, seconds=asked.seconds)
    for part in asked.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            async with servers(Path(directory)) as running:
                print(f"\n{part} on {running.names}", flush=True)
                match part:
                    case "throughput":
                        await measure_throughput(running, asked.rounds, sizes)
                    case "latency":
                        await measure_latency(running, asked.rates)
                    case "growth":
                        await measure_growth(running, asked.stored, asked.rounds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; without any: all")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each contender")
    parser.add_argument("--seconds", type=float, default=8.0, help="longest time of one run")
    parser.add_argument("--backlog", type=int, default=60_000, help="records to drain")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="for latency")
    parser.add_argument("--stored", type=int, nargs="+", default=STORED, help="for growth")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    logging.configure("bench", level="ERROR", style="console")
    asyncio.run(measure(asked))


if __name__ == "__main__":
    main()
