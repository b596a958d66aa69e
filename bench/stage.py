"""CPU per record of one release's five steps, beside a database and a broker that cost nothing.

Run as a file, with PYTHONPATH naming the release: everything but this file is its own. A thread's
CPU depends little on what else the machine does, so a few seconds tell two releases apart.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bson
from bson.codec_options import CodecOptions
from pymongo import InsertOne, UpdateOne

from bench import load, stock
from shared.runtime.decider import Service
from shared.settings import RuntimeSettings

AT_ONCE = 500
PARTITIONS = 6
TREE = Path(load.__file__).parents[1]
TRACED_SHARE = "TRACED_SHARE"
"""The variable that says which share of the records their senders have traced and sampled."""
AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


class Collection:
    """Documents as bytes, by id. An update is encoded and dropped: each run touches a file once."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}

    def find(self, query: dict[str, Any], *_: Any) -> Any:
        wanted = query["_id"]["$in"]

        async def to_list(_most: Any) -> list[dict[str, Any]]:
            found = (self.documents[it] for it in wanted if it in self.documents)
            return [bson.decode(document, AWARE) for document in found]

        return SimpleNamespace(to_list=to_list)

    async def bulk_write(self, writes: Sequence[Any], *, ordered: bool) -> Any:
        assert not ordered
        for write in writes:
            assert isinstance(write, InsertOne | UpdateOne)
            bson.encode(write._doc)  # type: ignore[arg-type]
        return SimpleNamespace(matched_count=sum(isinstance(it, UpdateOne) for it in writes))


class Database:
    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}

    def collection(self, name: str) -> Collection:
        return self.collections.setdefault(name, Collection())


class Committed:
    """Everything is."""

    async def uncommitted(self, _places: Iterable[Any]) -> set[Any]:
        return set()


def found(*modules: str) -> Any:
    """The first of these modules that the release has; an installed one may have them all."""
    own = (it for it in modules if (TREE / it.replace(".", "/")).with_suffix(".py").exists())
    return importlib.import_module(next(own))


def publisher() -> Any:
    """The release's own, up to the client that would send."""
    made = found("shared.kafka.publisher", "shared.runtime.publisher")
    publishing = made.KafkaPublisher(RuntimeSettings())

    async def partitions_for(_topic: str) -> range:
        return range(PARTITIONS)

    async def send_batch(batch: Any, _topic: str, *, partition: int) -> Any:
        assert partition in range(PARTITIONS)
        batch.close()
        acknowledged = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged

    publishing._producer.partitions_for = partitions_for
    publishing._producer.send_batch = send_batch
    publishing._producer._closed = True  # it was never open, and need not say so at the end
    return publishing


def stage(service: Service, database: Database) -> Any:
    store = stock.Store(database, service.deciders)  # type: ignore[arg-type,attr-defined]
    made = found("shared.runtime.stage.stage", "shared.runtime.stage")
    metrics = found("shared.telemetry.metrics", "shared.metrics").Metrics()
    more = {}
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
        tracing = found("shared.telemetry.tracing")
        more["traces"] = tracing.traces_of(service.name, RuntimeSettings(), metrics)
    return made.Stage(service, store, publisher(), Committed(), metrics, **more)


def traced(records: Iterable[stock.Read]) -> Iterator[stock.Read]:
    """The records at their offsets, some of them on a trace of their sender's."""
    share, due = float(os.environ.get(TRACED_SHARE, "0")), 0.0
    for offset, record in enumerate(records):
        headers, due = record.headers, due + share
        if due >= 1:
            due -= 1
            headers = [*headers, ("traceparent", f"00-{offset + 1:032x}-{1:016x}-01".encode())]
        yield replace(record, offset=offset, headers=headers)


def submissions(numbers: Iterable[int], run: str) -> Iterator[stock.Read]:
    return (stock.read(load.SUBMISSIONS, load.submission(number, run)) for number in numbers)


def requests(numbers: Iterable[int], run: str) -> Iterator[stock.Read]:
    return (stock.read(load.REQUESTS, load.requested(number, run)) for number in numbers)


async def measured(
    service: Service, database: Database, records: Sequence[stock.Read], warm: int
) -> float:
    """Microseconds of CPU per record after the first `warm`."""
    at_work, begun = stage(service, database), 0.0
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)  # as the services do
    for start in range(0, len(records), AT_ONCE):
        if start >= warm and not begun:
            _send_spans(at_work)
            begun = time.process_time()
        await at_work.process(records[start : start + AT_ONCE])
    _send_spans(at_work)
    return (time.process_time() - begun) / (len(records) - warm) * 1e6


def _send_spans(at_work: Any) -> None:
    """Sends the pending spans, which a thread of its own sends in a service."""
    if (traces := getattr(at_work, "_traces", None)) is not None:
        traces._provider.force_flush()


async def intake(count: int, warm: int) -> float:
    records = [*traced(submissions(range(count + warm), "s"))]
    return await measured(stock.intake_service(), Database(), records, warm)


async def cancellation(count: int, warm: int) -> float:
    numbers, database = range(count + warm), Database()
    for document in stock.files(numbers, "s"):
        database.collection("file").documents[document["_id"]] = bson.encode(document)
    records = [*traced(requests(numbers, "s"))]
    return await measured(stock.cancellation_service(), database, records, warm)


PARTS: dict[str, Callable[[int, int], Any]] = {"intake": intake, "cancellation": cancellation}


def main() -> None:
    name, count, warm = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    found("shared.telemetry.logging", "shared.logging").configure(
        "bench", level="WARNING", style="console"
    )
    print(json.dumps(asyncio.run(PARTS[name](count, warm))))


if __name__ == "__main__":
    main()
