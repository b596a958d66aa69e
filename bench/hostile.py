"""Measures the cost of the worst records of 256 KiB per service: `make bench BENCH=hostile`.

Every kind of message of every topic that a service reads is spoilt in every way that
`tests.poison.worst` knows, read and decided as a whole. The worst few of each kind then go through
the service's own stage, as does a sound record: decoded, decided, encoded for the database, handed
to the publisher. Counted are this process's CPU, with the Kafka client's for taking the record out
of what it fetched, and the most memory that Python held more than before. Then one intake process
takes five hundred of them.
"""

from __future__ import annotations

import contextlib
import gc
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from pathlib import Path

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from bench.bounds import in_memory
from desk.local.stack import embedded_stack
from shared.events.topics import TOPIC_OF
from shared.runtime.codec import Record
from shared.runtime.decider import Service
from shared.runtime.faults import Unreadable
from shared.runtime.process import GC_THRESHOLDS
from tests.integration.runtime.bounded import Desk
from tests.poison.hostile_run import Report, run
from tests.poison.inputs import Poison
from tests.poison.trial import built, decide_anew, readers
from tests.poison.worst import NOW, Worst, sound, with_value, worst_of

MOST_MS = 20.0
MOST_MB = 20.0
TAKEN = 4
"""How many of each kind's worst records are sent through the stage."""
REPEATED = 3
MB = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """CPU in milliseconds of one record in one service, and the memory it took."""

    service: str
    worst: str
    ms: float
    sound_ms: float
    mb: float

    @property
    def ratio(self) -> float:
        return self.ms / self.sound_ms

    @property
    def over(self) -> bool:
        return self.ms > MOST_MS or self.mb > MOST_MB


def cpu_ms(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return (time.process_time() - began) * 1000


def quick_cost(services: tuple[Service, ...], record: Record) -> float:
    """Of reading and deciding it without a database."""

    def decide() -> None:
        with contextlib.suppress(Unreadable):
            decide_anew(services, record, NOW)

    return cpu_ms(decide)


def carried_ms(record: Poison) -> float:
    """Measures the Kafka client's CPU for unpacking the record from a fetched batch, in ms."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 2 * MB)
    builder.append(0, 0, record.key, record.value, list(record.headers))
    data = bytes(builder.build())

    def unpack() -> None:
        for record in MemoryRecords(data).next_batch():
            tuple(record.headers)

    return min(cpu_ms(unpack) for _ in range(REPEATED))


def candidates(services: tuple[Service, ...], ce_type: str) -> Sequence[Worst]:
    """The worst few records of a kind, one for each way of spoiling it."""
    cost: dict[str, tuple[float, Worst]] = {}
    for worst in worst_of(ce_type):
        ms = quick_cost(services, worst.record)
        if ms > cost.get(worst.name, (0.0, worst))[0]:
            cost[worst.name] = (ms, worst)
    floods = [worst for _, worst in cost.values() if worst.field == "headers"]
    rest = nlargest(TAKEN, cost.values(), key=lambda found: found[0])
    return [*(worst for _, worst in rest), *floods[:1]]


@dataclass
class Through:
    """One service's stage, which takes records one by one."""

    desk: Desk
    sent: int = 0

    async def cost(self, record: Poison) -> float:
        """The least of a few runs: the machine does other things, too."""
        return min([await self._once(record) for _ in range(REPEATED)])

    async def memory_mb(self, record: Poison) -> float:
        gc.collect()
        tracemalloc.start()
        try:
            await self._once(record)
            return tracemalloc.get_traced_memory()[1] / MB
        finally:
            tracemalloc.stop()

    async def _once(self, record: Poison) -> float:
        """With an id of its own, as only a new message is decided."""
        self.sent += 1
        head = {"ce_id": f"hostile-{self.sent}".encode()}
        headers = tuple((name, head.get(name, value)) for name, value in record.headers)
        own = replace(record, headers=headers, offset=self.sent)
        began = time.process_time()
        await self.desk.stage.process([own])
        spent = (time.process_time() - began) * 1000
        self.desk.outgoing.clear()
        self.desk.committed = self.sent + 1
        return spent


async def costs_of(services: tuple[Service, ...], ce_type: str) -> list[Cost]:
    """Of the kind's worst records, in every service that reads it."""
    found: list[Cost] = []
    hostile = candidates(services, ce_type)
    for service in readers(services, TOPIC_OF[ce_type].name):
        async with in_memory(service) as desk:
            through = Through(desk)
            usual = with_value(ce_type, json.dumps(sound(ce_type).fields).encode())
            await through.cost(usual)  # the first one warms connections and caches
            sound_ms = await through.cost(usual)
            for worst in hostile:
                ms = await through.cost(worst.record) + carried_ms(worst.record)
                mb = await through.memory_mb(worst.record)
                name = f"{worst.field}: {worst.name}"
                found.append(Cost(service.name, name, ms, sound_ms, mb))
    return found


async def measure(kinds: Sequence[str], say: Callable[[str], None]) -> dict[str, list[Cost]]:
    """By kind of message; `say` hears a line for each."""
    services = built()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    every: dict[str, list[Cost]] = {}
    for ce_type in kinds:
        every[ce_type] = await costs_of(services, ce_type)
        say(line(ce_type, every[ce_type]))
    return every


def worst(costs: Sequence[Cost]) -> Cost:
    """The most CPU, and the most memory, which may be another record's."""
    slowest = max(costs, key=lambda cost: cost.ms)
    return replace(slowest, mb=max(cost.mb for cost in costs))


def line(ce_type: str, costs: Sequence[Cost]) -> str:
    most = worst(costs)
    return (
        f"  {ce_type:40} {most.sound_ms:5.1f} ms sound {most.ms:6.1f} ms worst"
        f" {most.ratio:5.1f} times {most.mb:5.1f} MB  {most.service}, {most.worst}"
    )


async def outlived() -> Report:
    """Feeds one process five hundred of the worst records, and reports it from outside."""
    with tempfile.TemporaryDirectory() as directory:
        async with embedded_stack(Path(directory) / "servers") as stack:
            return await run(stack.endpoints, Path(directory))
