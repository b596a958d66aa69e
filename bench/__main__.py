"""How fast is the desk, beside what else could be built? `make bench`.

Everything runs on this machine: Apache Kafka, the database, and the contenders in turn. Results go
to `docs/bench/`, as JSON with every run and as pictures; the tables to the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import uvloop

from bench import (
    backlog,
    beside_console,
    beside_loops,
    cases,
    growth,
    hostile,
    ignored,
    latency,
    load,
    plots,
    portal,
    releases,
    results,
    scale,
    throughput,
    traces,
)
from bench.beside_loops import LOOPS
from bench.drain import Contender, Run
from bench.plots import Line
from bench.servers import Servers, servers
from bench.throughput import SPRING_JAR, Sizes
from shared.events.topics import CANCELLATION, INTAKE
from shared.telemetry import logging
from tests.poison.hostile_run import as_json
from tests.poison.worst import TYPES

ROUNDS = 5
RATES = (1, 100, 1_000)
"""Submissions a second."""
MOST_SUBMISSIONS, MOST_SECONDS = 3_000, 30.0
BESIDE_LOOPS_RATES, BESIDE_LOOPS_SECONDS = (10, 40, 100), 20.0
STORED = (10_000, 100_000, 1_000_000)
STORED_RATE, STORED_SECONDS = 20, 30.0
RELEASE_RATES, RELEASE_WARM, LATENCY_ROUNDS = {5.0: 30.0, 40.0: 20.0}, 500, 3
WHOLE = Sizes(backlog=4_000, warm=400, seconds=120.0)
UNTIL_MAILED = "until both of the customer's mails are handed over"
CHAINS = {"until decided": throughput.until_decided, UNTIL_MAILED: throughput.until_mailed}
MOST_BESIDE = 6_000
HISTORIES = (1, 20, 200)
PARTITIONS = (1, 3, 6, 12)
PROCESSES = (1, 2, 3, 4)


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


async def measure_throughput(asked: argparse.Namespace) -> None:
    sizes = Sizes(backlog=asked.backlog, seconds=asked.seconds)
    async with fresh() as running:
        intake = await throughput.intake(running, "t", _at_intake(), asked.rounds, sizes, _say)
    async with fresh() as running:
        cancellation = await throughput.cancellation(
            running, "t", _at_cancellation(), asked.rounds, sizes, _say
        )
    runs = {
        "intake: submissions become inquiries": intake,
        "cancellation: requests are decided": cancellation,
    }
    _keep_runs("throughput", runs, running.names)


async def measure_chain(asked: argparse.Namespace) -> None:
    found = dict[str, Sequence[Run]]()
    for title, chain in CHAINS.items():
        async with fresh() as running:
            both = [replace(chain(running, LOOPS.commands), name=LOOPS.name), chain(running)]
            found[title] = await throughput.chain(running, "t", both, asked.rounds, WHOLE, _say)
    _keep_runs("chain", found, running.names)


async def measure_releases(asked: argparse.Namespace) -> None:
    sizes = Sizes(backlog=asked.backlog, seconds=asked.seconds)
    found, latencies = dict[str, Sequence[Run]](), defaultdict[str, list[releases.Measured]](list)
    with releases.both() as both:
        stages = _measure_stages(both, asked.rounds)
        print(f"\n{releases.stage_table(stages)}\n", flush=True)
        if asked.stages:
            return
        async with fresh() as running:
            products = [
                release.of(throughput.product(INTAKE, load.SUBMISSIONS)) for release in both
            ]
            found["intake: submissions become inquiries"] = await throughput.intake(
                running, "t", products, asked.rounds, sizes, _say
            )
        _keep_releases(running.names, found, latencies, stages)
        async with fresh() as running:
            products = [
                release.of(throughput.product(CANCELLATION, load.REQUESTS)) for release in both
            ]
            found["cancellation: requests are decided"] = await throughput.cancellation(
                running, "t", products, asked.rounds, sizes, _say
            )
        _keep_releases(running.names, found, latencies, stages)
        async with fresh() as running:
            products = [release.of(throughput.until_mailed(running)) for release in both]
            found[f"all four services: {UNTIL_MAILED}"] = await throughput.chain(
                running, "t", products, asked.rounds, WHOLE, _say
            )
        _keep_releases(running.names, found, latencies, stages)
        for release in [*both] * min(asked.rounds, LATENCY_ROUNDS):
            print(release.name, flush=True)
            async with fresh() as running:
                latencies[release.name].append(
                    await latency.measure(
                        running,
                        RELEASE_RATES,
                        _say_latency,
                        own=release.environment,
                        warm=RELEASE_WARM,
                    )
                )
            _keep_releases(running.names, found, latencies, stages)
    for title, runs in found.items():
        print(f"\n{results.table(title, results.summaries(runs))}")
    print(f"\n{releases.table(latencies)}")


def _keep_releases(
    servers: str,
    found: Mapping[str, Sequence[Run]],
    latencies: Mapping[str, Sequence[releases.Measured]],
    stages: Mapping[str, Mapping[str, Sequence[float]]],
) -> None:
    """After every part: a later one that a busy machine cannot finish takes none of them away."""
    measured = {title: results.as_json(runs) for title, runs in found.items()}
    results.write("releases", servers, measured | {"latency": latencies, "stages": stages})
    panels = {title: results.summaries(runs) for title, runs in found.items()}
    plots.bars("releases", panels, servers)


async def measure_traces(asked: argparse.Namespace) -> None:
    """No servers: the five steps alone."""
    found = await asyncio.to_thread(traces.measure, asked.rounds)
    print(f"\n{releases.stage_table(found)}", flush=True)


async def measure_ignored(asked: argparse.Namespace) -> None:
    """No servers: the five steps alone."""
    found = await asyncio.to_thread(ignored.measure, asked.rounds)
    print(f"\n{releases.stage_table(found)}", flush=True)


def _measure_stages(
    both: Sequence[releases.Release], rounds: int
) -> dict[str, dict[str, list[float]]]:
    found = {
        it: {release.name: list[float]() for release in both} for it in ("intake", CANCELLATION)
    }
    for _ in range(rounds):
        for service, measured in found.items():
            for release in both:
                measured[release.name].append(releases.stage_cpu(release, service))
    return found


def _keep_runs(name: str, runs: Mapping[str, Sequence[Run]], servers: str) -> None:
    panels = {title: results.summaries(some) for title, some in runs.items()}
    results.write(name, servers, {title: results.as_json(some) for title, some in runs.items()})
    plots.bars(name, panels, servers)
    for title, rows in panels.items():
        print(f"\n{results.table(title, rows)}")


async def measure_latency(asked: argparse.Namespace) -> None:
    print("\n### milliseconds since publication: p50, p95, p99")
    rates = {rate: min(MOST_SECONDS, MOST_SUBMISSIONS / rate) for rate in asked.rates or RATES}
    async with fresh() as running:
        measured = await latency.measure(running, rates, _say_latency)
    found = {f"{rate:,} submissions a second": figures for rate, figures in measured.items()}
    _keep_latency("latency", found, running.names)


async def measure_beside_loops(asked: argparse.Namespace) -> None:
    print("\n### milliseconds since publication: p50, p95, p99")
    rates = {float(rate): BESIDE_LOOPS_SECONDS for rate in asked.rates or BESIDE_LOOPS_RATES}

    def say(chain: str, rate: float, figures: latency.Figures) -> None:
        print(chain)
        _say_latency(rate, figures)

    async with fresh() as running:
        measured = await beside_loops.measure(running, rates, asked.rounds, say)
        results.write("beside-loops", running.names, {"runs": beside_loops.as_json(measured)})
    print(f"\n{beside_loops.table(measured)}")


async def measure_stored(asked: argparse.Namespace) -> None:
    found = dict[str, latency.Figures]()
    for count in asked.stored:
        print(f"\n### beside {count:,} inquiries and contracts: p50, p95, p99 in milliseconds")
        async with fresh() as running:
            measured = await latency.measure(
                running, {STORED_RATE: STORED_SECONDS}, _say_latency, stored=count
            )
        title = f"beside {count:,} inquiries and contracts, {STORED_RATE} submissions a second"
        found[title] = measured[STORED_RATE]
    _keep_latency("stored", found, running.names)


def _say_latency(rate: float, figures: latency.Figures) -> None:
    for stage, found in figures.items():
        print(f"  {rate:>6,}/s  {stage:<18} {found}", flush=True)


def _keep_latency(name: str, found: Mapping[str, latency.Figures], servers: str) -> None:
    results.write(name, servers, found)
    plots.latency(name, found, servers)


async def measure_growth(asked: argparse.Namespace) -> None:
    async with fresh() as running:
        contracts = await growth.contracts(running, asked.stored, asked.rounds, _say)
    async with fresh() as running:
        inquiries = await growth.inquiries(running, asked.stored, asked.rounds, _say)
    panels = [
        Line("cancellation: contracts stored", contracts, logarithmic=True),
        Line("intake: inquiries stored", inquiries, logarithmic=True),
    ]
    _keep_lines("growth", panels, running.names)


async def measure_histories(asked: argparse.Namespace) -> None:
    async with fresh() as running:
        found = await growth.histories(running, HISTORIES, asked.rounds, _say)
    panel = Line("cancellation: messages in each contract's history", found)
    _keep_lines("histories", [panel], running.names)


async def measure_scaling(asked: argparse.Namespace) -> None:
    sizes = Sizes(backlog=asked.backlog, seconds=asked.seconds)
    partitions = await scale.by_partitions(PARTITIONS, asked.rounds, sizes, _say)
    processes = await scale.by_processes(PROCESSES, asked.rounds, sizes, _say)
    panels = [
        Line("partitions, one process", partitions),
        Line("processes of one service, on the two cores that the servers use too", processes),
    ]
    async with fresh() as running:
        _keep_lines("scaling", panels, running.names)


def _keep_lines(name: str, panels: Sequence[Line], servers: str) -> None:
    results.write(
        name,
        servers,
        {shown.grows: {str(n): asdict(row) for n, row in shown.found.items()} for shown in panels},
    )
    plots.lines(name, panels, servers)
    for panel in panels:
        print(f"\n{results.table(panel.grows, panel.found.values())}")


async def measure_backlog(asked: argparse.Namespace) -> None:
    async with fresh() as running:
        looks = await backlog.drained(running, asked.waiting)
    results.write("backlog", running.names, backlog.as_json(looks))
    plots.backlog(looks, running.names)
    last, most = looks[-1], max(look.memory_mb for look in looks)
    print(
        f"\n{asked.waiting:,} submissions drained in {last.at_s:,.0f} s"
        f" ({asked.waiting / last.at_s:,.0f}/s), at most {most:.0f} MB"
    )


async def measure_hostile(asked: argparse.Namespace) -> None:
    costs = await hostile.measure(asked.kinds or TYPES, partial(print, flush=True))
    report = await hostile.outlived()
    over = [(kind, cost) for kind, some in costs.items() for cost in some if cost.over]
    results.write(
        "hostile",
        "embedded broker and database",
        {
            "worst": {kind: asdict(hostile.worst(some)) for kind, some in costs.items()},
            "five hundred": as_json(report),
        },
    )
    print(f"\n{len(costs)} kinds, {len(over)} costs over {hostile.MOST_MS:.0f} ms or 20 MB", *over)
    print("five hundred of the worst:", as_json(report))


async def measure_portal(_asked: argparse.Namespace) -> None:
    async with fresh() as running:
        found = await portal.measure(running, partial(print, flush=True))
        results.write("portal", running.names, found.as_json())
    print(
        f"\n{portal.table(found)}\n",
        f"{found.ordinary_cpu_ms:.1f} ms of CPU an ordinary page; {found.cpu_ms:.1f} with live"
        f" answers and new inquiries, {found.idle_cpu_ms:.1f} of them also without any page",
        f"{len(found.failed)} failed",
        *found.failed[:20],
        sep="\n",
    )


async def measure_cases(asked: argparse.Namespace) -> None:
    async with fresh() as running:
        found = await cases.measure(running, asked.inquiries, partial(print, flush=True))
        results.write("cases", running.names, found.as_json())
    print(
        f"\n{cases.table(found)}\n\n{found.read_per_s:,.0f} records/s from Kafka, with CPU of"
        f" {found.own_cpu_us:.0f} us a record, and {found.database_cpu_us:.0f} of the database;"
        f" {found.bytes_an_entry:,.0f} bytes an entry"
    )


async def measure_beside_console(asked: argparse.Namespace) -> None:
    sizes = Sizes(backlog=min(asked.backlog, MOST_BESIDE), warm=WHOLE.warm, seconds=WHOLE.seconds)
    async with fresh() as running:
        runs = await beside_console.beside(running, "b", asked.rounds, sizes, _say)
        results.write("beside-console", running.names, beside_console.as_json(runs))
    print(f"\n{beside_console.table(runs)}")


PARTS = {
    "throughput": measure_throughput,
    "chain": measure_chain,
    "latency": measure_latency,
    "beside-loops": measure_beside_loops,
    "growth": measure_growth,
    "histories": measure_histories,
    "stored": measure_stored,
    "scaling": measure_scaling,
    "backlog": measure_backlog,
    "hostile": measure_hostile,
    "portal": measure_portal,
    "cases": measure_cases,
    "beside-console": measure_beside_console,
    "releases": measure_releases,
    "traces": measure_traces,
    "ignored": measure_ignored,
}


@asynccontextmanager
async def fresh() -> AsyncIterator[Servers]:
    """New servers with nothing in them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with servers(Path(directory)) as running:
            yield running


async def measure(asked: argparse.Namespace) -> None:
    for part in asked.parts or PARTS:
        print(f"\n{part}", flush=True)
        await PARTS[part](asked)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; without any: all")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each contender")
    parser.add_argument("--seconds", type=float, default=8.0, help="longest time of one run")
    parser.add_argument("--backlog", type=int, default=60_000, help="records to drain")
    parser.add_argument("--rates", type=int, nargs="+", help="for latency and beside-loops")
    parser.add_argument(
        "--stored", type=int, nargs="+", default=STORED, help="for growth and stored"
    )
    parser.add_argument("--waiting", type=int, default=500_000, help="for the backlog")
    parser.add_argument("--inquiries", type=int, default=1_000_000, help="stored, for cases")
    parser.add_argument("--kinds", nargs="+", help="types of event, for hostile")
    parser.add_argument("--stages", action="store_true", help="of releases: no servers, only CPU")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    logging.configure("bench", level="ERROR", style="console")
    uvloop.run(measure(asked))


if __name__ == "__main__":
    main()
