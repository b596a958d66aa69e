"""The five steps on a batch: read, decide, store, publish; the caller consumes and commits."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any

import structlog

from shared.events.envelope import Ref
from shared.outage import Outage
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.document_mapper import MB, Unstorable
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.aggregates.store import ALARM_BYTES, Conflict, Taken
from shared.runtime.aggregates.unpublished import GroupProgress, UnpublishedEntries
from shared.runtime.codec import Record
from shared.runtime.decider import Service
from shared.runtime.publisher import Publisher
from shared.runtime.record_faults import NO_OVERRIDES, Sources
from shared.runtime.stage.account import account
from shared.runtime.stage.batch import (
    Batch,
    Breath,
    IncomingMessage,
    to_the_millisecond,
    touched_by,
    utc_now,
)
from shared.runtime.stage.decide import Decisions
from shared.runtime.stage.handover import Handover, Nobody, Performer
from shared.runtime.stage.lanes import lanes_of
from shared.runtime.stage.origin import trace
from shared.runtime.stage.publish import Answers, Unacknowledged
from shared.runtime.stage.read import Reader
from shared.runtime.stage.steps import Steps, TracedSteps
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LANE_LETTERS = 125
ROUND_BYTES = MB
NOBODY = Nobody()


class Stage:
    """One service's five steps. It holds no state between batches."""

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        publisher: Publisher,
        progress: GroupProgress,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime] = utc_now,
        sources: Sources = NO_OVERRIDES,
        performer: Performer = NOBODY,
        decisions: Callable[[Service, AggregateStore, Reader], Decisions] = Decisions,
        traces: Traces | None = None,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._publications = UnpublishedEntries(progress)
        self._metrics = metrics
        self._clock = clock
        self._handover = Handover(store, performer)
        self._traces = traces
        self._reader = Reader(service, store, sources)
        self._decisions = decisions(service, store, self._reader)
        self._answers = Answers(service, store, publisher, self._publications)

    async def process(self, records: Sequence[Record]) -> set[Ref]:
        """Decide, store and publish `records`; afterwards their offsets may be committed.

        Returns the aggregates that they were decided in.
        May be called again with the same records: what was stored is published again, unchanged.
        Raises `Outage` when nothing may be committed (`Unacknowledged` where something may still be
        sent), `ProducerDead` when the process must end.
        """
        steps = Steps() if self._traces is None else TracedSteps(self._traces)
        try:
            batches = await self._processed(records, steps)
        except Outage as outage:
            steps.failed(outage)
            raise
        steps.ended(batches)
        return {ref for batch in batches for ref in batch.answered}

    async def _processed(self, records: Sequence[Record], steps: Steps) -> list[Batch]:
        at = to_the_millisecond(self._clock())
        with self._timed("decode", steps):
            incoming, unreadable = await self._reader.messages(records, at)
            incoming = steps.received(await self._reader.looked_up(incoming), unreadable)
            lanes = lanes_of(incoming, touched_by, length=LANE_LETTERS)
        if unreadable:
            with self._timed("publish", steps):
                await self._publisher.publish(unreadable)
        rounds = await _all(self._answer(lane, at, steps) for lane in lanes)
        batches = list(chain.from_iterable(rounds))
        passed_over = Counter(ignored=len(records) - len(incoming) - len(unreadable))
        rest = Batch(at, outgoing=[*unreadable], fates=passed_over)
        account(self._metrics, records, [rest, *batches], steps.seconds)
        return batches

    async def _answer(
        self, incoming: Sequence[IncomingMessage], at: datetime, steps: Steps
    ) -> list[Batch]:
        """Decide, store and publish one lane; other lanes run meanwhile.

        In rounds, so that no document has to take more than `ROUND_BYTES` of history at a time.
        """
        rounds: list[Batch] = []
        while incoming:
            batch = await self._decide_and_store(incoming, at, steps)
            with self._timed("publish", steps):
                batch.outgoing += await self._answers.of(batch)
                try:
                    await self._publisher.publish(batch.outgoing)
                except Outage as outage:
                    raise Unacknowledged(outage, batch.answered) from outage
            self._publications.note(batch.answered)
            rounds.append(batch)
            incoming = incoming[batch.taken :]
        return rounds

    async def _decide_and_store(
        self, incoming: Sequence[IncomingMessage], at: datetime, steps: Steps
    ) -> Batch:
        """One round of a lane: as many of its incoming as `Batch.taken` says, at least one."""
        unstorable: dict[Ref, str] = {}
        attempts: Counter[Ref] = Counter()
        while True:
            batch = Batch(at, attempts=attempts)
            with self._timed("read", steps):
                await self._reader.read(incoming, batch)
            aggregates = batch.aggregates
            with self._timed("decide", steps):
                breath = Breath()
                for received in incoming:
                    await breath.taken()
                    await self._reader.read_further([received], batch)
                    self._decisions.decide(received, batch, unstorable)
                    batch.taken += 1
                    if any(aggregates[ref].added_bytes > ROUND_BYTES for ref in received.decides):
                        break
            try:
                with self._timed("store", steps):
                    await trace(aggregates.values(), self._store)
                    self._handover.lease(aggregates.values(), at)
                    await self._store.write(aggregates.values(), self._publications)
            except Conflict:
                self._metrics.conflicts.inc()
            except Taken as fault:
                attempts[fault.ref] += 1
            except Unstorable as fault:
                unstorable[fault.ref] = fault.error
            else:
                self._stored(aggregates.values())
                return batch
            await self._handover.give_back(aggregates.values())

    def _stored(self, aggregates: Iterable[Aggregate]) -> None:
        """Hand over what is due; say what has become large."""
        touched = [aggregate for aggregate in aggregates if aggregate.touched]
        self._handover.stored(touched)
        for aggregate in touched:
            self._metrics.seen_document(aggregate.ref.kind, aggregate.bytes)
            if aggregate.bytes >= ALARM_BYTES:
                log.error(
                    "document too large",
                    kind=aggregate.ref.kind,
                    aggregate=aggregate.ref.id,
                    bytes=aggregate.bytes,
                )

    @contextmanager
    def _timed(self, step: str, steps: Steps) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            steps.took(step, seconds)
            self._metrics.step.labels(step).observe(seconds)


async def _all(lanes: Iterable[Coroutine[Any, Any, list[Batch]]]) -> list[list[Batch]]:
    """Waits for every lane and returns their batches, or raises the first failure afterwards.

    If that is an outage, it names what any of the lanes has left unacknowledged.
    """
    ended = await asyncio.gather(*lanes, return_exceptions=True)
    failures = [outcome for outcome in ended if isinstance(outcome, BaseException)]
    refs = {ref for it in failures if isinstance(it, Unacknowledged) for ref in it.refs}
    for failure in failures:
        if refs and isinstance(failure, Outage):
            raise Unacknowledged(failure, refs) from failure
        raise failure
    return [outcome for outcome in ended if not isinstance(outcome, BaseException)]
