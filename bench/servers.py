"""The servers of every contender: Apache Kafka, a database, and their processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from desk.local.child import Child, ChildError
from desk.local.database import SUITED_SETTINGS, database, database_ready, database_url
from desk.local.ports import HOST, choose_ports
from shared.events.topics import CATALOGUE, Topic
from shared.kafka.topic_creation import create_missing_topics
from shared.settings import RuntimeSettings
from tests.apache_kafka.broker import AS_IN_PRODUCTION, JARS, ApacheKafka, missing, prepared

FAST_DATABASE = "secantusd-rs"
CACHE_SIZE = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') * 6 // 10 >> 20}M"
"""Of the faster database, six tenths of the memory: beyond it, it takes a third of the records."""
READY_WITHIN_S = 60.0
STOP_GRACE_S = 20.0


@dataclass(frozen=True)
class Servers:
    """Running servers. `suited` are the desk's settings for this database."""

    directory: Path
    kafka: ApacheKafka
    database: Child
    database_port: int
    suited: dict[str, str]

    @property
    def bootstrap(self) -> str:
        return self.kafka.address

    @property
    def mongo_url(self) -> str:
        return database_url(self.database_port)

    @property
    def names(self) -> str:
        """The servers as every result names them."""
        return f"Apache Kafka {_kafka_version()}, {Path(self.database.argv[0]).name}"

    @property
    def pids(self) -> dict[str, int]:
        """The processes, by the name under which their CPU time is reported."""
        found = {"kafka": self.kafka.child.pid, "database": self.database.pid}
        return {name: pid for name, pid in found.items() if pid is not None}


@asynccontextmanager
async def servers(directory: Path, *, partitions: int | None = None) -> AsyncIterator[Servers]:
    """Both, with every topic of the catalogue; stopped when left. Raises `ChildError`."""
    if lack := missing():
        raise ChildError(lack)
    port = choose_ports(["database"], directory / "ports.json")["database"]
    fast = shutil.which(FAST_DATABASE)
    store = _fast_database(fast, directory, port) if fast else database(directory, port)
    async with AsyncExitStack() as stack:
        kafka = await prepared(directory / "kafka", jvm=AS_IN_PRODUCTION)
        stack.push_async_callback(kafka.stop)
        stack.push_async_callback(store.stop, STOP_GRACE_S)
        store.start()
        await kafka.start()
        await store.wait_ready(partial(database_ready, port), READY_WITHIN_S)
        settings = RuntimeSettings(kafka_bootstrap_servers=kafka.address)
        await create_missing_topics(settings, (_with(topic, partitions) for topic in CATALOGUE))
        yield Servers(directory, kafka, store, port, {} if fast else SUITED_SETTINGS)


def _fast_database(program: str, directory: Path, port: int) -> Child:
    """The same storage and protocol as the embedded database, served by native code."""
    return Child(
        "database",
        [
            *(program, "--host", HOST, "--port", str(port), "--cache-size", CACHE_SIZE),
            *("--storage-path", str(directory / "mongo")),
        ],
        log_file=directory / "logs" / "database.log",
        env=os.environ,
    )


def _with(topic: Topic, partitions: int | None) -> Topic:
    return topic if partitions is None else replace(topic, partitions=partitions)


def _kafka_version() -> str:
    jar = next(JARS.glob("kafka-clients-*.jar"), None)
    return jar.stem.rpartition("-")[2] if jar else "?"
