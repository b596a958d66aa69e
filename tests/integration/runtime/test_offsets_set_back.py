"""A consumer group whose offsets are deleted or set back reads its topics from the beginning."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from desk.local.stack import Endpoints
from tests.builders import clients
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    Outsider,
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(client: Outsider, name: str, number: int) -> None:
    body = {"customer_id": name, "text": "hello"}
    headers = event_headers("submission.inquiry.v1", f"{name}-{number}")
    await client.publish("desk.submissions", name, body, headers)


async def set_back(endpoints: Endpoints, group: str, partitions: int) -> None:
    """Commits offset 0: a group without offsets would begin at the same, earliest record."""
    consumer = clients.consumer(
        endpoints.kafka_bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    async with consumer:
        places = [TopicPartition("desk.submissions", number) for number in range(partitions)]
        consumer.assign(places)
        await consumer.commit(dict.fromkeys(places, 0))


async def test_a_group_set_back_to_the_beginning_decides_nothing_twice(
    endpoints: Endpoints,
) -> None:
    name = f"back{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name)
    service = toy.build()
    async with outsider(endpoints) as client:
        answers = await client.watch("desk.rejections")
        async with running(service, settings):
            for number in range(5):
                await ask(client, name, number)
            first = await collect(answers, 5, name)
        await set_back(endpoints, settings.group_of(service.name), partitions=6)
        async with running(service, settings):
            await ask(client, name, 5)
            found = await collect(answers, 1, name, of=lambda record: counted(record) == "6")
    ids = [headers_of(record)["ce_id"] for record in first]
    assert len({*ids}) == 5
    assert headers_of(found[0])["ce_id"] not in ids


def counted(record: Any) -> str:
    """How many messages the toy had decided for the customer with this one."""
    return str(json.loads(record.value)["errors"][0]["code"])
