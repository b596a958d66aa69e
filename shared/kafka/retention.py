"""Are message ids kept as long as a message can come again? Asked once, at start (ADR 0006).

A message can come again as long as its topic keeps it, and, where it lies in the dead letters, as
long as those keep it: a replay puts it on its topic again, for every reader.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, TopicAuthorizationFailedError, for_code

from shared.events.topics import DEAD_LETTERS, topics_read_by
from shared.kafka.client_options import client_options
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.topic_settings import Description, described
from shared.outage import Outage
from shared.settings import LONGEST_KEPT_DAYS, RuntimeSettings

DAY_MS = 24 * 60 * 60 * 1000
MARGIN_MS = DAY_MS
"""Margin for clock skew and for the interval at which a broker deletes."""

ASKED_FOR = ("cleanup.policy", "retention.ms", "segment.ms")


class UnsafeRetention(Exception):
    """With this configuration a replayed message could be decided twice; the text says why."""


async def check_retention(
    service: str, settings: RuntimeSettings, bears_repeats: Collection[str] = ()
) -> None:
    """Compare `HISTORY_KEPT_DAYS` with what the broker really keeps.

    Nothing is asked where ids are kept for ever, nor of topics whose messages may be decided twice.
    Raises `UnsafeRetention`, and `Outage` while the broker cannot say.
    """
    if settings.history_kept_days is None:
        return
    topics = [name for name in topics_read_by(service) if name not in bears_repeats]
    kept = await _kept_by_broker(settings, {*topics, DEAD_LETTERS})
    objection = objection_to(
        settings.history_kept_days, {name: kept[name] for name in topics}, kept[DEAD_LETTERS]
    )
    if objection is not None:
        raise UnsafeRetention(objection)


def kept_ms(config: Mapping[str, str]) -> int | None:
    """How long a topic may keep a record, in milliseconds; None for ever.

    Records leave by the segment, once its newest is old enough; a segment takes records for up to
    `segment.ms`. A compacted topic keeps the last record of each key unless it deletes too.
    """
    retention = int(config["retention.ms"])
    if "delete" not in config["cleanup.policy"].split(",") or retention < 0:
        return None
    return retention + int(config["segment.ms"])


def days_needed(topic_ms: int | None, dead_letters_ms: int | None) -> int | None:
    """Returns how many days a topic's message ids must be kept; None means for ever."""
    if topic_ms is None or dead_letters_ms is None:
        return None
    days = -(-(topic_ms + dead_letters_ms + MARGIN_MS) // DAY_MS)
    return days if days <= LONGEST_KEPT_DAYS else None


def objection_to(
    kept_days: int, topics: Mapping[str, int | None], dead_letters_ms: int | None
) -> str | None:
    """Explains why `kept_days` is too short, with the remedy; None if it is long enough.

    `topics` says how many milliseconds each keeps a record, None for ever.
    """
    needed = {name: days_needed(ms, dead_letters_ms) for name, ms in topics.items()}
    short = [name for name, days in needed.items() if days is None or days > kept_days]
    if not short:
        return None
    told = ", ".join(f"{name} ({_in_days(topics[name])})" for name in short)
    return (
        f"HISTORY_KEPT_DAYS={kept_days}: ids are forgotten after {kept_days} days, but a message "
        "can come again, and would be decided twice, as long as its topic keeps it, as long as "
        f"{DEAD_LETTERS} ({_in_days(dead_letters_ms)}) keeps it for a replay, and a day: {told}. "
        + _advice([needed[name] for name in short], topics, dead_letters_ms)
    )


def _advice(
    needed: Sequence[int | None], topics: Mapping[str, int | None], dead_letters_ms: int | None
) -> str:
    days = [span for span in needed if span is not None]
    if len(days) == len(needed):
        return f"Set HISTORY_KEPT_DAYS to {max(days)} or more, or unset it to keep ids for ever."
    endless = [
        name for name, ms in {**topics, DEAD_LETTERS: dead_letters_ms}.items() if _endless(ms)
    ]
    return (
        "Unset HISTORY_KEPT_DAYS to keep ids for ever, or give an end to what is kept by "
        f"{', '.join(endless)}: cleanup.policy with delete, and retention.ms."
    )


def _endless(ms: int | None) -> bool:
    return ms is None or ms > LONGEST_KEPT_DAYS * DAY_MS


def _in_days(ms: int | None) -> str:
    if ms is None:
        return "for ever"
    days = -(-ms // DAY_MS)
    return "1 day" if days == 1 else f"{days} days"


async def _kept_by_broker(
    settings: RuntimeSettings, topics: Iterable[str]
) -> dict[str, int | None]:
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            found = await described(admin, topics, ASKED_FOR)
        finally:
            await admin.close()
    return {topic.topic: _told(topic) for topic in found}


def _told(topic: Description) -> int | None:
    if topic.code == TopicAuthorizationFailedError.errno:
        raise UnsafeRetention(
            f"HISTORY_KEPT_DAYS is set, but how long {topic.topic} keeps records may not be read: "
            "allow this Kafka user DescribeConfigs on it, or unset HISTORY_KEPT_DAYS."
        )
    if topic.code != NoError.errno:
        raise Outage("kafka", f"{topic.topic}: {for_code(topic.code).__name__}")
    return kept_ms(topic.settings)
