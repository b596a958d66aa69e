"""The desk of a drill: the one that `desk up` runs on this machine, and what may be done to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.commands.addresses import CREDENTIAL, ENDPOINTS_FILE
from desk.commands.errors import FAILED, DeskError
from desk.commands.event_file import Outgoing
from desk.commands.send import send
from desk.local.database import database_url
from desk.local.ports import HOST
from desk.local.processes import is_up, leave_settings, noted_processes, read_object
from desk.local.stack import Endpoints
from desk.local.supervisor import ASKED_AT, PORTS_FILE, health_url
from shared.events.topics import SERVICES
from shared.operations.service_client import ServiceClient, services_at
from shared.operations.service_health import is_healthy
from shared.settings import RuntimeSettings

ELSEWHERE = ("KAFKA_BOOTSTRAP_SERVERS", "MONGO_URL", "SMTP_URL", CREDENTIAL, *ASKED_AT.values())
"""Where one of these is set, the operator's commands look at another desk."""
EMBEDDED = ("broker", "database", "mailbox")
WITHIN_S = 120.0
"""A service on a busy machine takes half a minute to start."""
DECIDED_WITHIN_S = 30.0
"""Of what a drill has sent: if it was killed before that, nothing comes."""
POLL_S = 0.1

Condition = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class LocalDesk:
    """A desk that runs here, with servers of its own."""

    directory: Path
    endpoints: Endpoints
    ports: Mapping[str, int]

    @property
    def settings(self) -> RuntimeSettings:
        """How to connect to its broker, whatever the environment says about another one."""
        return RuntimeSettings(
            kafka_bootstrap_servers=self.endpoints.kafka_bootstrap_servers,
            kafka_security_protocol="PLAINTEXT",
        )

    def services(self, *names: str) -> AbstractAsyncContextManager[dict[str, ServiceClient]]:
        """The services named, or all, to be asked about their records."""
        credential = self.endpoints.internal_credential or ""
        return services_at(self.endpoints.internal, credential, names or SERVICES)

    async def publish(self, *events: Outgoing) -> None:
        """Raises `Outage`, `MissingTopics`."""
        await send(self.settings, events)

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the process of this name; nothing where it has ended."""
        pid = noted_processes(self.directory).get(name)
        with contextlib.suppress(ProcessLookupError):
            if pid is not None and os.getpgid(pid) == pid:  # as `desk up` starts it
                os.killpg(pid, number)

    async def restart(self, name: str, settings: Mapping[str, str]) -> None:
        """Replace the service's process; `settings` come on top of its own.

        Raises `DeskError` where no other process comes.
        """
        before = noted_processes(self.directory).get(name)
        leave_settings(self.directory, {name: settings} if settings else {})
        self.signal(name, signal.SIGTERM)
        await until(
            lambda: _is_another(self.directory, name, before), f"{name} does not start again"
        )

    async def healthy(self, name: str) -> None:
        """Return once the service says so. Raises `DeskError`."""
        url = health_url(self.ports[name])
        await until(lambda: is_healthy(url), f"{name} is not healthy: see .desk/logs/{name}.log")


async def until(reached: Condition, otherwise: str) -> None:
    """Wait for it. Raises `DeskError` after `WITHIN_S` seconds."""
    if not await comes(reached, WITHIN_S):
        raise DeskError(f"{otherwise}; try again.", code=FAILED)


async def comes(reached: Condition, within_s: float = DECIDED_WITHIN_S) -> bool:
    """Whether it comes about in that time."""
    try:
        async with asyncio.timeout(within_s):
            while not await reached():
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        return False
    return True


async def _is_another(directory: Path, name: str, before: int | None) -> bool:
    return noted_processes(directory).get(name) != before


def local_desk(directory: Path, environment: Mapping[str, str]) -> LocalDesk:
    """The desk of this directory. Raises `DeskError` for one that is not run here, with its reason.

    A drill breaks things: nothing but a desk that `desk up` runs with servers of its own is taken.
    """
    if given := [name for name in ELSEWHERE if environment.get(name)]:
        raise DeskError(
            f"a drill takes the desk of this machine alone, and {', '.join(given)} names another."
            "\nTake it out of the environment."
        )
    endpoints = _endpoints(directory / ENDPOINTS_FILE)
    ports = read_object(directory / PORTS_FILE)
    if endpoints is None or not _is_embedded(endpoints, ports):
        raise DeskError(
            f"a drill takes the desk of this machine alone; {directory} holds none with broker,"
            " database\nand mailbox of its own. Start one with `desk up`, or give its --directory."
        )
    if not is_up(directory):
        raise DeskError(f"the desk of {directory} does not run; start it with `desk up`.")
    if missing := {*EMBEDDED, *SERVICES} - noted_processes(directory).keys():
        raise DeskError(
            f"the desk of {directory} has not noted the processes of"
            f" {', '.join(sorted(missing))}: it is starting,\nor an earlier release started it."
            " Then stop it, and start it with `desk up`."
        )
    return LocalDesk(directory, endpoints, ports)


def _endpoints(file: Path) -> Endpoints | None:
    try:
        return Endpoints.model_validate(json.loads(file.read_text()))
    except (OSError, ValueError):
        return None


def _is_embedded(endpoints: Endpoints, ports: Mapping[str, Any]) -> bool:
    """Whether each server is the one that `desk up` starts from this directory."""
    if not {*EMBEDDED, *SERVICES} <= ports.keys():
        return False
    here = (
        f"{HOST}:{ports['broker']}",
        database_url(ports["database"]),
        f"smtp://{HOST}:{ports['mailbox']}",
    )
    return here == (endpoints.kafka_bootstrap_servers, endpoints.mongo_url, endpoints.smtp_url)


def sent(ce_type: str, ce_id: str, source: str, **data: Any) -> Outgoing:
    """An event of a drill."""
    return Outgoing(ce_type, ce_id, source, data)


async def discard_letters(desk: LocalDesk, tag: str, count: int) -> None:
    """Take the drill's dead letters off the list, all `count` of them if they come.

    Those that the operator has dealt with stay as they are. Raises `Outage`, `ServiceError`.
    """
    from shared.operations.audit_trail import Author
    from shared.operations.dead_letters.discard import discard, discards
    from shared.operations.dead_letters.topic import briefs
    from shared.operations.sender import replay_session

    async def ids() -> Sequence[Any]:
        return [it.id for it in await briefs(desk.settings) if tag in (it.message_id or "")]

    async def are_there() -> bool:
        return len(await ids()) >= count

    await comes(are_there)
    async with (
        desk.services() as services,
        replay_session(desk.settings, Author("desk drill", "a drill ended")) as session,
    ):
        for found in await discards(await ids(), services, session):
            if not found.left:
                await discard(found, services, session)
