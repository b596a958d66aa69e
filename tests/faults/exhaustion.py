"""Faults of a machine that has too little: no room on a disk, no file descriptors, no time.

A process is limited while it runs (`prlimit`), so no rights and no mounts are needed: a write
beyond the limit fails as on a full disk, with another number (EFBIG for ENOSPC).
"""

from __future__ import annotations

import asyncio
import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from desk.local.child import Child
from shared.events.topics import CANCELLATION, NOTIFICATION, SERVICES
from tests.faults.injection import Injected, each_beside
from tests.faults.machine import HEALTHY_WITHIN_S, Machine, every_service, frozen, kill_group
from tests.integration.runtime.refusing_broker import refusing_broker

NOTHING = 0
DESCRIPTORS = 8
"""Fewer than a service has open, so that it gets no more."""
GIVES_UP_WITHIN_S = 60.0
AHEAD = "+40d"
REFUSALS = 3
MINUTE = 60.0
TAKEN_OVER_S = 5.0


@contextmanager
def limited(pid: int, what: int, most: int) -> Iterator[None]:
    """Lower a limit of a running process while inside; its hard limit stays."""
    soft, hard = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (most, hard))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, what, (soft, hard))


async def broker_disk_full(machine: Machine, injected: Injected) -> None:
    """A broker whose only log directory fails ends; once there is room it is started again."""
    child = machine.kafka.child
    with limited(_pid(child), resource.RLIMIT_FSIZE, NOTHING):
        await _until_it_ends(child)
        await asyncio.sleep(injected.scale.down_s)
    child.kill()
    await machine.kafka.start()
    injected.note()
    await machine.healthy()


async def database_disk_full(machine: Machine, injected: Injected) -> None:
    """The database refuses to write; once there is room it is started again."""
    with limited(_pid(machine.database), resource.RLIMIT_FSIZE, NOTHING):
        await asyncio.sleep(2 * injected.scale.down_s)
    machine.database.kill()
    await machine.start_database()
    injected.note()
    await machine.healthy()


async def mail_disk_full(machine: Machine, injected: Injected) -> None:
    """The mail server cannot keep what it is given, and answers 452."""
    with limited(_pid(machine.mail), resource.RLIMIT_FSIZE, NOTHING):
        await asyncio.sleep(injected.scale.down_s)
    injected.note(NOTIFICATION)


async def descriptors_used_up(machine: Machine, injected: Injected) -> None:
    """No service can open a connection, and the servers that they are connected to go."""
    with ExitStack() as limits:
        for pid in every_service(machine):
            limits.enter_context(limited(pid, resource.RLIMIT_NOFILE, DESCRIPTORS))
        for server in (machine.kafka.child, machine.database, machine.mail):
            server.kill()
        await asyncio.gather(machine.kafka.start(), machine.start_database(), machine.start_mail())
        await asyncio.sleep(injected.scale.down_s)
    injected.note()
    await machine.healthy()


async def service_stopped(machine: Machine, injected: Injected) -> None:
    """Nobody takes its place: the group stands until it runs again."""
    service = random.choice(SERVICES)
    async with frozen(machine.pid_of(service)):
        await asyncio.sleep(injected.scale.stopped_s)
    injected.note(service)
    await machine.healthy()


async def services_stopped_beside_others(machine: Machine, injected: Injected) -> None:
    """Others take their places; then they wake in the middle of what is no longer theirs."""
    async with each_beside(machine, *SERVICES) as others:
        async with frozen(*every_service(machine)):
            await asyncio.sleep(min(injected.scale.stopped_s, MINUTE))
            await machine.until_started(*others)
            await asyncio.sleep(TAKEN_OVER_S)
        injected.note()
        await machine.healthy()


async def clock_ahead(machine: Machine, injected: Injected) -> None:
    """For one more instance every scheduled cancellation's day has come."""
    ahead = machine.another(CANCELLATION, AHEAD, clock=AHEAD)
    await machine.until_started(ahead)
    await asyncio.sleep(min(injected.scale.stopped_s, MINUTE))
    await ahead.stop(20)
    machine.more.pop(ahead.name)
    injected.note(CANCELLATION)


def faketime_is_missing() -> str | None:
    if shutil.which("faketime") is None:
        return "faketime is missing; get it with: apt-get install faketime"
    return None


async def started_without_a_broker(machine: Machine, injected: Injected) -> None:
    """The services start while there is no broker; instances beside them are refused at first."""
    await machine.kafka.stop()
    kill_group(*every_service(machine))
    await asyncio.sleep(injected.scale.down_s)
    await machine.kafka.start()
    async with refusing_broker(machine.bootstrap, REFUSALS) as broker:
        for service in SERVICES:
            machine.another(service, 2, broker=broker.address)
        injected.note()
        await machine.healthy()
        async with asyncio.timeout(HEALTHY_WITHIN_S):
            while broker.refused < REFUSALS:
                await asyncio.sleep(0.1)
        await asyncio.gather(*(machine.more.pop(f"{name}-2").stop(20) for name in SERVICES))


def _pid(child: Child) -> int:
    assert child.pid is not None
    return child.pid


async def _until_it_ends(child: Child) -> None:
    async with asyncio.timeout(GIVES_UP_WITHIN_S):
        while child.alive:
            await asyncio.sleep(0.1)
