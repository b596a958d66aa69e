"""Throughput by partitions and by processes: the intake on brokers of their own, in turn."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench import load, results, throughput
from bench.drain import Contender, Run
from bench.servers import servers
from bench.throughput import Sizes
from shared.events.topics import INTAKE


async def by_partitions(
    counts: Sequence[int], rounds: int, sizes: Sizes, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """One process on topics of that number of partitions."""
    runs: list[Run] = []
    for count in counts:
        product = replace(throughput.product(INTAKE, load.SUBMISSIONS), name=f"partitions: {count}")
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            async with servers(Path(directory), partitions=count) as running:
                runs += await throughput.intake(running, "t", [product], rounds, sizes, say)
    return dict(zip(counts, results.summaries(runs), strict=True))


async def by_processes(
    counts: Sequence[int], rounds: int, sizes: Sizes, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """Several processes of one service on topics of as many partitions as the catalogue says."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with servers(Path(directory)) as running:
            contenders = list(_several(counts))
            runs = await throughput.intake(running, "t", contenders, rounds, sizes, say)
    return dict(zip(counts, results.summaries(runs), strict=True))


def _several(counts: Sequence[int]) -> Iterator[Contender]:
    for count in counts:
        commands = {f"{INTAKE} {number}": throughput.service(INTAKE) for number in range(count)}
        yield Contender(f"processes: {count}", load.SUBMISSIONS, INTAKE, commands)
