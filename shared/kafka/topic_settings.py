"""Compares the settings of a broker's topics with the catalogue's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, NoError, for_code

DYNAMIC_TOPIC_CONFIG = 1
"""The protocol's number for a setting that was given to this one topic."""

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting of one topic that is not what the catalogue asks for."""

    topic: str
    setting: str
    found: str
    wanted: str


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """A topic's settings: `own` was given to it alone, `all` includes the broker's."""

    own: Settings
    all: Settings


@dataclass(frozen=True, slots=True)
class Description:
    """A broker's answer about one topic: an error's `code` and `text`, or its settings.

    An entry begins with the setting's name and value; its fourth part says where it was given.
    """

    topic: str
    code: int
    text: str | None
    entries: Sequence[Sequence[Any]]

    @property
    def is_refused(self) -> bool:
        """Whether the user may not see the topic's settings, or there is no such topic."""
        return bool(self.code != NoError.errno)

    @property
    def settings(self) -> Settings:
        return {entry[0]: entry[1] for entry in self.entries}


async def settings_of(
    admin: AIOKafkaAdminClient, topics: Iterable[str]
) -> dict[str, TopicSettings]:
    """Raises KafkaError, also where the user may not see a topic's settings."""
    found: dict[str, TopicSettings] = {}
    for answer in await described(admin, topics):
        _raise_for(answer.code, answer.text)
        own = (entry for entry in answer.entries if entry[3] == DYNAMIC_TOPIC_CONFIG)
        found[answer.topic] = TopicSettings(
            own={entry[0]: entry[1] for entry in own}, all=answer.settings
        )
    return found


async def described(
    admin: AIOKafkaAdminClient, topics: Iterable[str], settings: Sequence[str] | None = None
) -> list[Description]:
    """Each topic's settings from the broker; without `settings`, all of them. Raises KafkaError."""
    names = None if settings is None else dict.fromkeys(settings)
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic, names) for topic in topics]
    )
    return [
        Description(topic, code, text, entries)
        for code, text, _kind, topic, entries in _resources(answers)
    ]


def differences(
    found: Mapping[str, TopicSettings], wanted: Mapping[str, Settings]
) -> list[Difference]:
    """Lists existing topics' deviations in the catalogue's order; an unknown setting is one."""
    return [
        Difference(topic, setting, found[topic].all.get(setting, ""), value)
        for topic, settings in wanted.items()
        if topic in found
        for setting, value in settings.items()
        if found[topic].all.get(setting) != value
    ]


async def align(
    admin: AIOKafkaAdminClient,
    found: Mapping[str, TopicSettings],
    differing: Iterable[Difference],
) -> None:
    """Give the topics what the catalogue asks for. Raises KafkaError.

    aiokafka has no IncrementalAlterConfigs (KIP-339), and AlterConfigs resets what it does not
    name: so all of a topic's own settings are sent again with the new ones. What somebody else
    alters between `settings_of` and this is lost; do not run the two at once.
    """
    changed: dict[str, dict[str, str]] = {}
    for item in differing:
        changed.setdefault(item.topic, {**found[item.topic].own})[item.setting] = item.wanted
    if not changed:
        return
    answers = await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, own) for name, own in changed.items()]
    )
    for code, text, *_ in _resources(answers):
        _raise_for(code, text)


def _resources(answers: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (resource for answer in answers for resource in answer.resources)


def _raise_for(code: int, text: str | None) -> None:
    if code != NoError.errno:
        error: type[KafkaError] = for_code(code)
        raise error(text or "")
