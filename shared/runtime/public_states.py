"""State events: after a change of a record, its whole public state on a compacted topic.

A repeat publishes the record's current state, never an older one, so that the last record of a key
is the newest. Where that could be broken (another process was quicker, or what was not acknowledged
may still be sent behind another's), the state is read again after it was acknowledged, and
published again if it has changed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from uuid import NAMESPACE_URL

from shared.events.envelope import Event, Ref, caused_event_id
from shared.events.topics import TOPIC_OF
from shared.mongo.client import Document
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.codec import Envelope
from shared.runtime.decider import Service
from shared.runtime.publisher import Publisher

PAGE = 250
"""Records in one page of the publication on upgrade: half a batch, so that it holds up no batch."""


class PublicStates:
    """The state events of one service."""

    def __init__(self, service: Service, store: AggregateStore, publisher: Publisher) -> None:
        self._source = f"/services/{service.name}"
        self._stating = {
            decider.kind: decider.public_state
            for decider in service.deciders
            if decider.public_state is not None
        }
        self._store = store
        self._publisher = publisher
        self._owed: frozenset[Ref] = frozenset()
        self._settling = asyncio.Lock()

    def envelopes(
        self, aggregate: Aggregate, before: object, *, always: bool
    ) -> Iterable[Envelope]:
        """The state of a record that was just stored, if it is another than in state `before`.

        `always`: also if it is the same, because an earlier publication may have failed.
        """
        state_of = self._stating.get(aggregate.ref.kind)
        if state_of is None or aggregate.state is None:
            return
        version = aggregate.version + aggregate.touched
        event = state_of(aggregate.state, version)
        if event is None:
            return
        if always or before is None or _numbered(aggregate) or state_of(before, version) != event:
            yield self._envelope(aggregate, event, version)

    def _envelope(self, aggregate: Aggregate, event: Event, version: int) -> Envelope:
        ref, entry = aggregate.ref, aggregate.newest_entry()
        return codec.envelope(
            caused_event_id(NAMESPACE_URL, f"{self._source} {ref.kind} {ref.id} state", version),
            event.ce_type,
            codec.dump(event),
            source=self._source,
            subject=ref.id,
            at=entry["at"],
            causation_id=entry["causation_id"],
            correlation_id=_correlation(entry),
            traceparent=entry.get("traceparent"),
        )

    def owe(self, refs: Collection[Ref]) -> None:
        """The states of these records may have been published late: they are to be settled."""
        self._owed |= frozenset(refs)

    async def settle(self) -> int:
        """Publish what is owed, and return the number of records. Raises `Outage`, `ProducerDead`.

        What was not acknowledged in time the client still sends, perhaps behind the newer state of
        a process that has taken the partition over; behind both, the newest is last.
        """
        async with self._settling:
            owed = self._owed
            if owed:
                await self.publish_current(owed)
            self._owed -= owed
            return len(owed)

    async def publish_current(self, refs: Collection[Ref]) -> None:
        """Publish the states that these records have now. Raises `Outage`, `ProducerDead`."""
        for kind in {ref.kind for ref in refs} & self._stating.keys():
            ids = [ref.id for ref in refs if ref.kind == kind]
            await self._publish(kind, await self._store.newest(kind, ids))

    async def _publish(self, kind: str, aggregates: Collection[Aggregate]) -> None:
        while aggregates:
            await self._publisher.publish(
                [
                    envelope
                    for it in aggregates
                    for envelope in self.envelopes(it, None, always=True)
                ]
            )
            known = {aggregate.ref.id: aggregate.version for aggregate in aggregates}
            again = await self._store.newest(kind, known)
            aggregates = [it for it in again if it.version != known[it.ref.id]]

    async def next_page(self) -> bool:
        """Publish the states of some more records that an earlier release left unpublished.

        Returns whether any may be left. Where it stands is in the database, so that it continues
        after a restart and is done once. Raises `Outage`, `ProducerDead`.
        """
        for kind in self._stating:
            marker = upgrade_of(kind)
            progress = await self._store.upgrade(marker)
            if progress.get("done"):
                continue
            page = await self._store.page(kind, progress.get("last"), PAGE)
            await self._publish(kind, page)
            if page:
                await self._store.note_upgrade(marker, {"last": page[-1].ref.id})
            else:
                await self._store.note_upgrade(marker, {"done": True})
            return True
        return False


def upgrade_of(kind: str) -> str:
    """The name under which the database keeps how far the publication on upgrade is."""
    return f"states of {kind}"


def _numbered(aggregate: Aggregate) -> bool:
    """Whether a new public event has a `sequence`: the state says the last, so it is another."""
    new = (event for entry in aggregate.added for event in entry["events"])
    return any(event["type"] in TOPIC_OF and "sequence" in event["data"] for event in new)


def _correlation(entry: Document) -> str | None:
    """Of the message, or of the last event that leads back to a submission by itself."""
    led = [event["correlation_id"] for event in entry["events"] if "correlation_id" in event]
    found: str | None = led[-1] if led else entry["correlation_id"]
    return found
