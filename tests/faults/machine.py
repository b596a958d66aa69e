"""The machine that faults are injected into: every server and service a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from desk.local import supervisor, watched
from desk.local.child import Child
from desk.local.database import SUITED_SETTINGS, database, database_ready, database_url
from desk.local.mailbox import mailbox_ready
from desk.local.ports import HOST, choose_ports
from desk.local.supervisor import Desk, command, desk_up
from shared.events.topics import SERVICES
from tests.apache_kafka.broker import AS_IN_PRODUCTION, ApacheKafka, prepared
from tests.faults import death, post_office

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60.0
STARTED_WITHIN_S = 120.0
HEALTHY_WITHIN_S = 300.0
"""A busy machine takes minutes to start four services; the table says how long it took."""
STOP_GRACE_S = 20.0
STARTED, STOPPED = '"event": "started"', '"event": "stopped"'
SETTINGS = {
    "DEVELOPMENT_DEFAULTS": "true",
    "UNREGISTERED_MAILS_PER_HOUR": "5000",
    "UNREGISTERED_MAILS_PER_DAY": "5000",
    "WORKER_LEASE_SECONDS": "10",
    "SMTP_TIMEOUT_SECONDS": "5",
    "SMTP_CONNECTIONS": "4",
    "CONTRACT_GRACE_SECONDS": "5",
    "KAFKA_MAX_POLL_INTERVAL_MS": "10000",
    "MAX_PAUSE_SECONDS": "3",
    "HISTORY_BOUND": "2",
    "LOG_LEVEL": "INFO",
}
"""Short leases, intervals and histories: what takes minutes or months elsewhere takes seconds."""
NOTHING_MORE: Mapping[str, str] = {}
DURABLE = SUITED_SETTINGS | {"MONGO_JOURNAL": "true"}
"""The database is killed too, so what it acknowledges must be in its journal."""


@dataclass
class Machine:
    """Apache Kafka, a database, a mail server and the desk, on this machine."""

    directory: Path
    kafka: ApacheKafka
    database: Child
    database_port: int
    mail: Child
    mail_port: int
    desk: Desk
    more: dict[str, Child] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        return self.kafka.address

    @property
    def mongo_url(self) -> str:
        return database_url(self.database_port)

    def mails_taken(self) -> list[str]:
        """The Message-ID of every mail the mail server has taken, repeats and all."""
        return (self.directory / "mail" / post_office.TAKEN).read_text().split("\n")[:-1]

    def mail_is(self, mood: str) -> None:
        """One of the moods that `post_office` knows, from the next mail on."""
        _write(self.directory / "mail" / post_office.MOOD, mood)

    def order(self, service: str, step: str, *, term: bool = False) -> Path:
        """Have a service die (or stop) after a step; the file is gone once it has."""
        order = self.directory / "orders" / f"{service}.{step}{'.TERM' if term else ''}"
        order.touch()
        return order

    async def healthy(self) -> None:
        """Return once every service says `ok`. Raises TimeoutError."""
        await self.desk.healthy(within_s=HEALTHY_WITHIN_S)

    def pid_of(self, service: str) -> int:
        pid = self.desk.services[service].pid
        assert pid is not None
        return pid

    async def start_database(self) -> None:
        self.database.start()
        await self.database.wait_ready(partial(database_ready, self.database_port), READY_WITHIN_S)

    async def start_mail(self) -> None:
        self.mail.start()
        await self.mail.wait_ready(partial(mailbox_ready, self.mail_port), READY_WITHIN_S)

    def refuse_dead_letters(self, *, yes: bool) -> None:
        """The services' clients say what they would if the broker's disk for these were full."""
        refusal = self.directory / "orders" / death.REFUSAL
        refusal.touch() if yes else refusal.unlink()

    def another(
        self,
        service: str,
        number: int | str,
        *,
        clock: str | None = None,
        broker: str | None = None,
        own: Mapping[str, str] = NOTHING_MORE,
    ) -> Child:
        """One more instance of a service, started; `stop` it or `kill` it.

        `clock` is how far its clock is off (`+40d`), `broker` the address at which it knocks first,
        `own` further environment variables.
        """
        name = f"{service}-{number}"
        wrong_clock = () if clock is None else ("faketime", "-f", clock)
        first = {} if broker is None else {"KAFKA_BOOTSTRAP_SERVERS": broker}
        child = Child(
            name,
            [*wrong_clock, *command(service, death.__name__)],
            log_file=self.directory / "desk" / "logs" / f"{name}.log",
            env=self._environment() | first | dict(own) | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        )
        child.start()
        self.more[name] = child
        return child

    async def until_started(self, *instances: Child) -> None:
        """Return once each of them says that it has begun to read. Raises TimeoutError."""
        async with asyncio.timeout(STARTED_WITHIN_S):
            for instance in instances:
                while STARTED not in instance.log_file.read_text().rpartition(STOPPED)[2]:
                    await asyncio.sleep(0.2)

    def _environment(self) -> dict[str, str]:
        return (
            os.environ
            | DURABLE
            | SETTINGS
            | {
                "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
                "MONGO_URL": self.mongo_url,
                "SMTP_URL": f"smtp://{HOST}:{self.mail_port}",
                death.ORDERS: str(self.directory / "orders"),
                "PYTHONPATH": str(ROOT),
            }
        )


@asynccontextmanager
async def machine(directory: Path) -> AsyncIterator[Machine]:
    """A running machine; whatever of it still runs when left is stopped."""
    supervisor.HEALTHY_TIMEOUT_S = HEALTHY_WITHIN_S
    watched.STEADY_AFTER_S = 1.0  # it is we who kill: the supervisor need not grow its pauses
    (directory / "orders").mkdir(parents=True)
    (directory / "mail").mkdir()
    _write(directory / "mail" / post_office.MOOD, "well")
    ports = choose_ports(["database", "mail"], directory / "ports.json")
    kafka = await prepared(directory / "apache-kafka", jvm=AS_IN_PRODUCTION)
    mail = Child(
        "mail",
        _module(post_office.__name__, str(ports["mail"]), str(directory / "mail")),
        log_file=directory / "mail.log",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    store = database(directory / "database", ports["database"])
    environment = (
        SETTINGS
        | DURABLE
        | {
            death.ORDERS: str(directory / "orders"),
            "PYTHONPATH": str(ROOT),
        }
    )
    more: dict[str, Child] = {}
    try:
        mail.start()
        store.start()
        await mail.wait_ready(partial(mailbox_ready, ports["mail"]), READY_WITHIN_S)
        await store.wait_ready(partial(database_ready, ports["database"]), READY_WITHIN_S)
        await kafka.start()
        async with desk_up(
            directory / "desk",
            kafka=kafka.address,
            mongo=database_url(ports["database"]),
            smtp=f"smtp://{HOST}:{ports['mail']}",
            overrides=environment,
            run_by=death.__name__,
            say=partial(_note, directory / "supervisor.log"),
        ) as desk:
            yield Machine(
                directory, kafka, store, ports["database"], mail, ports["mail"], desk, more
            )
    finally:
        await asyncio.gather(*(child.stop(STOP_GRACE_S) for child in more.values()))
        await kafka.stop()
        await asyncio.gather(store.stop(STOP_GRACE_S), mail.stop(STOP_GRACE_S))


@asynccontextmanager
async def frozen(*pids: int) -> AsyncIterator[None]:
    """SIGSTOP while inside, SIGCONT after."""
    for pid in pids:
        os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.killpg(pid, signal.SIGCONT)


async def throttled(pid: int, *, runs_s: float, rests_s: float, for_s: float) -> None:
    """Let a process run for a little while only, again and again: slow, but alive."""
    loop = asyncio.get_running_loop()
    until = loop.time() + for_s
    while loop.time() < until:
        async with frozen(pid):
            await asyncio.sleep(rests_s)
        await asyncio.sleep(runs_s)


def kill_group(*pids: int) -> None:
    """SIGKILL, all in one go."""
    for pid in pids:
        os.killpg(pid, signal.SIGKILL)


def every_service(running: Machine) -> list[int]:
    return [running.pid_of(name) for name in SERVICES]


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", name, *arguments]


def _write(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def _note(file: Path, line: str) -> None:
    with file.open("a") as log:
        log.write(line + "\n")
