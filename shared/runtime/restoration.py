"""Brings the records of a restored backup forward from the topics, under the old ids and numbers.

Every message that the service has read and that its topics still hold is decided again, in the
order of that time and at the time of that day, and what the service published of it then counts:
its events are taken from their topics as they stand. Nothing is published and no mail is sent. What
had no public event is decided as it would have been then. Whatever is in a history already is left
as it is, so that restoring twice changes nothing (ADR 0011).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shared.events.envelope import Ref, caused_event_id, message_uuid
from shared.events.topics import TOPIC_OF, topics_read_by
from shared.kafka.records import EPOCH, RecordPosition
from shared.kafka.topic_records import committed_by, members_of, records_on
from shared.mongo.client import Database, Document
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.aggregates.store import Store
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Service
from shared.runtime.lost_files import files_lost
from shared.runtime.older_database import begin_restoration, finish_restoration
from shared.runtime.publications import Publications, publications_of
from shared.runtime.stage.batch import Batch, IncomingMessage, utc_now
from shared.runtime.stage.decide import Decisions
from shared.runtime.stage.read import Reader
from shared.runtime.stage.stage import Stage
from shared.runtime.timers import Objection
from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics

BEYOND = 50
"""How many events more than are decided today a message may have had."""


class Running(Exception):
    """The service runs: it must be stopped before its records are restored."""


@dataclass(slots=True)
class Restored:
    """The records that were brought forward, and those that could not be."""

    service: str
    messages: int = 0
    taken: int = 0
    """Public events taken from their topics."""
    differing: list[str] = field(default_factory=list)
    """Messages that would be decided otherwise today; what was published then counts."""
    lost: list[str] = field(default_factory=list)
    """Events of which no message is left, and files that the backup has not."""


class _Nowhere:
    """A publisher that sends nothing, and a group that has committed everything."""

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        pass

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:  # noqa: ARG002
        return set()


@dataclass(slots=True)
class _ClockOfThen:
    """A clock that shows when a message was decided."""

    at: datetime = EPOCH

    def __call__(self) -> datetime:
        return self.at


class _Replay(Decisions):
    """Decisions at another time, where what was published then outweighs them."""

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        reader: Reader,
        *,
        published: Publications,
        committed: Mapping[tuple[str, int], int],
        restored: Restored,
    ) -> None:
        super().__init__(service, store, reader)
        self._published = published
        self._committed = committed
        self._restored = restored
        self._prefix = f"/services/{service.name}"

    def _objection_to(self, timer: IncomingMessage, batch: Batch) -> Objection | None:
        if timer.read.message.id in self._published.by_cause:
            return None
        return super()._objection_to(timer, batch)

    def _decided(
        self,
        received: IncomingMessage,
        aggregate: Aggregate,
        replicas: Mapping[Ref, Any],
        caused: frozenset[str],
        batch: Batch,
    ) -> tuple[Document, Any]:
        before = aggregate.state
        entry, state = super()._decided(received, aggregate, replicas, caused, batch)
        self._restored.messages += 1
        decider = self._store.decider(aggregate.ref.kind)
        if not decider.publishes:
            return entry, state
        events = self._as_published(received, aggregate.ref, entry["events"])
        if events == entry["events"]:
            return entry, state
        self._restored.differing.append(
            f"{aggregate.ref.kind} {aggregate.ref.id}: {received.read.message.type} "
            f"{received.read.message.id}"
        )
        state = before
        for stored in events:
            state = decider.evolve(state, self._store.event(stored))
        return entry | {"events": events}, state

    def _as_published(
        self, received: IncomingMessage, ref: Ref, decided: Sequence[Document]
    ) -> list[Document]:
        """Private events as they are decided, public ones as they were published."""
        message = received.read.message
        cause = message_uuid(message.source, message.id)
        owner = f"{self._prefix} {ref.kind} {ref.id} {received.read.digest}"
        unread = received.record.offset >= self._committed.get(
            (received.record.topic, received.record.partition), 0
        )
        events: list[Document] = []
        for index in range(1, len(decided) + BEYOND):
            event_id = caused_event_id(cause, owner, index)
            there = self._published.by_id.get(event_id)
            if there is not None:
                self._restored.taken += 1
                events.append({"id": event_id, "type": there.type, "data": there.data})
            elif index <= len(decided):
                event = decided[index - 1]
                if event["type"] not in TOPIC_OF or unread:
                    events.append(event)
        return events


async def restore(
    service: Service, settings: RuntimeSettings, database: Database, store: Store
) -> Restored:
    """Bring every record of a stopped service forward. Raises `Running`, `Outage`."""
    group = settings.group_of(service.name)
    if await members_of(settings, group):
        raise Running(group)
    await store.prepare(kept=settings.history_kept)
    await begin_restoration(store)
    restored = Restored(service.name)
    published = await publications_of(service.name, settings)
    committed = await committed_by(settings, group)
    decisions = partial(_Replay, published=published, committed=committed, restored=restored)
    nowhere, then = _Nowhere(), _ClockOfThen()
    stage = Stage(service, store, nowhere, nowhere, Metrics(), clock=then, decisions=decisions)
    for then.at, record in await _in_their_order(service.name, settings, published):
        await stage.process([record])
    restored.lost += await _unknown(service, database, store, published)
    restored.lost += await files_lost(service, settings, database)
    await finish_restoration(service, settings, store, utc_now())
    return restored


async def _in_their_order(
    service: str, settings: RuntimeSettings, published: Publications
) -> list[tuple[datetime, Any]]:
    """Returns the records that the service reads, each with its time of decision if known.

    That is the time of the events it caused, else the time of the record. Those of a partition
    were decided in their order.
    """
    latest: dict[tuple[str, int], datetime] = {}
    found: list[tuple[datetime, Any]] = []
    async for record in records_on(settings, topics_read_by(service)):
        place = record.topic, record.partition
        at = max(_decided_at(record, published), latest.get(place, EPOCH))
        latest[place] = at
        found.append((at, record))
    found.sort(key=lambda dated: dated[0])
    return found


def _decided_at(record: Any, published: Publications) -> datetime:
    for name, value in record.headers:
        if name.lower() == "ce_id" and value is not None:
            caused = published.by_cause.get(value.decode(errors="replace"))
            if caused:
                return caused[0].at
    return EPOCH + timedelta(milliseconds=max(0, record.timestamp))


async def _unknown(
    service: Service, database: Database, store: Store, published: Publications
) -> list[str]:
    """Published events that are in no history still: their messages are not on the topics."""
    left = dict(published.by_id)
    for decider in service.deciders:
        async for document in database.collection(decider.kind).find({}):
            for entry in await store.whole_history(decider.kind, document):
                for event in entry["events"]:
                    left.pop(event["id"], None)
    return [f"{event.topic} {event.subject}: {event.type} {event.id}" for event in left.values()]
