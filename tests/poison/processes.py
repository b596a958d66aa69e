"""Watches the services from outside while they eat: memory, process ids, what is left to read."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from desk.local.supervisor import Desk
from shared.events.topics import TOPICS, topics_read_by
from tests.faults.patience import Patience

FED_BY_WORKERS = frozenset({"desk.outcomes", "desk.notifications"})
"""Mails go out at their own pace, so these still grow for a while; what is there is read."""
SAMPLE_SECONDS = 0.5
MB = 1024


@dataclass(slots=True)
class Memory:
    """A service's resident memory over the run, in MB; `peak` is the kernel's own high-water."""

    samples: list[float] = field(default_factory=list)
    peak: float = 0.0

    @property
    def growth(self) -> float:
        """How much more the last third needed at most than the first."""
        third = max(1, len(self.samples) // 3)
        return max(self.samples[-third:]) - max(self.samples[:third])

    @property
    def last(self) -> float:
        return self.samples[-1]


async def sample(desk: Desk, into: dict[str, Memory]) -> None:
    """Until cancelled."""
    while True:
        for name, service in desk.services.items():
            note(into.setdefault(name, Memory()), service.pid)
        await asyncio.sleep(SAMPLE_SECONDS)


def note(memory: Memory, pid: int | None) -> None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return  # it has just died; the process id tells
    found = {
        name: int(kb) / MB for name, kb in re.findall(r"^(VmRSS|VmHWM):\s+(\d+)", status, re.M)
    }
    if "VmRSS" in found:
        memory.samples.append(found["VmRSS"])
        memory.peak = max(memory.peak, found["VmHWM"])


class Offsets:
    """Ends of topics and what the services' groups have committed."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)

    async def __aenter__(self) -> Offsets:
        await self._admin.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def ends(self) -> Mapping[TopicPartition, int]:
        all_of = [TopicPartition(t.name, p) for t in TOPICS.values() for p in range(t.partitions)]
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(all_of)
        return found

    async def behind(
        self, services: tuple[str, ...], ends: Mapping[TopicPartition, int]
    ) -> dict[str, int]:
        """By service and topic, how many records before `ends` are not committed yet."""
        left: dict[str, int] = defaultdict(int)
        for service in services:
            committed = await self._admin.list_consumer_group_offsets(f"desk.{service}")
            for place, end in ends.items():
                if place.topic in topics_read_by(service):
                    done = committed[place].offset if place in committed else 0
                    left[f"{service} {place.topic}"] += max(0, end - max(0, done))
        return {name: count for name, count in left.items() if count}


async def drained(
    offsets: Offsets, services: tuple[str, ...], stalled_s: float
) -> tuple[Mapping[TopicPartition, int], dict[str, int]]:
    """The ends once everything is committed, and what is left once nothing more is."""
    patience = Patience(stalled_s)
    first = await offsets.ends()
    quiet = 0
    while True:
        now = await offsets.ends()
        ends = {p: first[p] if p.topic in FED_BY_WORKERS else end for p, end in now.items()}
        left = await offsets.behind(services, ends)
        quiet = quiet + 1 if not left else 0
        if quiet == 3 or patience.is_over(left):
            return ends, left
        await asyncio.sleep(0.5)
