"""Apache Kafka on a local JVM: KRaft, one node, no Docker.

The jars come from Maven (`make test-kafka` fetches them); a Java 17 runtime runs them.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from desk.local.broker import broker_ready, plain
from desk.local.child import Child, ChildError
from desk.local.ports import HOST, choose_ports
from tests.apache_kafka.security import ADMIN, Security

HERE = Path(__file__).parent
JARS = HERE / "target" / "jars"
CLASSES = HERE / "target" / "classes.jsa"
"""Written by `tests.apache_kafka.classes`; a JVM that does not find it starts without."""
READY_WITHIN_S = 180.0
"""Four seconds on a quiet machine."""
STOP_GRACE_S = 20.0
COMPILED_ONCE = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
QUICK_START = (*COMPILED_ONCE, f"-XX:SharedArchiveFile={CLASSES}")
"""The broker of a test lives for seconds: it costs 3 s of CPU in place of 10, most to start."""
AS_IN_PRODUCTION = ()
LOG_OPTIONS = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
HOW_TO_GET_IT = "install a Java 17 runtime and Maven, then run: make test-kafka"


def missing() -> str | None:
    """Names the tools missing to run the broker, and how to get them; None if all are there."""
    if shutil.which("java") is None:
        return f"java is not on the PATH; {HOW_TO_GET_IT}"
    if not any(JARS.glob("kafka_*.jar")):
        return f"the broker's jars are not there; {HOW_TO_GET_IT}"
    return None


@dataclass(frozen=True)
class ApacheKafka:
    """One broker process with its data in a directory; its address outlives restarts."""

    child: Child
    port: int
    security: Security | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        """Return once it serves. Raises `ChildError` if it cannot, with the end of its log."""
        self.child.start()
        admin = plain(self.address)
        if self.security is not None:
            admin = self.security.settings(ADMIN, self.address)
        await self.child.wait_ready(partial(broker_ready, admin), READY_WITHIN_S)

    async def stop(self) -> None:
        await self.child.stop(STOP_GRACE_S)


async def prepared(
    directory: Path, security: Security | None = None, *, jvm: Sequence[str] = QUICK_START
) -> ApacheKafka:
    """A broker that can be started; with `security`, a secured one.

    Raises `ChildError` if its directory cannot be set up.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ports = choose_ports(["broker", "controller"], directory / "ports.json")
    properties = directory / "server.properties"
    values = _properties(directory, ports["broker"], ports["controller"])
    if security is not None:
        values |= security.properties(ports["broker"], ports["controller"])
    properties.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    if not (directory / "data" / "meta.properties").exists():
        users = () if security is None else tuple(security.format_options())
        await asyncio.to_thread(_format, directory / "data", properties, users)
    child = Child(
        "apache-kafka",
        java(jvm, "kafka.Kafka", str(properties)),
        log_file=directory / "logs" / "apache-kafka.log",
    )
    return ApacheKafka(child, ports["broker"], security)


@asynccontextmanager
async def apache_kafka(directory: Path, *, jvm: Sequence[str] = QUICK_START) -> AsyncIterator[str]:
    """A running broker's address; stopped when left, and its data kept in `directory`.

    Raises `ChildError` if it cannot run, with the end of its log.
    """
    broker = await prepared(directory, jvm=jvm)
    try:
        await broker.start()
        yield broker.address
    finally:
        await broker.stop()


_formatted: dict[tuple[str, ...], dict[str, bytes]] = {}
"""By its users, what a storage that was just set up holds: to do it takes a JVM of its own."""


def java(jvm: Sequence[str], main: str, *arguments: str) -> list[str]:
    """How a program of Apache Kafka's is run."""
    return ["java", "-Xmx512m", *jvm, *LOG_OPTIONS, "-cp", f"{JARS}/*", main, *arguments]


def _format(data: Path, properties: Path, users: tuple[str, ...]) -> None:
    if users not in _formatted:
        _set_up(properties, users)
        _formatted[users] = {file.name: file.read_bytes() for file in data.iterdir()}
    data.mkdir(exist_ok=True)
    for name, content in _formatted[users].items():
        (data / name).write_bytes(content)


def _set_up(properties: Path, users: Sequence[str]) -> None:
    identity = uuid4().hex[:22]
    tool = ("kafka.tools.StorageTool", "format", "-t", identity, "-c", str(properties))
    command = java(QUICK_START, *tool, *users)
    ran = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=READY_WITHIN_S
    )
    if ran.returncode:
        said = (ran.stdout + ran.stderr)[-1000:]
        raise ChildError(f"Apache Kafka cannot be set up; {HOW_TO_GET_IT}\n{said}")


def _properties(directory: Path, broker: int, controller: int) -> dict[str, str]:
    """One node that is broker and controller; missing topics are an error, as in production."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{broker},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{broker}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(directory / "data"),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "5",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
