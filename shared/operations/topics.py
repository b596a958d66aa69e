"""The topics of the catalogue on a broker: whether they are there, and set as they should be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.events.topics import CATALOGUE
from shared.kafka import topic_settings
from shared.kafka.broker import broker_at
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.topic_creation import new_topic
from shared.kafka.topic_settings import Difference, Settings
from shared.operations.errors import MissingTopics
from shared.settings import RuntimeSettings


async def require_topics(settings: RuntimeSettings, names: Collection[str]) -> None:
    """Raises `MissingTopics`: asking a broker for a topic might create it, and wrongly.

    Raises `Outage` if the broker does not answer.
    """
    with kafka_errors_as_outage():
        async with broker_at(settings) as broker:
            present = await broker.topics()
    missing = sorted(set(names) - present)
    if missing:
        raise MissingTopics(missing, settings.kafka_bootstrap_servers)


async def align_topics(settings: RuntimeSettings, *, apply: bool) -> list[Difference]:
    """The differences from the catalogue; altered if `apply`. Raises KafkaError."""
    wanted = wanted_settings(settings)
    async with broker_at(settings) as broker:
        present = await broker.topics() & wanted.keys()
        found = await topic_settings.settings_of(broker.admin, sorted(present))
        differing = topic_settings.differences(found, wanted)
        if apply:
            await topic_settings.align(broker.admin, found, differing)
        return differing


def wanted_settings(settings: RuntimeSettings) -> dict[str, Settings]:
    """Settings that each topic of the catalogue is created with; a compacted one may not delete."""
    return {
        topic.name: {"cleanup.policy": "delete", **new_topic(topic, settings).topic_configs}
        for topic in CATALOGUE
    }


def shorter(differing: Sequence[Difference]) -> list[Difference]:
    """The differences that would have the broker delete what it still keeps."""
    return [
        setting
        for setting in differing
        if setting.setting == "retention.ms"
        and not -1 < int(setting.found or -1) <= int(setting.wanted)
    ]
