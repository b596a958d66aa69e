"""Creates the catalogue's topics where they are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from shared.events.topics import CATALOGUE, DEAD_LETTERS, Topic
from shared.kafka.client_options import client_options
from shared.kafka.errors import kafka_errors_as_outage
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

RECORD_BYTES = 1024 * 1024
DEAD_LETTER_BYTES = 2 * RECORD_BYTES
"""A dead letter is its record plus headers, so it may be larger than any record."""
IN_SYNC = 2
"""Replicas that have a record before it is acknowledged, where one more may be down."""


async def create_missing_topics(
    settings: RuntimeSettings, catalogue: Iterable[Topic] = CATALOGUE
) -> None:
    """Existing topics are left as they are. Raises `Outage`."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            present = set(await admin.list_topics())
            missing = [topic for topic in catalogue if topic.name not in present]
            if missing:
                answer = await admin.create_topics(
                    [new_topic(topic, settings) for topic in missing]
                )
                _warn_of(answer.topic_errors)
        finally:
            await admin.close()


def _warn_of(errors: Iterable[Sequence[Any]]) -> None:
    """Another service may have been first; anything else an operator must see."""
    for topic, code, *_ in errors:
        if code not in (NoError.errno, TopicAlreadyExistsError.errno):
            log.warning("topic not created", topic=topic, error=for_code(code).__name__)


def new_topic(topic: Topic, settings: RuntimeSettings) -> NewTopic:
    """A topic as it is created, with all its settings."""
    limit = DEAD_LETTER_BYTES if topic.name == DEAD_LETTERS else RECORD_BYTES
    config = {"max.message.bytes": str(limit)}
    if settings.topic_replication > IN_SYNC:
        config["min.insync.replicas"] = str(IN_SYNC)
    if topic.compacted:
        config["cleanup.policy"] = "compact"
    else:
        config["retention.ms"] = str(int(topic.retention.total_seconds() * 1000))
    if topic.broker_time:
        config["message.timestamp.type"] = "LogAppendTime"
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=settings.topic_replication,
        topic_configs=config,
    )
