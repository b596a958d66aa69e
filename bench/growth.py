"""Throughput as the data grows: more contracts, more inquiries, longer histories."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bench import load, results, stock, throughput
from bench.drain import Contender, Run, drain, new_prefix
from bench.servers import Servers
from shared.events.topics import CANCELLATION, INTAKE, topics_read_by
from shared.mongo.client import Document
from shared.settings import RuntimeSettings

REQUESTS, WARM = 6_000, 1_000
LONG_REQUESTS = 2_000
"""On contracts whose documents are a hundred times as large."""
BOUND = RuntimeSettings().history_bound
DECIDED = throughput.product(CANCELLATION, load.REQUESTS)
TAKEN_IN = throughput.product(INTAKE, load.SUBMISSIONS)


async def contracts(
    servers: Servers, counts: Sequence[int], rounds: int, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """The cancellation service on requests spread evenly over each number of contracts, in turn."""
    prefixes = {count: new_prefix() for count in counts}
    for count, prefix in prefixes.items():
        await throughput.stocked_files(servers, prefix, prefix, count, {})
    runs = []
    for number in range(rounds):
        for count, prefix in prefixes.items():
            step = count // (REQUESTS * rounds) or 1
            chosen = range(number * step, count, step * rounds)[:REQUESTS]
            requests = [load.requested(contract, prefix) for contract in chosen]
            label = f"{count:,} contracts stored"
            runs.append(await _one(servers, DECIDED, label, prefix, requests))
            say(runs[-1])
    return dict(zip(counts, results.summaries(runs), strict=True))


async def inquiries(
    servers: Servers, counts: Sequence[int], rounds: int, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """The intake on new submissions beside each number of inquiries, in turn."""
    prefixes = {count: new_prefix() for count in counts}
    for count, prefix in prefixes.items():
        await throughput.stocked_inquiries(servers, prefix, prefix, count)
    runs = []
    for number in range(rounds):
        for count, prefix in prefixes.items():
            submissions = [
                load.submission(customer, f"{prefix} {number}") for customer in range(REQUESTS)
            ]
            label = f"{count:,} inquiries stored"
            runs.append(await _one(servers, TAKEN_IN, label, prefix, submissions))
            say(runs[-1])
    return dict(zip(counts, results.summaries(runs), strict=True))


async def histories(
    servers: Servers, lengths: Sequence[int], rounds: int, say: Callable[[Run], None]
) -> dict[int, results.Summary]:
    """The same on contracts with each number of messages in their history."""
    prefixes = {length: new_prefix() for length in lengths}
    for length, prefix in prefixes.items():
        name = f"{prefix}_{CANCELLATION}"
        await stock.prepare(servers.mongo_url, name, stock.cancellation_service())
        numbers = range(LONG_REQUESTS * rounds)
        for collection, documents in (
            (
                "file",
                (_kept(n, file, length) for n, file in enumerate(stock.files(numbers, prefix))),
            ),
            ("file_history", _archived(stock.files(numbers, prefix), length)),
        ):
            await asyncio.to_thread(stock.fill, servers.mongo_url, name, collection, documents)
    runs = []
    for number in range(rounds):
        for length, prefix in prefixes.items():
            chosen = range(LONG_REQUESTS * number, LONG_REQUESTS * (number + 1))
            requests = [load.requested(contract, prefix) for contract in chosen]
            label = f"histories of {length}"
            runs.append(await _one(servers, DECIDED, label, prefix, requests))
            say(runs[-1])
    return dict(zip(lengths, results.summaries(runs), strict=True))


def _kept(number: int, file: Document, length: int) -> Document:
    """The file as if the registry had reported its contract that many times."""
    history = [*_earlier(file, length), *file["history"]]
    archived = _count_of_archived(number, length)
    return file | {"history": history[archived:]} | ({"archived": archived} if archived else {})


def _archived(files: Iterator[Document], length: int) -> Iterator[Document]:
    """Yields the entries that such histories have archived."""
    for number, file in enumerate(files):
        for place, entry in enumerate(_earlier(file, length)[: _count_of_archived(number, length)]):
            key = {"_id": f"{file['_id']} {place}", "aggregate": file["_id"], "number": place}
            yield key | entry


def _count_of_archived(number: int, length: int) -> int:
    """A long history keeps between half the bound and the bound, one file more than the next."""
    return length - BOUND + number % (BOUND - BOUND // 2 + 1) if length > BOUND else 0


def _earlier(file: Document, length: int) -> list[Document]:
    [entry] = file["history"]
    return [entry | {"message_id": f"/bench {n}", "events": []} for n in range(length - 1)]


async def _one(
    servers: Servers, product: Contender, label: str, prefix: str, records: Sequence[load.Record]
) -> Run:
    name, topic = product.watched, product.topic
    await load.begin_at_end(servers.bootstrap, f"{prefix}.{name}", topics_read_by(name))
    async with load.producing(servers.bootstrap) as producer:
        await load.publish(producer, topic, records)
    return await drain(
        servers,
        replace(product, name=label),
        prefix=prefix,
        warm=min(WARM, len(records) // 4),
        total=len(records),
        seconds=60,
    )
