"""Throughput, side by side: each contender drains the same backlog, in turn, several times."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load, stock
from bench.drain import MAIL_SERVER, ROOT, Contender, Run, drain, new_prefix
from bench.servers import Servers
from desk.local.ports import HOST, choose_ports
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION, topics_read_by

SPRING_JAR = Path(__file__).parent / "spring" / "target" / "spring-intake.jar"
SPRING_NAMES = {
    "KAFKA_GROUP": "{KAFKA_GROUP_PREFIX}.inquiry_intake",
    "MONGO_DATABASE": "{MONGO_DATABASE_PREFIX}_inquiry_intake",
}
PYTHON = (sys.executable, "-P", "-m")
STOCKING = Path(__file__).with_name("stock_database.py")
CHAIN = (INTAKE, CANCELLATION, ARCHIVE, NOTIFICATION)
NOTIFICATIONS = "desk.notifications"
MAILS = 2
"""For each submission: it was received, and it is decided."""
Say = Callable[[Run], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is drained in one run: at most `backlog` records, at most for `seconds`."""

    backlog: int = 60_000
    warm: int = 3_000
    seconds: float = 10.0


def service(name: str) -> Sequence[str]:
    return (*PYTHON, f"services.{name}")


DESK = {name: service(name) for name in CHAIN}


def product(name: str, topic: str) -> Contender:
    return Contender("contract-desk", topic, name, {name: service(name)})


def limit(name: str, topic: str) -> Contender:
    command = (*PYTHON, "bench.contenders.limit", name)
    return Contender("hand-written limit", topic, name, {"limit": command})


def first_idiom() -> Contender:
    command = (*PYTHON, "bench.contenders.first_idiom")
    return Contender(
        "first FastStream idiom", load.SUBMISSIONS, INTAKE, {"idiom": command}, warm=0.05
    )


def spring(mode: str) -> Contender:
    command = ("java", "-Xmx512m", "-jar", str(SPRING_JAR))
    label = {"record": "Spring Kafka, record by record", "batch": "Spring Kafka, in batches"}[mode]
    names = SPRING_NAMES | {"MODE": mode}
    warm = {"record": 0.3, "batch": 2.0}[mode]
    return Contender(label, load.SUBMISSIONS, INTAKE, {"spring": command}, names, warm)


async def intake(
    servers: Servers, run: str, contenders: list[Contender], rounds: int, sizes: Sizes, say: Say
) -> list[Run]:
    """Submissions become inquiries; one backlog for all, groups and databases of their own."""
    backlog = (load.submission(number, run) for number in range(sizes.backlog))
    await published(servers, load.SUBMISSIONS, backlog)
    runs = []
    for contender in contenders * rounds:
        runs.append(await _measured(servers, contender, new_prefix(), sizes))
        say(runs[-1])
    return runs


async def cancellation(
    servers: Servers, run: str, contenders: list[Contender], rounds: int, sizes: Sizes, say: Say
) -> list[Run]:
    """Requests for known contracts are decided; the contracts' files are there beforehand."""
    backlog = (load.requested(number, run) for number in range(sizes.backlog))
    await published(servers, load.REQUESTS, backlog)
    runs = []
    for contender in contenders * rounds:
        prefix = new_prefix()
        await stocked_files(servers, prefix, run, sizes.backlog, contender.environment)
        runs.append(await _measured(servers, contender, prefix, sizes))
        say(runs[-1])
    return runs


async def chain(
    servers: Servers, run: str, contenders: list[Contender], rounds: int, sizes: Sizes, say: Say
) -> list[Run]:
    """All four services, from a submission until what the contenders watch.

    Mails are handed over to a server that drops them. Measured to the end: the services share the
    cores, and the first in the chain is done long before the last.
    """
    backlog = (load.submission(number, run) for number in range(sizes.backlog))
    await published(servers, load.SUBMISSIONS, backlog)
    runs = []
    for contender in contenders * rounds:
        prefix = new_prefix()
        await stocked_files(servers, prefix, run, sizes.backlog, contender.environment)
        for name in CHAIN:
            topics = [topic for topic in topics_read_by(name) if topic != load.SUBMISSIONS]
            await load.begin_at_end(servers.bootstrap, f"{prefix}.{name}", topics)
        runs.append(await drained(servers, contender, prefix, sizes))
        say(runs[-1])
    return runs


def until_decided(servers: Servers, commands: Mapping[str, Sequence[str]] = DESK) -> Contender:
    """All four services; what counts are requests that cancellation has decided."""
    return Contender(
        "contract-desk, four services",
        load.REQUESTS,
        CANCELLATION,
        *_with_mail_server(servers, commands),
    )


def until_mailed(servers: Servers, commands: Mapping[str, Sequence[str]] = DESK) -> Contender:
    """The same, until both mails of a submission are handed over."""
    return Contender(
        "contract-desk, four services",
        NOTIFICATIONS,
        NOTIFICATION,
        *_with_mail_server(servers, commands),
        answers=MAILS,
    )


def _with_mail_server(
    servers: Servers, commands: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, Sequence[str]], Mapping[str, str]]:
    port = choose_ports(["mail"], servers.directory / "mail.json")["mail"]
    sink = {MAIL_SERVER: (*PYTHON, "bench.mail_sink", str(port))}
    return {**sink, **commands}, mail_server(port)


def mail_server(port: int) -> dict[str, str]:
    """The notification service's settings: a server of one's own takes many mails at once."""
    return {"SMTP_URL": f"smtp://{HOST}:{port}", "SMTP_CONNECTIONS": "10", "SMTP_UNREPORTED": "50"}


async def published(servers: Servers, topic: str, records: Iterable[load.Record]) -> None:
    async with load.producing(servers.bootstrap) as producer:
        await load.publish(producer, topic, records)


async def stocked_files(
    servers: Servers, prefix: str, run: str, count: int, environment: Mapping[str, str]
) -> None:
    """The cancellation service's database with the files of `count` known contracts."""
    await _stocked("file", servers, f"{prefix}_{CANCELLATION}", run, count, environment)


async def stocked_inquiries(servers: Servers, prefix: str, run: str, count: int) -> None:
    """The intake's database with `count` inquiries as their submissions opened them."""
    await _stocked("inquiry", servers, f"{prefix}_{INTAKE}", run, count, {})


async def _stocked(
    kind: str,
    servers: Servers,
    database: str,
    run: str,
    count: int,
    environment: Mapping[str, str],
) -> None:
    """By a process with a contender's environment: a release writes what its own code stores."""
    command = [sys.executable, "-P", str(STOCKING), kind, servers.mongo_url, database, run]
    of_its_own = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    await asyncio.to_thread(subprocess.run, [*command, str(count)], env=of_its_own, check=True)


async def _measured(servers: Servers, contender: Contender, prefix: str, sizes: Sizes) -> Run:
    """One run on the backlog alone: its service's other topics begin at their ends."""
    others = [topic for topic in topics_read_by(contender.watched) if topic != contender.topic]
    await load.begin_at_end(servers.bootstrap, f"{prefix}.{contender.watched}", others)
    return await drained(servers, contender, prefix, sizes)


async def drained(servers: Servers, contender: Contender, prefix: str, sizes: Sizes) -> Run:
    run = await drain(
        servers,
        contender,
        prefix=prefix,
        warm=int(sizes.warm * contender.warm),
        total=sizes.backlog,
        seconds=sizes.seconds,
    )
    await asyncio.to_thread(stock.forget, servers.mongo_url, prefix)
    return run
