"""A service at work on the real wire, and an outside client beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from desk.local.stack import Endpoints
from shared.events.topics import topics_read_by
from shared.kafka.topic_creation import create_missing_topics
from shared.runtime.app import build_broker
from shared.runtime.background import alive
from shared.runtime.decider import Service
from shared.runtime.wiring import Runtime, wire
from shared.settings import RuntimeSettings
from tests.builders import clients
from tests.builders.users import as_service

Headers = list[tuple[str, bytes | None]]


def settings_for(endpoints: Endpoints, name: str, **more: Any) -> RuntimeSettings:
    """Settings that keep a test apart from all others: own groups, own databases.

    The topics are everybody's: they hold events of which this test's database knows nothing.
    """
    values: dict[str, Any] = {
        "kafka_bootstrap_servers": endpoints.kafka_bootstrap_servers,
        "mongo_url": endpoints.mongo_url,
        "kafka_group_prefix": name,
        "mongo_database_prefix": name,
        "max_pause_seconds": 0.5,
        "accept_older_database": True,
        **more,
    }
    return RuntimeSettings(**values)


@asynccontextmanager
async def running(service: Service, settings: RuntimeSettings) -> AsyncIterator[Runtime]:
    """The service's runtime in this process, without its web server, with a user of its own."""
    runtime = wire(service, await as_service(service.name, settings))
    broker = build_broker(runtime)
    async with alive(runtime):
        await broker.start()
        try:
            yield runtime
        finally:
            await broker.stop()


def event_headers(ce_type: str, ce_id: str, source: str = "/channels/test") -> Headers:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", ce_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", ce_type.encode()),
        ("content-type", b"application/json"),
    ]


@dataclass
class Outsider:
    """A client that knows nothing of the product but the public event contract."""

    producer: AIOKafkaProducer
    bootstrap: str
    consumers: list[AIOKafkaConsumer] = field(default_factory=list)

    async def publish(
        self,
        topic: str,
        key: str | None,
        value: Any,
        headers: Headers,
        partition: int | None = None,
    ) -> Any:
        body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        return await self.producer.send_and_wait(
            topic,
            key=None if key is None else key.encode(),
            value=body,
            headers=headers,
            partition=partition,
        )

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        async with clients.admin(self.bootstrap) as admin:
            offsets = await admin.list_consumer_group_offsets(group)
        return {partition: found.offset for partition, found in offsets.items()}

    async def watch(self, *topics: str) -> AIOKafkaConsumer:
        """A consumer that sees everything published from now on."""
        consumer = clients.consumer(
            self.bootstrap,
            *topics,
            group_id=f"outsider-{uuid4()}",
            auto_offset_reset="latest",
            enable_auto_commit=False,
        )
        await consumer.start()
        self.consumers.append(consumer)
        for partition in consumer.assignment():
            await consumer.position(partition)
        return consumer

    async def skip_backlog(self, service: str, settings: RuntimeSettings) -> None:
        """Let a service's group begin at the ends of its topics: what other tests left is not its.

        Raises `Outage`.
        """
        await create_missing_topics(settings)
        consumer = clients.consumer(
            self.bootstrap,
            *topics_read_by(service),
            group_id=settings.group_of(service),
            auto_offset_reset="latest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            await consumer.commit({tp: await consumer.position(tp) for tp in consumer.assignment()})
        finally:
            await consumer.stop()


@asynccontextmanager
async def outsider(endpoints: Endpoints) -> AsyncIterator[Outsider]:
    """Entered once the topics exist, so that a test may watch them before its service starts."""
    bootstrap = endpoints.kafka_bootstrap_servers
    await create_missing_topics(clients.settings_at(bootstrap))
    producer = clients.producer(bootstrap, max_request_size=4 * 1024 * 1024)
    await producer.start()
    client = Outsider(producer, bootstrap)
    try:
        yield client
    finally:
        await producer.stop()
        await asyncio.gather(*(consumer.stop() for consumer in client.consumers))


async def set_on_broker(endpoints: Endpoints, topic: str, values: Mapping[str, str]) -> None:
    """As an operator may, at any time and without telling the desk. Returns once it holds."""
    asked = ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(values))
    async with clients.admin(endpoints.kafka_bootstrap_servers) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(values))])
        async with asyncio.timeout(90):
            while await told_by(admin, asked) != values:
                await asyncio.sleep(0.05)


async def told_by(admin: AIOKafkaAdminClient, asked: ConfigResource) -> dict[str, str]:
    [answer] = await admin.describe_configs([asked])
    [(*_, entries)] = answer.resources
    return {entry[0]: entry[1] for entry in entries}


async def collect(
    consumer: AIOKafkaConsumer,
    count: int,
    name: str,
    *,
    of: Callable[[Any], bool] = lambda _record: True,
    within: float = 90.0,
) -> Sequence[Any]:
    """The next `count` records whose key has `name` in it, so that tests can share a broker.

    Raises TimeoutError, saying how many came.
    """
    records: list[Any] = []
    try:
        async with asyncio.timeout(within):
            while len(records) < count:
                record = await consumer.getone()
                if name.encode() in (record.key or b"") and of(record):
                    records.append(record)
    except TimeoutError:
        raise TimeoutError(f"{len(records)} of {count} records came") from None
    return records


def headers_of(record: Any) -> dict[str, str]:
    return {
        name: value.decode() for name, value in record.headers if name.startswith(("ce_", "dl_"))
    }
