"""The consumer groups of the services: what they have not read, and how they are set back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.events.topics import SERVICES, TOPICS, topics_read_by
from tests.builders import clients
from tests.faults.patience import Patience

POLL_S = 0.5
SET_BACK_WITHIN_S = 60.0


async def places_of(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> list[TopicPartition]:
    """Every partition there is, whatever the catalogue says."""
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in await admin.describe_topics([*topics])
        for partition in topic["partitions"]
    ]


async def unread(bootstrap: str) -> Counter[str]:
    """By service and topic: how many records the service's group has not committed."""
    left: Counter[str] = Counter()
    async with (
        clients.admin(bootstrap) as admin,
        AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer,
    ):
        ends = await consumer.end_offsets(await places_of(admin, TOPICS))
        for service in SERVICES:
            committed = await admin.list_consumer_group_offsets(f"desk.{service}")
            for place, end in ends.items():
                if place.topic in topics_read_by(service):
                    done = committed[place].offset if place in committed else 0
                    left[f"{service} {place.topic}"] += max(0, end - max(0, done))
    return +left


async def until_read(bootstrap: str, stalled_s: float) -> Counter[str]:
    """Return once the groups have read everything, or what is left once none reads any more."""
    patience = Patience(stalled_s)
    while left := await unread(bootstrap):
        if patience.is_over(left):
            break
        await asyncio.sleep(POLL_S)
    return left


async def set_back(bootstrap: str, service: str) -> None:
    """To the beginning of every topic. The broker refuses it while the group has members; raises
    TimeoutError if they do not leave."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=f"desk.{service}", enable_auto_commit=False
    )
    async with consumer, clients.admin(bootstrap) as admin, asyncio.timeout(SET_BACK_WITHIN_S):
        places = await places_of(admin, topics_read_by(service))
        consumer.assign(places)
        while True:
            try:
                await consumer.commit(dict.fromkeys(places, 0))
            except KafkaError:
                await asyncio.sleep(POLL_S)
            else:
                return
