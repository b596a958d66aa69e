"""The whole desk on this machine: the embedded stack, and the services as child processes.

A service that dies is started again; so are the embedded broker, database and mailbox.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from desk.local.child import Child
from desk.local.database import SUITED_SETTINGS
from desk.local.ports import HOST, choose_ports
from desk.local.processes import begin_notes, note_process, settings_left
from desk.local.stack import Endpoints, Stack, embedded_stack, write_endpoints
from desk.local.watched import Say, Watched
from shared.events.topics import (
    ARCHIVE,
    CANCELLATION,
    CONSOLE,
    INTAKE,
    NOTIFICATION,
    PORTAL,
    SERVICES,
)
from shared.operations.service_health import held_back, is_healthy
from shared.settings import DEVELOPMENT_DEFAULTS

PORTS_FILE = "ports.json"
DOCUMENTS = "documents"
"""The archive's second port, for customers."""
PAGES = {PORTAL: "portal pages", CONSOLE: "console pages"}
"""The applications' second ports, for browsers."""
CREDENTIAL, PORTAL_CREDENTIAL = "INTERNAL_CREDENTIAL", "PORTAL_CREDENTIAL"
KNOWN_TO = {
    CREDENTIAL: (*SERVICES, CONSOLE),
    PORTAL_CREDENTIAL: (CANCELLATION, ARCHIVE, PORTAL),
}
"""Which services have to know a credential; no other gets it."""
ASKED_AT = {
    INTAKE: "INQUIRY_INTAKE_URL",
    CANCELLATION: "CANCELLATION_URL",
    ARCHIVE: "CONTRACT_ARCHIVE_URL",
    NOTIFICATION: "NOTIFICATION_URL",
}
"""The settings by which applications are told where a service answers about its records."""
HEALTHY_TIMEOUT_S = 180.0
"""A service that dies is noticed at once; one on a busy machine may take minutes to start."""
STOP_GRACE_S = 20.0
"""Longer than the services' own graceful stop, so that they can finish their batch."""


@dataclass(frozen=True)
class RunningService:
    """One service's process and where it is reached. The addresses outlive restarts."""

    name: str
    watched: Watched
    port: int
    internal_port: int
    pages_port: int

    @property
    def pid(self) -> int | None:
        """The current process; another one after each restart."""
        return self.watched.child.pid

    @property
    def restarts(self) -> int:
        return self.watched.restarts

    @property
    def log_file(self) -> Path:
        return self.watched.child.log_file

    @property
    def health_url(self) -> str:
        return health_url(self.port)

    @property
    def metrics_url(self) -> str:
        return f"http://{HOST}:{self.port}/metrics"

    @property
    def internal_url(self) -> str:
        return f"http://{HOST}:{self.internal_port}"


@dataclass(frozen=True)
class Desk:
    """A running desk. `stack.children` are the embedded processes, by name."""

    directory: Path
    stack: Stack
    services: Mapping[str, RunningService]
    endpoints: Endpoints

    async def healthy(self, *, within_s: float = HEALTHY_TIMEOUT_S) -> None:
        """Return once every service says `ok`. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            for service in self.services.values():
                while not await is_healthy(service.health_url):
                    await asyncio.sleep(0.1)


def health_url(port: int) -> str:
    return f"http://{HOST}:{port}/health"


@asynccontextmanager
async def desk_up(
    directory: Path,
    *,
    kafka: str | None = None,
    mongo: str | None = None,
    smtp: str | None = None,
    overrides: Mapping[str, str] | None = None,
    own: Mapping[str, Mapping[str, str]] | None = None,
    run_by: str | None = None,
    portal: bool = False,
    console: bool = False,
    say: Say = print,
) -> AsyncIterator[Desk]:
    """Run the desk with data, logs and addresses in `directory`; enter it from the main thread.

    Embedded is whatever has no address given. `overrides` are further environment variables for
    the services, `own` those of a single one, by its name; `run_by` is a module that runs the
    service of a given name in another way than its own `__main__`; with `portal`, the customer
    portal runs too, with `console` the operations console. Every service is healthy when entered,
    or waits for `desk restore`, as `say` is told then; everything started is stopped when left,
    services first. `say` gets a line for each restart. Raises `ChildError` if the directory is in
    use or a process cannot start.
    """
    async with AsyncExitStack() as until_left:
        stack = await until_left.enter_async_context(
            embedded_stack(directory, kafka=kafka, mongo=mongo, smtp=smtp)
        )
        directory = directory.absolute()
        made = {name: os.environ.get(name) or secrets.token_urlsafe(32) for name in KNOWN_TO}
        overrides = {**made, **(overrides or {})}
        applications = [name for name, runs in ((PORTAL, portal), (CONSOLE, console)) if runs]
        names = (*SERVICES, *applications)
        services = _services(directory, stack, names, overrides, own or {}, run_by)
        endpoints = _with_services(stack.endpoints, services, overrides[CREDENTIAL])
        begin_notes(directory)
        write_endpoints(directory, endpoints)
        until_left.push_async_callback(_stop, services)
        await _start(services, say)
        children = [*stack.children.values(), *(it.watched.child for it in services.values())]
        for child in children:
            note_process(directory, child.name, child.pid)
        embedded = [
            Watched(child, partial(_embedded_again, stack, directory, name))
            for name, child in stack.children.items()
        ]
        watches = [*embedded, *(service.watched for service in services.values())]
        await until_left.enter_async_context(_watched(watches, say))
        yield Desk(directory, stack, services, endpoints)


def _with_services(
    endpoints: Endpoints, services: Mapping[str, RunningService], credential: str
) -> Endpoints:
    found = {
        "internal": {name: services[name].internal_url for name in SERVICES},
        "internal_credential": credential,
        "portal": portal_url(services[PORTAL].pages_port) if PORTAL in services else None,
        "console": portal_url(services[CONSOLE].pages_port) if CONSOLE in services else None,
    }
    return endpoints.model_copy(update=found)


def portal_url(port: int) -> str:
    """How a browser on this machine reaches the pages: browsers trust `localhost` like HTTPS."""
    return f"http://localhost:{port}"


def _services(
    directory: Path,
    stack: Stack,
    names: Sequence[str],
    overrides: Mapping[str, str],
    owned: Mapping[str, Mapping[str, str]],
    run_by: str | None,
) -> dict[str, RunningService]:
    internal = {name: f"{name} internal" for name in names}
    second = (DOCUMENTS, *PAGES.values(), *internal.values())
    ports = choose_ports((*names, *second), directory / PORTS_FILE)
    common = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": stack.endpoints.kafka_bootstrap_servers,
        "MONGO_URL": stack.endpoints.mongo_url,
        "SMTP_URL": stack.endpoints.smtp_url,
    }
    if stack.children:
        common[DEVELOPMENT_DEFAULTS] = "true"
    if "database" in stack.children:
        common |= SUITED_SETTINGS
    if "broker" in stack.children:
        common["KAFKA_SECURITY_PROTOCOL"] = "PLAINTEXT"
    if "DOCUMENTS_URL" not in os.environ:
        common["DOCUMENTS_URL"] = f"http://{HOST}:{ports[DOCUMENTS]}"
    for owner, url in ASKED_AT.items():
        common.setdefault(url, f"http://{HOST}:{ports[internal[owner]]}")
    running: dict[str, RunningService] = {}
    for name in names:
        own = {
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(ports[name]),
            "INTERNAL_HOST": HOST,
            "INTERNAL_PORT": str(ports[internal[name]]),
            "DOCUMENTS_PORT": str(ports[DOCUMENTS]),
            "KAFKA_GROUP_INSTANCE_ID": name,  # a restarted service has its partitions at once
        }
        pages = ports[PAGES.get(name, PAGES[PORTAL])]
        own["WEB_PORT"] = str(pages)
        if name == CONSOLE or "PUBLIC_URL" not in os.environ:
            own["PUBLIC_URL"] = portal_url(pages)
        unknown = {credential for credential, known_to in KNOWN_TO.items() if name not in known_to}
        told = {**common, **own, **overrides, **owned.get(name, {})}
        child = Child(
            name,
            command(name, run_by),
            log_file=directory / "logs" / f"{name}.log",
            env={variable: value for variable, value in told.items() if variable not in unknown},
        )
        watched = Watched(child, partial(_again, child, directory))
        running[name] = RunningService(name, watched, ports[name], ports[internal[name]], pages)
    return running


def command(name: str, run_by: str | None = None) -> list[str]:
    """How a service is run: by its own `__main__`, or by another module that is given its name."""
    module = [run_by, name] if run_by else [f"services.{name}"]
    # -P: a folder `services` or `shared` where the desk is started must not be taken for ours.
    return [sys.executable, "-P", "-m", *module]


async def _again(child: Child, directory: Path) -> None:
    """A restarted service is not waited for: it waits for its dependencies by itself."""
    child.start(settings_left(directory, child.name))
    note_process(directory, child.name, child.pid)


async def _embedded_again(stack: Stack, directory: Path, name: str) -> None:
    await stack.start_again(name)
    note_process(directory, name, stack.children[name].pid)


async def _start(services: Mapping[str, RunningService], say: Say) -> None:
    for service in services.values():
        service.watched.child.start()
    await asyncio.gather(
        *(
            running.watched.child.wait_ready(
                partial(_settled, running.health_url), HEALTHY_TIMEOUT_S
            )
            for running in services.values()
        )
    )
    for service in services.values():
        if (why := await held_back(service.health_url)) is not None:
            say(f"{service.name} waits: {why}")


async def _settled(url: str) -> bool:
    """Healthy, or waiting for `desk restore`, which needs the servers that run here."""
    return await is_healthy(url) or await held_back(url) is not None


async def _stop(services: Mapping[str, RunningService]) -> None:
    await asyncio.gather(
        *(running.watched.child.stop(STOP_GRACE_S) for running in services.values())
    )


@asynccontextmanager
async def _watched(watches: list[Watched], say: Say) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(watch.keep_alive(say)) for watch in watches]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
