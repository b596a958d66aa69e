"""The embedded broker does what the services rely on; some of it differs from Apache Kafka."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata

from desk.local.stack import Stack, embedded_stack

TOPIC = "desk.submissions"
PARTITIONS = 6
CONFIGS = {"retention.ms": "604800000", "cleanup.policy": "delete"}
SNAPSHOT_S = 1.5  # the broker writes its data to disk about a second after the last change


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with embedded_stack(tmp_path, mongo="given", smtp="given") as stack:
        yield stack


@pytest.fixture
async def servers(stack: Stack) -> str:
    return stack.endpoints.kafka_bootstrap_servers


@pytest.fixture
async def admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1, topic_configs=CONFIGS)])
    yield admin
    await admin.close()


@pytest.fixture
async def producer(admin: AIOKafkaAdminClient, servers: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    yield producer
    await producer.stop()


async def joined(servers: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=servers,
        group_id="intake",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        heartbeat_interval_ms=200,  # how soon a member hears of a rebalance
    )
    await consumer.start()
    return consumer


async def received(consumer: AIOKafkaConsumer, count: int) -> list[ConsumerRecord]:
    async with asyncio.timeout(10):
        return [await consumer.getone() for _ in range(count)]


async def assigned(*consumers: AIOKafkaConsumer) -> list[int]:
    """How many partitions each consumer has, once together they have them all."""
    async with asyncio.timeout(10):
        while True:
            partitions = [consumer.assignment() for consumer in consumers]
            if len(frozenset().union(*partitions)) == sum(map(len, partitions)) == PARTITIONS:
                return [len(part) for part in partitions]
            await asyncio.gather(*(consumer.getmany(timeout_ms=50) for consumer in consumers))


async def configs(admin: AIOKafkaAdminClient) -> dict[str, str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, TOPIC)
    (answer,) = await admin.describe_configs([resource])
    entries = answer.resources[0][4]
    return {entry[0]: entry[1] for entry in entries if entry[0] in CONFIGS}


async def test_topics_have_the_partitions_and_settings_they_were_created_with(
    admin: AIOKafkaAdminClient,
) -> None:
    (topic,) = await admin.describe_topics([TOPIC])
    assert len(topic["partitions"]) == PARTITIONS
    assert await configs(admin) == CONFIGS


async def test_headers_arrive_untouched_even_null_and_not_utf_8(
    producer: AIOKafkaProducer, servers: str
) -> None:
    headers = [("ce_id", b"1"), ("tracestate", None), ("raw", b"\xff\xfe")]
    await producer.send_and_wait(TOPIC, b"{}", key=b"C-1", headers=headers)
    consumer = await joined(servers)
    (record,) = await received(consumer, 1)
    await consumer.stop()
    assert record.headers == tuple(headers)
    assert (record.key, record.value) == (b"C-1", b"{}")


@pytest.mark.parametrize("size", [300_000, 1_000_000])
async def test_large_records_arrive_whole(
    producer: AIOKafkaProducer, servers: str, size: int
) -> None:
    await producer.send_and_wait(TOPIC, b"x" * size)
    consumer = await joined(servers)
    (record,) = await received(consumer, 1)
    await consumer.stop()
    assert record.value == b"x" * size


async def test_partitions_move_to_a_second_consumer_and_back_with_uncommitted_records(
    producer: AIOKafkaProducer, servers: str
) -> None:
    for number in range(4):
        await producer.send_and_wait(TOPIC, b"%d" % number, partition=0)
    first = await joined(servers)
    await received(first, 4)
    await first.commit({TopicPartition(TOPIC, 0): OffsetAndMetadata(3, "")})

    second = await joined(servers)
    assert await assigned(first, second) == [3, 3]
    await first.stop()
    assert await assigned(second) == [6]
    await second.seek_to_committed()
    (again,) = await received(second, 1)
    await second.stop()
    assert again.value == b"3"


async def test_asking_about_an_unknown_topic_creates_it_with_one_partition(
    admin: AIOKafkaAdminClient,
) -> None:
    """Why topics are created before any service subscribes."""
    await admin.describe_topics(["never.created"])
    assert "never.created" in await admin.list_topics()
    (topic,) = await admin.describe_topics(["never.created"])
    assert len(topic["partitions"]) == 1


async def test_records_offsets_and_settings_survive_a_stop_and_the_producer_goes_on(
    stack: Stack, admin: AIOKafkaAdminClient, producer: AIOKafkaProducer
) -> None:
    await producer.send_and_wait(TOPIC, b"before", partition=0)
    consumer = await joined(stack.endpoints.kafka_bootstrap_servers)
    await consumer.commit({TopicPartition(TOPIC, 0): OffsetAndMetadata(1, "")})
    await consumer.stop()

    await stack.children["broker"].stop()
    await stack.start_again("broker")
    await producer.send_and_wait(TOPIC, b"after", partition=0)
    consumer = await joined(stack.endpoints.kafka_bootstrap_servers)
    (record,) = await received(consumer, 1)
    await consumer.stop()
    assert (record.offset, record.value) == (1, b"after")
    assert await configs(admin) == CONFIGS


async def test_records_older_than_the_last_snapshot_survive_a_kill(
    stack: Stack, producer: AIOKafkaProducer
) -> None:
    await producer.send_and_wait(TOPIC, b"{}", partition=0)
    await asyncio.sleep(SNAPSHOT_S)
    stack.children["broker"].kill()
    await stack.start_again("broker")
    consumer = await joined(stack.endpoints.kafka_bootstrap_servers)
    (record,) = await received(consumer, 1)
    await consumer.stop()
    assert record.value == b"{}"
