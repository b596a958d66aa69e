"""Checks of how the broker keeps the topics: replicas, whose time counts, retention, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.events.topics import CATALOGUE, DEAD_LETTERS
from shared.kafka.broker import Broker
from shared.kafka.topic_settings import described
from shared.operations.checks.result import Check, Remedy, fail, ok, warn
from shared.operations.topics import wanted_settings
from shared.settings import RuntimeSettings

IN_SYNC, TIME = "min.insync.replicas", "message.timestamp.type"
LARGEST = "max.message.bytes"
KEPT = ("retention.ms", "cleanup.policy")
BROKER_TIME = "LogAppendTime"
NAMED = 3
"""Topics that a finding names, of those that it is about."""

Configs = Mapping[str, Mapping[str, str]]
"""Settings by topic; a broker may omit some, or refuse to list them."""


async def keeping_checks(broker: Broker, *, embedded: bool) -> list[Check]:
    """Checks how safely a broker with all topics keeps its records. Raises KafkaError."""
    names = [topic.name for topic in CATALOGUE]
    replicas = {topic: min(counts) for topic, counts in (await broker.replicas(names)).items()}
    configs = await _configs(broker, names)
    return [
        replica_check(replicas, configs, embedded=embedded),
        time_check(configs),
        retention_check(configs),
        size_check(configs),
    ]


def replica_check(replicas: Mapping[str, int], configs: Configs, *, embedded: bool) -> Check:
    """Whether what is acknowledged outlives a broker, and a broker may be stopped."""
    name = "replicas"
    in_sync = {topic: int(told[IN_SYNC]) for topic, told in configs.items() if IN_SYNC in told}
    if stuck := [topic for topic, least in in_sync.items() if least > replicas[topic]]:
        found = f"{IN_SYNC} is above the number of replicas of {_named(stuck)}"
        return fail(name, found, Remedy.LOWER_IN_SYNC)
    if single := [topic for topic, count in replicas.items() if count == 1]:
        found = f"1 replica of {_named(single)}"
        if embedded:
            return ok(name, f"{found}, as always with the embedded broker")
        return warn(name, found, Remedy.REPLICATE)
    if alone := [topic for topic, least in in_sync.items() if least == 1]:
        found = f"{IN_SYNC} is 1 on {_named(alone)}"
        return warn(name, found, Remedy.RAISE_IN_SYNC)
    if tight := [topic for topic, least in in_sync.items() if least == replicas[topic]]:
        found = f"{IN_SYNC} is the number of replicas of {_named(tight)}"
        return warn(name, found, Remedy.ADD_REPLICA)
    return ok(name, f"{min(replicas.values())} or more, {_in_sync_told(in_sync)}")


def time_check(configs: Configs) -> Check:
    """Whether the broker dates what the desk judges by the broker's clock."""
    name = "timestamps"
    wrong = [
        topic.name
        for topic in CATALOGUE
        if topic.broker_time and configs.get(topic.name, {}).get(TIME, BROKER_TIME) != BROKER_TIME
    ]
    if not wrong:
        return ok(name, f"the desk's topics carry the broker's time ({BROKER_TIME})")
    return warn(name, f"{_named(wrong)}: the writer's time", Remedy.ALIGN_TIMESTAMPS)


def retention_check(configs: Configs) -> Check:
    """Whether the topics that exist keep their records as long as the catalogue says."""
    name = "retention"
    wrong = [
        f"{topic} has {setting}={configs[topic][setting]}, not {value}"
        for topic, settings in wanted_settings(RuntimeSettings()).items()
        for setting, value in settings.items()
        if setting in KEPT and configs.get(topic, {}).get(setting, value) != value
    ]
    if not wrong:
        return ok(name, "as in the catalogue")
    return warn(name, _named(wrong), Remedy.ALIGN_TOPICS)


def size_check(configs: Configs) -> Check:
    """Whether dead letters find room: each is larger than its record.

    One that the broker refuses ends the service that gives the record up.
    """
    name = "dead letters' size"
    wanted = int(wanted_settings(RuntimeSettings())[DEAD_LETTERS][LARGEST])
    found = int(configs.get(DEAD_LETTERS, {}).get(LARGEST, wanted))
    if found >= wanted:
        return ok(name, f"{DEAD_LETTERS} takes every record with what is said of it")
    return fail(name, f"{DEAD_LETTERS} has {LARGEST}={found}, not {wanted}", Remedy.ALIGN_TOPICS)


def _named(topics: Sequence[str]) -> str:
    more = f" and {len(topics) - NAMED} more" if len(topics) > NAMED else ""
    return ", ".join(topics[:NAMED]) + more


def _in_sync_told(in_sync: Mapping[str, int]) -> str:
    return f"{IN_SYNC} {min(in_sync.values())} or more" if in_sync else f"{IN_SYNC} not told"


async def _configs(broker: Broker, names: Iterable[str]) -> Configs:
    """The broker hides a topic's settings from a user who may not see them."""
    found = await described(broker.admin, names, (IN_SYNC, TIME, LARGEST, *KEPT))
    return {told.topic: {} if told.is_refused else told.settings for told in found}
