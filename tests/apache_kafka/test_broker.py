"""The local Apache Kafka itself: what it was told is there after a restart, at the same address."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.apache_kafka.broker import apache_kafka


async def test_records_and_address_outlive_a_restart(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--infra") not in ("kafka", "secure"):
        pytest.skip("needs a Java 17 runtime and Maven; run this with: make test-kafka")
    async with apache_kafka(tmp_path) as first:
        admin = AIOKafkaAdminClient(bootstrap_servers=first)  # in plaintext, in every run
        await admin.start()
        await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=first, acks="all") as producer:
            await producer.send_and_wait("kept", b"still there")
    async with apache_kafka(tmp_path) as second:
        consumer = AIOKafkaConsumer("kept", bootstrap_servers=second, auto_offset_reset="earliest")
        async with consumer:
            record = await consumer.getone()
    assert (second, record.value) == (first, b"still there")
