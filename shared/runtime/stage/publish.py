"""Publish: what a batch answers, what may be unpublished before it, and the states it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.events.envelope import Ref
from shared.events.topics import TOPIC_OF
from shared.mongo.client import Document
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.codec import Envelope
from shared.runtime.decider import Service
from shared.runtime.public_states import PublicStates
from shared.runtime.publisher import Publisher
from shared.runtime.stage.batch import Batch


class Unacknowledged(Outage):
    """Publishing what these aggregates answer has failed; the client may still send it later."""

    def __init__(self, outage: Outage, refs: Iterable[Ref]) -> None:
        Exception.__init__(self, str(outage))
        self.dependency = outage.dependency
        self.refs = frozenset(refs)


class Answers:
    """The messages that one service publishes for a stored batch."""

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        publisher: Publisher,
        publications: UnpublishedEntries,
    ) -> None:
        self._store = store
        self._publications = publications
        self._states = PublicStates(service, store, publisher)
        self._source = f"/services/{service.name}"

    async def of(self, batch: Batch) -> list[Envelope]:
        """Raises `Outage`."""
        return [*await self._unpublished(batch), *self._changed_states(batch)]

    async def _unpublished(self, batch: Batch) -> list[Envelope]:
        """Of every aggregate answered: what may not have been published, in its history's order.

        That is what this batch answers, and whatever lies beyond the committed offsets: another
        process may have died between storing and publishing it.
        """
        entries = [
            (ref, key, entry)
            for ref, answered in batch.answered.items()
            if self._store.decider(ref.kind).publishes
            for key, entry in batch.aggregates[ref].known.items()
            if entry["events"]
        ]
        lacking = await self._publications.lacking(
            (ref, entry) for ref, key, entry in entries if key not in batch.answered[ref]
        )
        for ref, key in lacking:
            batch.answered[ref].add(key)
        return [
            envelope
            for ref, key, entry in entries
            if key in batch.answered[ref]
            for envelope in self._envelopes(ref, entry)
        ]

    def _changed_states(self, batch: Batch) -> Iterator[Envelope]:
        """Of every aggregate answered: its public state as it is now, if it may be news."""
        for ref, answered in batch.answered.items():
            aggregate = batch.aggregates[ref]
            fresh = {(entry["message_id"], entry["digest"]) for entry in aggregate.added}
            repeats = (aggregate.known[key] for key in answered - fresh)
            again = any(entry["events"] for entry in repeats)
            yield from self._states.envelopes(aggregate, batch.before[ref], always=again)

    def _envelopes(self, ref: Ref, entry: Document) -> Iterator[Envelope]:
        for stored in entry["events"]:
            if stored["type"] in TOPIC_OF:
                yield codec.envelope(
                    stored["id"],
                    stored["type"],
                    stored["data"],
                    source=self._source,
                    subject=ref.id,
                    at=entry["at"],
                    causation_id=entry["causation_id"],
                    correlation_id=stored.get("correlation_id", entry["correlation_id"]),
                    traceparent=entry.get("traceparent"),
                )
