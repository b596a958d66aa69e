"""The faults, each injected while work goes on. Read `SCENARIOS` as the table's first column."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from desk.ops.supervisor import SERVICES
from shared.events.topics import ARCHIVE, CANCELLATION, NOTIFICATION
from tests.faults.dying import STEPS
from tests.faults.machine import Machine, every_service, frozen, kill_group, throttled

OBEYED_WITHIN_S = 60.0
FROZEN_S = 40.0
DOWN_S = 5.0
SLOW_S = 30.0
BETWEEN_S = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """When it was over (milliseconds since 1970), and the services that had to recover."""

    over_at: int
    services: Sequence[str]


@dataclass
class Injected:
    """The faults of one scenario."""

    faults: list[Fault] = field(default_factory=list)

    def note(self, *services: str) -> None:
        """One more fault is over now; all services had to do with it if none is named."""
        self.faults.append(Fault(int(time.time() * 1000), services or SERVICES))


Inject = Callable[[Machine, Injected], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults of one kind. `inject` brings them about once; a long run repeats it `times`."""

    name: str
    inject: Inject
    times: int = 1


async def nothing(_machine: Machine, _injected: Injected) -> None:
    await asyncio.sleep(2)


async def killed_after(step: str, machine: Machine, injected: Injected) -> None:
    for service in SERVICES:
        order = machine.order(service, step)
        await _obeyed(order)
        injected.note(service)
        await machine.desk.healthy()


async def killed_at_random(machine: Machine, injected: Injected) -> None:
    for service in random.sample(SERVICES, len(SERVICES)):
        await asyncio.sleep(random.uniform(0, BETWEEN_S))
        kill_group(machine.pid_of(service))
        injected.note(service)
        await machine.desk.healthy()


async def terminated_in_a_batch(machine: Machine, injected: Injected) -> None:
    for service in SERVICES:
        order = machine.order(service, "store", term=True)
        await _obeyed(order)
        injected.note(service)
        await asyncio.sleep(BETWEEN_S)
        await machine.desk.healthy()


async def everything_killed(machine: Machine, injected: Injected) -> None:
    servers = [machine.kafka.child, machine.database, machine.mail]
    kill_group(*every_service(machine), *(child.pid for child in servers if child.pid))
    for child in servers:
        child.kill()
    await asyncio.gather(machine.kafka.start(), machine.start_database(), machine.start_mail())
    injected.note()
    await machine.desk.healthy()


async def broker_restarted(machine: Machine, injected: Injected) -> None:
    await machine.kafka.stop()
    await asyncio.sleep(DOWN_S)
    await machine.kafka.start()
    injected.note()
    await machine.desk.healthy()


async def broker_killed(machine: Machine, injected: Injected) -> None:
    machine.kafka.child.kill()
    await machine.kafka.start()
    injected.note()
    await machine.desk.healthy()


async def broker_frozen(machine: Machine, injected: Injected) -> None:
    assert machine.kafka.child.pid is not None
    async with frozen(machine.kafka.child.pid):
        await asyncio.sleep(FROZEN_S)
    injected.note()
    await machine.desk.healthy()


async def database_restarted(machine: Machine, injected: Injected) -> None:
    await machine.database.stop()
    await asyncio.sleep(DOWN_S)
    await machine.start_database()
    injected.note()
    await machine.desk.healthy()


async def database_killed(machine: Machine, injected: Injected) -> None:
    machine.database.kill()
    await machine.start_database()
    injected.note()
    await machine.desk.healthy()


async def database_frozen(machine: Machine, injected: Injected) -> None:
    assert machine.database.pid is not None
    async with frozen(machine.database.pid):
        await asyncio.sleep(FROZEN_S)
    injected.note()
    await machine.desk.healthy()


async def database_slow(machine: Machine, injected: Injected) -> None:
    """A batch then takes longer than the members of the group may stay away from it."""
    assert machine.database.pid is not None
    await throttled(machine.database.pid, runs_s=0.02, rests_s=1.0, for_s=SLOW_S)
    injected.note()
    await machine.desk.healthy()


async def mail_is(mood: str, machine: Machine, injected: Injected) -> None:
    machine.mail_is(mood)
    try:
        await asyncio.sleep(DOWN_S)
    finally:
        machine.mail_is("well")
    injected.note(NOTIFICATION)


async def mail_down(machine: Machine, injected: Injected) -> None:
    await machine.mail.stop()
    await asyncio.sleep(DOWN_S)
    await machine.start_mail()
    injected.note(NOTIFICATION)


async def instances_join_and_leave(machine: Machine, injected: Injected) -> None:
    """One instance of each service becomes three, and one again; the last to leave is killed."""
    for number in (2, 3):
        for service in SERVICES:
            machine.another(service, number)
        await asyncio.sleep(6 * BETWEEN_S)
        injected.note()
    await asyncio.gather(*(machine.more.pop(f"{name}-2").stop(20) for name in SERVICES))
    injected.note()
    await asyncio.sleep(BETWEEN_S)
    for service in SERVICES:
        machine.more.pop(f"{service}-3").kill()
    injected.note()


async def clocks_twice(machine: Machine, injected: Injected) -> None:
    """Two clocks of each service that has one, and the first of them is killed."""
    async with _beside(machine, CANCELLATION, ARCHIVE):
        await asyncio.sleep(6 * BETWEEN_S)
        kill_group(machine.pid_of(CANCELLATION), machine.pid_of(ARCHIVE))
        injected.note(CANCELLATION, ARCHIVE)
        await machine.desk.healthy()
        await asyncio.sleep(6 * BETWEEN_S)


async def dead_letters_refused(machine: Machine, injected: Injected) -> None:
    """No dead letter is taken, as with a full disk; what gave one up must wait."""
    machine.refuse_dead_letters(yes=True)
    try:
        await asyncio.sleep(2 * DOWN_S)
    finally:
        machine.refuse_dead_letters(yes=False)
    injected.note()


@asynccontextmanager
async def _beside(machine: Machine, *services: str) -> AsyncIterator[None]:
    for service in services:
        machine.another(service, 2)
    try:
        yield
    finally:
        await asyncio.gather(*(machine.more.pop(f"{name}-2").stop(20) for name in services))


async def _obeyed(order: os.PathLike[str]) -> None:
    async with asyncio.timeout(OBEYED_WITHIN_S):
        while os.path.exists(order):
            await asyncio.sleep(0.02)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("no fault", nothing),
    *(Scenario(f"kill -9 after {step}", partial(killed_after, step), times=5) for step in STEPS),
    Scenario("kill -9 at random", killed_at_random, times=6),
    Scenario("SIGTERM in the middle of a batch", terminated_in_a_batch, times=3),
    Scenario("instances 1 → 3 → 1", instances_join_and_leave, times=2),
    Scenario("clocks twice, one killed", clocks_twice, times=2),
    Scenario("broker stopped, started again", broker_restarted, times=4),
    Scenario("broker kill -9", broker_killed, times=4),
    Scenario(f"broker frozen for {FROZEN_S:g} s", broker_frozen, times=2),
    Scenario("database stopped, started again", database_restarted, times=4),
    Scenario("database kill -9", database_killed, times=4),
    Scenario(f"database frozen for {FROZEN_S:g} s", database_frozen, times=2),
    Scenario("database slower than max.poll.interval", database_slow, times=2),
    Scenario("mail server refuses", partial(mail_is, "refusing"), times=4),
    Scenario("mail server slow", partial(mail_is, "slow"), times=4),
    Scenario("mail server cuts off after DATA", partial(mail_is, "dropping"), times=4),
    Scenario("mail server down", mail_down, times=4),
    Scenario("dead letters refused, as by a full disk", dead_letters_refused, times=3),
    Scenario("everything kill -9 at once", everything_killed, times=4),
)
