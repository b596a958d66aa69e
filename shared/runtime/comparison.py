"""Compares one service's records with its topics, for `verify`.

A database that was restored from a backup is older than its topics: they hold events of which no
history knows, and what is decided next takes their numbers a second time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.events.topics import TOPIC_OF, TOPICS
from shared.kafka.topic_records import begins_of
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.runtime.publications import Publications, publications_of, topics_of
from shared.settings import RuntimeSettings

DIFFERENCES_KEPT = 1_000
BEING_PUBLISHED = timedelta(minutes=1)
"""A running service stores an event before it publishes it."""


@dataclass(slots=True)
class Comparison:
    """The differences between all records of one service and all its topics."""

    service: str
    recorded: int = 0
    published: int = 0
    count: int = 0
    differences: list[str] = field(default_factory=list)

    def note(self, difference: str) -> None:
        """Count it; where more differs than `DIFFERENCES_KEPT`, the first ones say what."""
        self.count += 1
        if len(self.differences) < DIFFERENCES_KEPT:
            self.differences.append(difference)


async def compare(
    service: Service, settings: RuntimeSettings, database: Database, store: Store, now: datetime
) -> Comparison:
    """Every difference, by ids and places, without anybody's data. Raises `Outage`.

    The topics are read first: whatever is on them was stored before. `now` is timezone-aware.
    """
    whole = await begins_of(settings, topics_of(service.name))
    published = await publications_of(service.name, settings)
    found = Comparison(service.name, published=len(published.by_id))
    recorded: set[str] = set()
    async for kind, aggregate, entry in _entries(service, database, store):
        for event in entry["events"]:
            if event["type"] in TOPIC_OF:
                found.recorded += 1
                recorded.add(event["id"])
                difference = _difference(event, entry["at"], published, whole, now)
                if difference is not None:
                    found.note(f"{kind} {aggregate}: {difference}")
    for event in published.by_id.values():
        if event.id not in recorded:
            found.note(
                f"{event.topic} {event.subject}: {event.type} {event.id} is in no history; "
                "the database is older than the topic"
            )
    for difference in _among_published(published):
        found.note(difference)
    return found


async def _entries(
    service: Service, database: Database, store: Store
) -> AsyncIterator[tuple[str, str, Document]]:
    for decider in service.deciders:
        if not decider.publishes:
            continue
        with mongodb_errors_as_outage():
            async for document in database.collection(decider.kind).find({}):
                for entry in await store.whole_history(decider.kind, document):
                    yield decider.kind, document["_id"], entry


def _difference(
    event: Document, at: datetime, published: Publications, whole: Mapping[str, bool], now: datetime
) -> str | None:
    topic = TOPIC_OF[event["type"]].name
    there = published.by_id.get(event["id"])
    if there is None:
        missing = f"{event['type']} {event['id']} is not on {topic}"
        return missing if _expected(topic, at, published, whole, now) else None
    if (there.type, there.data) != (event["type"], event["data"]):
        return f"{event['type']} {event['id']} has other content on {topic}"
    return None


def _expected(
    topic: str, at: datetime, published: Publications, whole: Mapping[str, bool], now: datetime
) -> bool:
    """Whether an event decided at `at` must be on its topic: neither expired nor on its way."""
    if topic not in whole or TOPICS[topic].compacted or at > now - BEING_PUBLISHED:
        return False
    return whole[topic] or at > published.kept_since(topic, now)


def _among_published(published: Publications) -> Iterator[str]:
    for event in published.differing:
        yield f"{event.topic} {event.subject}: {event.id} was published twice with other content"
    for first, second in published.numbered_twice():
        yield (
            f"{first.topic} {first.subject}: sequence {first.sequence} is used twice, "
            f"by {first.type} {first.id} and {second.type} {second.id}"
        )
