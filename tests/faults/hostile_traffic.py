"""Faults that come in by the topics: floods, forged timers, rollbacks, groups set back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions

from shared.events.topics import CANCELLATION, INTAKE, SERVICES
from shared.runtime.clock import clock_source
from tests.builders import clients
from tests.builders.records import reading
from tests.faults import workload
from tests.faults.groups import places_of, set_back, until_read
from tests.faults.injection import Injected
from tests.faults.machine import Machine, every_service, frozen
from tests.faults.workload import Sent
from tests.poison.worst import WORST

SUBMISSIONS = "desk.submissions"
RECORDED_WITHIN_S = 120.0
READ_WITHIN_S = 120.0
TRANSACTIONS = 5
SCHEDULED_WITHIN_S = 120.0
FEWEST, MOST = 5, 100
"""Files whose timers are forged."""


async def hostile_flood(machine: Machine, injected: Injected) -> None:
    """A stranger sends the largest records there are, each made to cost as much as it can."""
    flood = [*_worst(injected.scale.hostile)]
    for start in range(0, len(flood), 8):
        await injected.channel.publish(flood[start : start + 8], injected.expected)
    injected.note(INTAKE)
    await machine.healthy()


def _worst(count: int) -> Iterator[Sent]:
    flood = uuid4().hex[:8]
    for number, value in enumerate(islice(cycle(WORST.values()), count)):
        yield workload.hostile(f"flood-{flood}-{number}", value)


async def strangers_ask(machine: Machine, injected: Injected) -> None:
    """Strangers ask for one contract's cancellation until its file is full; then its holder."""
    number = f"{workload.CROWDED}{uuid4().hex[:8]}"
    await injected.channel.publish([workload.contract(number)])
    async with asyncio.timeout(RECORDED_WITHIN_S):
        while number not in injected.seen.recorded:
            await asyncio.sleep(0.1)
    asked = [
        workload.cancel(number, f"{number}-{stranger}", customer_id=f"S-{number}-{stranger}")
        for stranger in range(injected.scale.strangers)
    ]
    for start in range(0, len(asked), 50):
        await injected.channel.publish(asked[start : start + 50], injected.expected)
    await injected.channel.publish([workload.cancel(number, f"{number}-own")], injected.expected)
    injected.note(CANCELLATION)
    await machine.healthy()


async def transactions_rolled_back(machine: Machine, injected: Injected) -> None:
    """Readers wait for an open transaction, for they read up to the last stable offset."""
    name = f"tx-{uuid4().hex[:8]}"
    async with AIOKafkaProducer(
        bootstrap_servers=machine.bootstrap, transactional_id=name
    ) as producer:
        for number in range(TRANSACTIONS):
            asked = [workload.question(f"T-{name}", f"{name}-{number}-{n}") for n in range(3)]
            kept = number % 2 == 1
            await producer.begin_transaction()
            for request in asked:
                await producer.send_and_wait(
                    request.topic, request.value, request.key.encode(), headers=request.headers
                )
            await asyncio.sleep(injected.scale.down_s / TRANSACTIONS)
            await (producer.commit_transaction() if kept else producer.abort_transaction())
            for request in asked:
                (injected.expected.note if kept else injected.expected.note_nothing)(request)
    injected.note(INTAKE)


async def timers_forged(machine: Machine, injected: Injected) -> None:
    """Anybody with access to the topic says of scheduled cancellations that their day has come."""
    async with asyncio.timeout(SCHEDULED_WITHIN_S):
        while len(due := await _due_later(machine)) < FEWEST:
            await asyncio.sleep(0.5)
    now = datetime.now(UTC)
    forged: list[Sent] = []
    for number, due_at in due.items():
        forged += [_timer(number, at) for at in (due_at, now, now - timedelta(days=365))]
    injected.expected.note_nothing(*forged)
    await injected.channel.publish(forged)
    injected.note(CANCELLATION)


async def _due_later(machine: Machine) -> dict[str, datetime]:
    """Contracts whose cancellation is scheduled, and when each file is due."""
    async with reading(machine.mongo_url, CANCELLATION) as services:
        records = services[CANCELLATION]
        [kind] = [decider.kind for decider in records.service.deciders if decider.has_timers]
        later = {"due_at": {"$gt": datetime.now(UTC) + timedelta(days=1)}}
        found = records.database.collection(kind).find(later, {"due_at": 1}).limit(MOST)
        return {document["_id"]: document["due_at"] async for document in found}


def _timer(number: str, due_at: datetime) -> Sent:
    body = {"contract_number": number, "owner": CANCELLATION, "due_at": due_at.isoformat()}
    return Sent(
        "desk.timers",
        "timer.due.v1",
        f"forged-{uuid4().hex}",
        number,
        json.dumps(body).encode(),
        source=clock_source(CANCELLATION),
    )


async def offsets_set_back(machine: Machine, injected: Injected) -> None:
    """Every group reads all of its topics once more; it is set back while its members stand."""
    async with frozen(*every_service(machine)):
        for service in SERVICES:
            await set_back(machine.bootstrap, service)
    injected.note()
    await machine.healthy()


async def partitions_added(machine: Machine, injected: Injected) -> None:
    """As docs/guarantees.md asks: a key may move, so everything before is read first."""
    async with injected.publishing, clients.admin(machine.bootstrap) as admin:
        left: Sequence[str] = [*await until_read(machine.bootstrap, READ_WITHIN_S)]
        if left:
            raise TimeoutError(f"never read: {left}")
        count = len(await places_of(admin, [SUBMISSIONS])) + 2
        await admin.create_partitions({SUBMISSIONS: NewPartitions(total_count=count)})
        await injected.channel.until_known(SUBMISSIONS, count)
    injected.note(INTAKE)
    await machine.healthy()
