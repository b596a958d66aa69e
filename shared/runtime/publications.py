"""Reads the events that a service has published on its own topics, by event id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json

from shared.events.topics import CATALOGUE, DEAD_LETTERS, EVENT_TYPES, SERVICES
from shared.kafka.topic_records import Window, records_on
from shared.settings import RuntimeSettings

NOT_FROM_HISTORIES = frozenset({"desk.timers", "desk.outcomes", DEAD_LETTERS, "desk.operations"})
"""Their records are made by clocks, workers and operators."""
WRITERS = {topic.name: topic.written_by for topic in CATALOGUE}
NEWEST = 50
"""Records read per partition: some may be another service's, or transaction markers."""


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """One event as its topic holds it."""

    id: str
    type: str
    subject: str
    cause: str
    at: datetime
    data: Any
    topic: str
    partition: int

    @property
    def sequence(self) -> int | None:
        number = self.data.get("sequence") if isinstance(self.data, dict) else None
        return number if isinstance(number, int) else None


@dataclass(slots=True)
class Publications:
    """All events that one service has on its topics, the first copy of each id."""

    by_id: dict[str, PublishedEvent] = field(default_factory=dict)
    by_cause: dict[str, list[PublishedEvent]] = field(default_factory=lambda: defaultdict(list))
    differing: list[PublishedEvent] = field(default_factory=list)
    """Later records under an id that is taken, with other content."""

    def add(self, event: PublishedEvent) -> None:
        first = self.by_id.setdefault(event.id, event)
        if first is event:
            self.by_cause[event.cause].append(event)
        elif (first.type, first.data) != (event.type, event.data):
            self.differing.append(event)

    def kept_since(self, topic: str, now: datetime) -> datetime:
        """The instant from which on each partition of the topic still has everything."""
        oldest: dict[int, datetime] = {}
        for event in self.by_id.values():
            if event.topic == topic:
                oldest[event.partition] = min(event.at, oldest.get(event.partition, event.at))
        return max(oldest.values(), default=now)

    def numbered_twice(self) -> Iterator[tuple[PublishedEvent, PublishedEvent]]:
        """Two events of one record on one topic under the same sequence."""
        seen: dict[tuple[str, str, int], PublishedEvent] = {}
        for event in self.by_id.values():
            if event.sequence is not None:
                first = seen.setdefault((event.topic, event.subject, event.sequence), event)
                if first is not event:
                    yield first, event


def topics_of(service: str) -> tuple[str, ...]:
    """The topics whose records come from the service's histories; states follow from records."""
    return tuple(
        topic.name
        for topic in CATALOGUE
        if service in topic.written_by
        and topic.name not in NOT_FROM_HISTORIES
        and not all(_is_state(event.ce_type) for event in topic.events)
    )


def _is_state(ce_type: str) -> bool:
    return ce_type.endswith(".state.v1") or ce_type.startswith("policy.")


async def publications_of(service: str, settings: RuntimeSettings) -> Publications:
    """Reads the service's topics whole. Raises `Outage`."""
    found, source = Publications(), f"/services/{service}"
    async for record in records_on(settings, topics_of(service)):
        event = _event_of(record, source)
        if event is not None:
            found.add(event)
    return found


async def last_published(service: str, settings: RuntimeSettings) -> list[PublishedEvent]:
    """The service's last event on each partition, of those among its `NEWEST` records.

    On topics that services alone may write: on others anybody who may could name this service as
    the source, and so keep it from starting. Raises `Outage`.
    """
    last: dict[tuple[str, int], PublishedEvent] = {}
    topics = [name for name in topics_of(service) if set(WRITERS[name]) <= set(SERVICES)]
    async for record in records_on(settings, topics, Window(newest=NEWEST)):
        event = _event_of(record, f"/services/{service}")
        if event is not None:
            last[event.topic, event.partition] = event
    return [*last.values()]


def _event_of(record: Any, source: str) -> PublishedEvent | None:
    headers = _text(record.headers)
    ce_type = headers.get("ce_type", "")
    if headers.get("ce_source") != source or ce_type not in EVENT_TYPES or _is_state(ce_type):
        return None
    try:
        at = datetime.fromisoformat(headers["ce_time"])
        return PublishedEvent(
            id=headers["ce_id"],
            type=ce_type,
            subject=headers.get("ce_subject", ""),
            cause=headers.get("ce_causationid", ""),
            at=at if at.tzinfo else at.replace(tzinfo=UTC),
            data=from_json(record.value or b""),
            topic=record.topic,
            partition=record.partition,
        )
    except (KeyError, ValueError):
        return None


def _text(headers: Iterable[tuple[str, bytes | None]]) -> Mapping[str, str]:
    return {name: value.decode(errors="replace") for name, value in headers if value is not None}
