"""Foresees a service's decisions with its real stage and a store that discards writes.

The publisher sends nothing. One dry run decides record after record, each on what those before it
would bring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from shared.events.envelope import Ref
from shared.events.topics import TOPIC_OF
from shared.kafka.records import RecordPosition
from shared.mongo.client import Database, Document
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.store import Store
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.codec import Envelope, Record
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Service
from shared.runtime.operations.answers import Foreseen, ForeseenEvent
from shared.runtime.record_faults import NO_OVERRIDES, Sources
from shared.runtime.stage.batch import utc_now
from shared.runtime.stage.stage import Stage
from shared.telemetry.logging import silence
from shared.telemetry.metrics import Metrics


class DiscardingStore(Store):
    """Reads what is stored, keeps to itself what would be written, and never writes."""

    def __init__(self, service: Service, database: Database) -> None:
        super().__init__(database, service.deciders)
        self._kept: dict[Ref, Aggregate] = {}
        self.events: list[ForeseenEvent] = []

    async def read(
        self, refs: Iterable[Ref], message_ids: Sequence[str] = ()
    ) -> dict[Ref, Aggregate]:
        wanted = list(refs)
        found = await super().read([ref for ref in wanted if ref not in self._kept], message_ids)
        return found | {ref: _as_stored(self._kept[ref]) for ref in wanted if ref in self._kept}

    async def write(
        self, aggregates: Iterable[Aggregate], _publications: UnpublishedEntries
    ) -> None:
        for aggregate in aggregates:
            self.events += foreseen_in(aggregate.ref, aggregate.added)
            if aggregate.touched:
                self._kept[aggregate.ref] = aggregate


def _as_stored(aggregate: Aggregate) -> Aggregate:
    """As if read from the database after it was written."""
    return replace(
        aggregate,
        known=dict(aggregate.known),
        digests=dict(aggregate.digests),
        added=[],
        encoded=[],
        added_bytes=0,
        touched=False,
    )


def foreseen_in(ref: Ref, entries: Iterable[Document]) -> Iterable[ForeseenEvent]:
    """The events of entries of one record's history, as an answer tells them."""
    kind, record_id = ref
    for entry in entries:
        for event in entry["events"]:
            yield ForeseenEvent(
                kind=kind,
                id=record_id,
                type=event["type"],
                data=event["data"],
                public=event["type"] in TOPIC_OF,
            )


class SilentPublisher:
    """Sends nothing and notes which records would be given up; its group is never behind."""

    def __init__(self) -> None:
        self.dead: list[DeadLetter] = []

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        self.dead += [letter for letter in outgoing if isinstance(letter, DeadLetter)]

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:  # noqa: ARG002
        return set()


class DryRun:
    """Decides records for one service and forgets everything with the last of them."""

    def __init__(
        self,
        service: Service,
        database: Database,
        *,
        clock: Callable[[], datetime] = utc_now,
        sources: Sources = NO_OVERRIDES,
    ) -> None:
        self._store = DiscardingStore(service, database)
        self._publisher = SilentPublisher()
        self._stage = Stage(
            service,
            self._store,
            self._publisher,
            self._publisher,
            Metrics(),
            clock=clock,
            sources=sources,
        )

    async def decide(self, record: Record) -> Foreseen:
        """Foresees the record's decision. Raises `Outage` if the database is down."""
        self._store.events.clear()
        self._publisher.dead.clear()
        with silence():
            await self._stage.process([record])
        fault = next((f"{letter.reason}: {letter.error}" for letter in self._publisher.dead), None)
        return Foreseen(events=tuple(self._store.events), fault=fault)
