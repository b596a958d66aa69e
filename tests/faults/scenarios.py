"""The faults, each injected into a working desk. Read `scenarios` as the table's first column."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from shared.events.topics import ARCHIVE, CANCELLATION, NOTIFICATION, SERVICES
from tests.faults import exhaustion, hostile_traffic, portal, workload
from tests.faults.death import STEPS
from tests.faults.injection import Injected, Scale, Scenario, each_beside, together
from tests.faults.machine import Machine, every_service, frozen, kill_group, throttled

OBEYED_WITHIN_S = 60.0
BETWEEN_S = 1.0
NO_FAULT = "no fault"
UNREACHABLE_MAILS = 20
MINUTE = 60.0


async def nothing(_machine: Machine, _injected: Injected) -> None:
    await asyncio.sleep(2)


async def killed_after(step: str, machine: Machine, injected: Injected) -> None:
    first = STEPS.index(step)
    for number in range(first, first + injected.scale.killed):
        service = SERVICES[number % len(SERVICES)]
        order = machine.order(service, step)
        await _obeyed(order)
        injected.note(service)
        await machine.healthy()


async def killed_at_random(machine: Machine, injected: Injected) -> None:
    for service in random.sample(SERVICES, len(SERVICES)):
        await asyncio.sleep(random.uniform(0, BETWEEN_S))
        kill_group(machine.pid_of(service))
        injected.note(service)
        await machine.healthy()


async def terminated_in_a_batch(machine: Machine, injected: Injected) -> None:
    for service in SERVICES:
        order = machine.order(service, "store", term=True)
        await _obeyed(order)
        injected.note(service)
        await asyncio.sleep(BETWEEN_S)
        await machine.healthy()


async def everything_killed(machine: Machine, injected: Injected) -> None:
    servers = [machine.kafka.child, machine.database, machine.mail]
    kill_group(*every_service(machine), *(child.pid for child in servers if child.pid))
    for child in servers:
        child.kill()
    await asyncio.gather(machine.kafka.start(), machine.start_database(), machine.start_mail())
    injected.note()
    await machine.healthy()


async def broker_restarted(machine: Machine, injected: Injected) -> None:
    await machine.kafka.stop()
    await asyncio.sleep(injected.scale.down_s)
    await machine.kafka.start()
    injected.note()
    await machine.healthy()


async def broker_killed(machine: Machine, injected: Injected) -> None:
    machine.kafka.child.kill()
    await machine.kafka.start()
    injected.note()
    await machine.healthy()


async def broker_frozen(machine: Machine, injected: Injected) -> None:
    assert machine.kafka.child.pid is not None
    async with frozen(machine.kafka.child.pid):
        await asyncio.sleep(injected.scale.frozen_s)
    injected.note()
    await machine.healthy()


async def database_restarted(machine: Machine, injected: Injected) -> None:
    await machine.database.stop()
    await asyncio.sleep(injected.scale.down_s)
    await machine.start_database()
    injected.note()
    await machine.healthy()


async def database_killed(machine: Machine, injected: Injected) -> None:
    machine.database.kill()
    await machine.start_database()
    injected.note()
    await machine.healthy()


async def database_frozen(machine: Machine, injected: Injected) -> None:
    assert machine.database.pid is not None
    async with frozen(machine.database.pid):
        await asyncio.sleep(injected.scale.frozen_s)
    injected.note()
    await machine.healthy()


async def database_slow(machine: Machine, injected: Injected) -> None:
    """A batch then takes longer than the members of the group may stay away from it."""
    assert machine.database.pid is not None
    await throttled(machine.database.pid, runs_s=0.02, rests_s=1.0, for_s=injected.scale.slow_s)
    injected.note()
    await machine.healthy()


async def mail_is(mood: str, machine: Machine, injected: Injected) -> None:
    machine.mail_is(mood)
    try:
        await asyncio.sleep(injected.scale.down_s)
    finally:
        machine.mail_is("well")
    injected.note(NOTIFICATION)


async def one_recipient_refused(machine: Machine, injected: Injected) -> None:
    """The mails of one address fail for good, among others for which nothing is wrong."""
    name = f"unreachable-{random.getrandbits(32):x}"
    asked = [
        workload.question(f"Q-{name}", f"{name}-{number}", workload.UNREACHABLE)
        for number in range(UNREACHABLE_MAILS)
    ]
    await injected.channel.publish(asked, injected.expected)
    injected.note(NOTIFICATION)
    await machine.healthy()


async def mail_down(machine: Machine, injected: Injected) -> None:
    await machine.mail.stop()
    await asyncio.sleep(injected.scale.down_s)
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
    async with each_beside(machine, CANCELLATION, ARCHIVE):
        await asyncio.sleep(6 * BETWEEN_S)
        kill_group(machine.pid_of(CANCELLATION), machine.pid_of(ARCHIVE))
        injected.note(CANCELLATION, ARCHIVE)
        await machine.healthy()
        await asyncio.sleep(6 * BETWEEN_S)


async def dead_letters_refused(machine: Machine, injected: Injected) -> None:
    """No dead letter is taken, as with a full disk; what gave one up must wait."""
    machine.refuse_dead_letters(yes=True)
    try:
        await asyncio.sleep(2 * injected.scale.down_s)
    finally:
        machine.refuse_dead_letters(yes=False)
    injected.note()


async def _obeyed(order: os.PathLike[str]) -> None:
    async with asyncio.timeout(OBEYED_WITHIN_S):
        while os.path.exists(order):
            await asyncio.sleep(0.02)


def scenarios(scale: Scale) -> tuple[Scenario, ...]:
    """In the order in which they are played; no two have the same name."""
    frozen_for = f"frozen for {scale.frozen_s:g} s"
    lasts = 4.0 if scale.stopped_s > MINUTE else 1.0
    return (
        Scenario(NO_FAULT, nothing),
        # Early: all that came before is read once more.
        Scenario("groups' offsets set back", hostile_traffic.offsets_set_back, times=2),
        *portal.scenarios(scale),
        *_grouped(scale, "kill -9 after", _after_steps()),
        Scenario("kill -9 at random", killed_at_random, times=6),
        Scenario("SIGTERM in the middle of a batch", terminated_in_a_batch, times=3),
        Scenario("instances 1 → 3 → 1", instances_join_and_leave, times=2),
        Scenario("clocks twice, one killed", clocks_twice, times=2),
        Scenario(
            f"a service stopped for {scale.stopped_s:g} s (SIGSTOP)",
            exhaustion.service_stopped,
            pace=lasts,
        ),
        Scenario(
            "services stopped (SIGSTOP), others take over",
            exhaustion.services_stopped_beside_others,
            times=2,
        ),
        Scenario(
            "one clock 40 days ahead",
            exhaustion.clock_ahead,
            missing=exhaustion.faketime_is_missing,
        ),
        Scenario("forged timers", hostile_traffic.timers_forged, times=3),
        Scenario("broker stopped, started again", broker_restarted, times=4),
        *_only_long(scale, Scenario("broker kill -9", broker_killed, times=4)),
        Scenario(f"broker {frozen_for}", broker_frozen, times=2),
        Scenario("broker's disk full", exhaustion.broker_disk_full, times=3),
        Scenario(
            "services started without a broker, or refused",
            exhaustion.started_without_a_broker,
            times=2,
        ),
        Scenario("partitions added", hostile_traffic.partitions_added, times=2),
        Scenario("transactions rolled back", hostile_traffic.transactions_rolled_back, times=3),
        Scenario("database stopped, started again", database_restarted, times=4),
        *_only_long(scale, Scenario("database kill -9", database_killed, times=4)),
        Scenario(f"database {frozen_for}", database_frozen, times=2),
        Scenario("database slower than max.poll.interval", database_slow, times=2),
        Scenario("database's disk full", exhaustion.database_disk_full, times=3),
        *_grouped(scale, "mail server", _mail_server()),
        Scenario("file descriptors used up", exhaustion.descriptors_used_up, times=2),
        Scenario("hostile records of 256 KiB", hostile_traffic.hostile_flood, times=2),
        Scenario(
            f"{scale.strangers:,} strangers ask for one contract", hostile_traffic.strangers_ask
        ),
        Scenario("dead letters refused, as by a full disk", dead_letters_refused, times=3),
        Scenario("everything kill -9 at once", everything_killed, times=4),
    )


def _after_steps() -> Sequence[Scenario]:
    return [Scenario(step, partial(killed_after, step), times=5) for step in STEPS]


def _mail_server() -> Sequence[Scenario]:
    return [
        Scenario("refuses", partial(mail_is, "refusing"), times=4),
        Scenario("greylists", partial(mail_is, "greylisting"), times=4),
        Scenario("refuses one recipient", one_recipient_refused, times=4),
        Scenario("slow", partial(mail_is, "slow"), times=4),
        Scenario("cuts off after DATA", partial(mail_is, "dropping"), times=4),
        Scenario("disk full", exhaustion.mail_disk_full, times=4),
        Scenario("down", mail_down, times=4),
    ]


def _only_long(scale: Scale, scenario: Scenario) -> Sequence[Scenario]:
    """A short run has the same fault among those of `portal`, with forms besides the cases."""
    return [scenario] if scale.equals_apart else []


def _grouped(scale: Scale, name: str, kinds: Sequence[Scenario]) -> Sequence[Scenario]:
    if scale.equals_apart:
        return [replace(kind, name=f"{name} {kind.name}") for kind in kinds]
    return [together(name, *kinds)]
