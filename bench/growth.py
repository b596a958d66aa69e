"""Throughput as the data grows: the same requests, in a database that holds ever more contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aiokafka.admin import AIOKafkaAdminClient

from bench import load, results, throughput
from bench.draining import Run, drain, new_prefix
from bench.servers import Servers
from shared.events.topics import CANCELLATION, topics_read_by

REQUESTS, WARM = 6_000, 1_000


async def measure(
    servers: Servers, stored: Sequence[int], rounds: int, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """The cancellation service on requests spread evenly over so many contracts, in turn."""
    prefixes = {count: new_prefix() for count in stored}
    for count, prefix in prefixes.items():
        await throughput.stocked_files(servers, prefix, prefix, count)
    runs = []
    for number in range(rounds):
        for count, prefix in prefixes.items():
            step = count // (REQUESTS * rounds) or 1
            chosen = range(number * step, count, step * rounds)[:REQUESTS]
            runs.append(await _one(servers, count, prefix, chosen))
            say(runs[-1])
    return dict(zip(stored, results.summaries(runs), strict=True))


async def _one(servers: Servers, count: int, prefix: str, chosen: Sequence[int]) -> Run:
    group = f"{prefix}.{CANCELLATION}"
    await load.begin_at_end(servers.bootstrap, group, topics_read_by(CANCELLATION))
    begun = await _committed(servers, group)
    async with load.producing(servers.bootstrap) as producer:
        requests = (load.requested(number, prefix) for number in chosen)
        await load.publish(producer, load.REQUESTS, requests)
    product = throughput.product(CANCELLATION, load.REQUESTS)
    return await drain(
        servers,
        replace(product, name=f"{product.name}, {count:,} stored"),
        prefix=prefix,
        warm=WARM,
        total=len(chosen),
        seconds=60,
        begun=begun,
    )


async def _committed(servers: Servers, group: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap)
    await admin.start()
    try:
        return sum((await load.committed(admin, group, load.REQUESTS)).values())
    finally:
        await admin.close()
