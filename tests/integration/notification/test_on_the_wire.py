"""The whole service on a real broker and database: events in, mails and answers out.

The broker is shared: a service begins at the end of its topics, but other tests' events may come
beside a test's own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from desk.local.stack import Endpoints
from services.notification.service import build
from services.notification.settings import Settings
from shared.events.envelope import Event
from shared.events.topics import NOTIFICATION, TOPIC_OF, key_of
from shared.events.values import Contact
from shared.runtime.wiring import Runtime
from tests.builders.notification import opened, scheduled, settings
from tests.integration.notification.mailbox import Mailbox
from tests.integration.runtime.wire import Outsider, collect, event_headers, outsider, running


def settings_for(endpoints: Endpoints, name: str, mailbox: Mailbox) -> Settings:
    return settings(
        kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers,
        mongo_url=endpoints.mongo_url,
        kafka_group_prefix=name,
        mongo_database_prefix=name,
        smtp_url=f"smtp://127.0.0.1:{mailbox.port}",
        smtp_check_seconds=0.2,
        pulse_seconds=0.1,
        accept_older_database=True,
    )


@asynccontextmanager
async def at_work(
    endpoints: Endpoints, configured: Settings
) -> AsyncIterator[tuple[Outsider, Runtime]]:
    async with outsider(endpoints) as client:
        await client.skip_backlog(NOTIFICATION, configured)
        async with running(build(configured), configured) as runtime:
            yield client, runtime


async def publish(client: Outsider, event: Event, message_id: str) -> None:
    topic = TOPIC_OF[event.ce_type]
    headers = event_headers(event.ce_type, message_id, topic.takes_from[0])
    body: Any = event.model_dump(mode="json")
    await client.publish(topic.name, key_of(event), body, headers)


async def test_a_decision_that_overtakes_its_inquiry_is_mailed_once_and_reported(
    endpoints: Endpoints,
) -> None:
    name = f"mail{uuid4().hex[:8]}"
    mailbox = Mailbox()
    await mailbox.open()
    configured = settings_for(endpoints, name, mailbox)
    address = f"{name}@example.test"  # other tests' events are mailed here, too
    inquiry = opened(inquiry_id=name, contact=Contact(name="Cliente de Prueba", email=address))
    decision = scheduled(inquiry_id=name, contract_number=name)
    async with at_work(endpoints, configured) as (client, _runtime):
        answers = await client.watch("desk.notifications")

        await publish(client, decision, f"{name}-1")
        await publish(client, decision, f"{name}-1")
        await asyncio.sleep(0.5)
        await publish(client, inquiry, f"{name}-2")

        records = await collect(answers, 2, name)
    await mailbox.close()

    told = [json.loads(record.value) for record in records]
    assert {event["template"] for event in told} == {"inquiry_opened", "cancellation_scheduled"}
    assert {event["inquiry_id"] for event in told} == {name}
    assert address.encode() not in b"".join(record.value for record in records)
    mine = [message["Message-ID"] for message in mailbox.messages if address in message["To"]]
    assert len(mine) == len(set(mine)) == 2


async def test_the_decisions_on_one_request_are_one_mail(endpoints: Endpoints) -> None:
    name = f"sum{uuid4().hex[:8]}"
    mailbox = Mailbox()
    await mailbox.open()
    configured = settings_for(endpoints, name, mailbox)
    contact = Contact(name="Cliente de Prueba", email=f"{name}@example.test")
    numbers = (f"{name}-1", f"{name}-2")
    inquiry = opened(inquiry_id=name, contact=contact, contract_numbers=numbers)
    async with at_work(endpoints, configured) as (client, _runtime):
        answers = await client.watch("desk.notifications")

        await publish(client, scheduled(inquiry_id=name, contract_number=numbers[0]), f"{name}-1")
        await publish(client, inquiry, f"{name}-2")
        await publish(client, scheduled(inquiry_id=name, contract_number=numbers[1]), f"{name}-3")

        records = await collect(answers, 2, name)
    await mailbox.close()

    told = [json.loads(record.value)["template"] for record in records]
    assert sorted(told) == ["cancellation_decisions", "inquiry_opened"]
    assert len([1 for message in mailbox.messages if contact.email in message["To"]]) == 2


async def test_a_dead_mail_server_shows_in_health_and_metrics_until_it_is_back(
    endpoints: Endpoints,
) -> None:
    name = f"dead{uuid4().hex[:8]}"
    mailbox = Mailbox()
    await mailbox.open()
    configured = settings_for(endpoints, name, mailbox)
    contact = Contact(name="Cliente de Prueba", email=f"{name}@example.test")
    async with at_work(endpoints, configured) as (client, runtime):
        await mailbox.close()
        await until(lambda: lost_of(runtime) == {"smtp"})
        await publish(client, opened(inquiry_id=name, contact=contact), f"{name}-1")
        await until(lambda: oldest_of(runtime) > 0.5)
        waiting = waiting_of(runtime)

        await mailbox.open()

        await until(lambda: lost_of(runtime) == set() and waiting_of(runtime) < waiting)
    await mailbox.close()


async def until(holds: Callable[[], bool]) -> None:
    """Raises TimeoutError if it does not hold in time."""
    async with asyncio.timeout(90):
        while not holds():
            await asyncio.sleep(0.05)


def lost_of(runtime: Runtime) -> set[str]:
    return set(json.loads(runtime.health.page())["away"])


def waiting_of(runtime: Runtime) -> float:
    return measured(runtime, "desk_work_waiting")


def oldest_of(runtime: Runtime) -> float:
    return measured(runtime, "desk_work_oldest_seconds")


def measured(runtime: Runtime, gauge: str) -> float:
    registry = runtime.health.metrics.registry
    return registry.get_sample_value(gauge, {"kind": "notification"}) or 0.0
