"""Throughput as the data grows: ever more contracts stored, ever longer histories."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bench import load, results, stock, throughput
from bench.draining import Run, drain, new_prefix
from bench.servers import Servers
from shared.events.topics import CANCELLATION, topics_read_by
from shared.mongo import Document

REQUESTS, WARM = 6_000, 1_000
LONG_REQUESTS = 2_000
"""Of contracts whose documents are a hundred times as large."""


async def stored(
    servers: Servers, counts: Sequence[int], rounds: int, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """The cancellation service on requests spread evenly over so many contracts, in turn."""
    prefixes = {count: new_prefix() for count in counts}
    for count, prefix in prefixes.items():
        await throughput.stocked_files(servers, prefix, prefix, count)
    runs = []
    for number in range(rounds):
        for count, prefix in prefixes.items():
            step = count // (REQUESTS * rounds) or 1
            chosen = range(number * step, count, step * rounds)[:REQUESTS]
            runs.append(await _one(servers, f"{count:,} stored", prefix, chosen))
            say(runs[-1])
    return dict(zip(counts, results.summaries(runs), strict=True))


async def histories(
    servers: Servers, lengths: Sequence[int], rounds: int, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """The same on contracts that so many messages have been decided for."""
    prefixes = {length: new_prefix() for length in lengths}
    for length, prefix in prefixes.items():
        name = f"{prefix}_{CANCELLATION}"
        await stock.prepare(servers.mongo_url, name, stock.cancellation_service())
        files = _lengthened(stock.files(range(LONG_REQUESTS * rounds), prefix), length)
        await asyncio.to_thread(stock.fill, servers.mongo_url, name, "file", files)
    runs = []
    for number in range(rounds):
        for length, prefix in prefixes.items():
            chosen = range(LONG_REQUESTS * number, LONG_REQUESTS * (number + 1))
            runs.append(await _one(servers, f"histories of {length}", prefix, chosen))
            say(runs[-1])
    return dict(zip(lengths, results.summaries(runs), strict=True))


def _lengthened(files: Iterator[Document], length: int) -> Iterator[Document]:
    """As if the registry had reported each contract so many times."""
    for file in files:
        [entry] = file["history"]
        earlier = [entry | {"message_id": f"/bench {n}", "events": []} for n in range(length - 1)]
        yield file | {"history": [entry, *earlier]}


async def _one(servers: Servers, label: str, prefix: str, chosen: Sequence[int]) -> Run:
    group = f"{prefix}.{CANCELLATION}"
    await load.begin_at_end(servers.bootstrap, group, topics_read_by(CANCELLATION))
    begun = await load.committed_in_all(servers.bootstrap, group, load.REQUESTS)
    async with load.producing(servers.bootstrap) as producer:
        requests = (load.requested(number, prefix) for number in chosen)
        await load.publish(producer, load.REQUESTS, requests)
    product = throughput.product(CANCELLATION, load.REQUESTS)
    return await drain(
        servers,
        replace(product, name=label),
        prefix=prefix,
        warm=min(WARM, len(chosen) // 4),
        total=len(chosen),
        seconds=60,
        begun=begun,
    )
