"""One run of one contender: it drains a backlog, and its committed offsets say how fast.

Every contender is measured in the same way, from outside: how far its group has committed, once it
is warm, over a stretch of time; what its process, the broker and the database spent meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from bench import load
from bench.processes import cpu_seconds, memory_mb
from bench.servers import Servers
from desk.local.child import Child
from shared.kafka.broker import Broker, broker_at
from shared.settings import RuntimeSettings

ROOT = Path(__file__).parents[1]
MAIL_SERVER = "mail server"
NOT_ITS_OWN = ("kafka", "database", MAIL_SERVER)
POLL_S = 0.1
GIVES_UP_AFTER_S = 120.0


@dataclass(frozen=True, slots=True)
class Contender:
    """Processes that drain a backlog, each with its environment.

    What counts is what group `<prefix>.<watched>` has committed of `topic`. With `answers`, every
    so many new records in `topic` count as one of the backlog.
    """

    name: str
    topic: str
    watched: str
    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    warm: float = 1.0
    """How much longer (or shorter) than others it needs to get warm."""
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run, from the end of its warm-up to its end."""

    contender: str
    records: int
    seconds: float
    cpu_us: Mapping[str, float]
    """CPU per record in microseconds, by process."""
    memory_mb: float
    """The most that one of the contender's processes held."""

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def own_cpu_us(self) -> float:
        """Of the contender's own processes alone."""
        return sum(us for name, us in self.cpu_us.items() if name not in NOT_ITS_OWN)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a contender was at a moment: records, and CPU seconds by process."""

    at: float
    done: int
    cpu: Mapping[str, float]


@dataclass
class Drain:
    """A contender at work on a backlog."""

    servers: Servers
    contender: Contender
    prefix: str
    broker: Broker
    children: Mapping[str, Child]
    begun: int = 0
    memory: float = 0.0

    async def until(self, done: int, *, within_s: float) -> Mark:
        """When that number of records is committed, or the time is over."""
        deadline = time.perf_counter() + within_s
        while True:
            mark = await self.mark()
            if mark.done >= done or mark.at > deadline:
                return mark
            for child in self.children.values():
                if not child.alive:
                    raise RuntimeError(f"{child.name} ended; see {child.log_file}")
            await asyncio.sleep(POLL_S)

    async def mark(self) -> Mark:
        done = await self.counted() - self.begun
        at = time.perf_counter()
        own = {name: child.pid for name, child in self.children.items() if child.pid is not None}
        self.memory = max([self.memory, *map(memory_mb, own.values())])
        cpu = {name: cpu_seconds(pid) for name, pid in (own | self.servers.pids).items()}
        return Mark(at, done, cpu)

    async def counted(self) -> int:
        """Counts the backlog's finished records since the topic began."""
        topic, answers = self.contender.topic, self.contender.answers
        if answers:
            written, _ = (await self.broker.written([topic], datetime.now(UTC)))[topic]
            return written // answers
        group = f"{self.prefix}.{self.contender.watched}"
        return sum((await load.committed(self.broker.admin, group, topic)).values())


def environment(servers: Servers, prefix: str) -> dict[str, str]:
    """Every contender's settings: the servers, a group and a database of its own."""
    return (
        dict(os.environ)
        | servers.suited
        | {
            "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
            "KAFKA_GROUP_PREFIX": prefix,
            "MONGO_URL": servers.mongo_url,
            "MONGO_DATABASE_PREFIX": prefix,
            "ACCEPT_OLDER_DATABASE": "true",
            "CREATE_TOPICS": "false",
            "DEVELOPMENT_DEFAULTS": "true",
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }
    )


def new_prefix() -> str:
    """For groups and databases that nobody has used."""
    return f"bench-{uuid4().hex[:8]}"


@asynccontextmanager
async def at_work(servers: Servers, contender: Contender, prefix: str) -> AsyncIterator[Drain]:
    """The contender, started; stopped when left."""
    common = environment(servers, prefix)
    children = {
        name: Child(
            name,
            command,
            log_file=servers.directory / "logs" / f"{prefix}-{name.replace(' ', '-')}.log",
            env=common | {k: v.format(**common) for k, v in contender.environment.items()},
        )
        for name, command in contender.commands.items()
    }
    async with broker_at(RuntimeSettings(kafka_bootstrap_servers=servers.bootstrap)) as broker:
        try:
            drain = Drain(servers, contender, prefix, broker, children)
            drain.begun = await drain.counted()
            for child in children.values():
                child.start()
            yield drain
        finally:
            await asyncio.gather(*(child.stop(20) for child in children.values()))


async def drain(
    servers: Servers,
    contender: Contender,
    *,
    prefix: str,
    warm: int,
    total: int,
    seconds: float,
) -> Run:
    """Start it, let `warm` records pass, and measure until `total` or for `seconds`.

    Raises RuntimeError if it stalls.
    """
    async with at_work(servers, contender, prefix) as under_load:
        first = await under_load.until(warm, within_s=GIVES_UP_AFTER_S)
        if first.done < warm:
            raise RuntimeError(f"{contender.name} did not get warm in {GIVES_UP_AFTER_S:g} s")
        last = await under_load.until(total, within_s=seconds)
    records = last.done - first.done
    if records <= 0:
        raise RuntimeError(f"{contender.name} stands still; see {servers.directory / 'logs'}")
    return Run(
        contender=contender.name,
        records=records,
        seconds=last.at - first.at,
        cpu_us={
            name: (last.cpu[name] - first.cpu[name]) / records * 1e6
            for name in last.cpu
            if name in first.cpu
        },
        memory_mb=under_load.memory,
    )
