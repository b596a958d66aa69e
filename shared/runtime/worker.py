"""Side effects run outside the five steps: due work is leased, done, and its outcome reported.

Many are done at once, and a slow one holds up no other; what they read and report goes together.
The outcome is a message to the service itself, which decides what it means. Once it is reported,
the lease ends, however long the outcome waits to be read. A worker that dies before leaves a lease
that runs out; so work may be done twice and must bear it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

import structlog

from shared.events.envelope import Ref
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.backoff import sleep_unless
from shared.runtime.codec import Envelope
from shared.runtime.decider import Perform, Service, Work
from shared.runtime.faults import NewerRelease, described
from shared.runtime.publisher import Publisher
from shared.telemetry.metrics import Metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger()

AT_ONCE = 100
MANY = 50
"""One lease costs the same for one item as for this many: wait until so much room is free."""
SHARE_OF_LEASE = 0.8
"""Work stops well before its lease does, so that no other worker starts it meanwhile."""
DECIDED_BY = 0.25
"""Fraction of the lease after which a reported item is released; by then its outcome has usually
been decided."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class CallCoalescer(Generic[Item, Answer]):
    """Calls with what many want at once: all that comes in while one call is under way."""

    def __init__(self, call: Callable[[Sequence[Item]], Awaitable[Answer]]) -> None:
        self._call = call
        self._under_way = asyncio.Lock()
        self._wanted: list[Item] = []
        self._next: asyncio.Task[Answer] | None = None

    async def __call__(self, wanted: Iterable[Item]) -> Answer:
        """Joins the next call and returns its answer, or raises its error."""
        self._wanted += wanted
        self._next = self._next or asyncio.create_task(self._called())
        return await asyncio.shield(self._next)

    async def _called(self) -> Answer:
        async with self._under_way:
            await asyncio.sleep(0)  # other callers of this turn join
            wanted, self._wanted, self._next = self._wanted, [], None
            return await self._call(wanted)


@dataclass(frozen=True, slots=True, eq=False)
class _Reported:
    """Work whose outcome is on its topic."""

    aggregate: Aggregate
    leased_at: datetime


class Worker:
    """Does the due side effects of one service."""

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        publisher: Publisher,
        metrics: Metrics,
        now: Callable[[], datetime],
        *,
        lease: timedelta,
    ) -> None:
        self._source = f"/services/{service.name}/worker"
        self._kinds = [decider.kind for decider in service.deciders if decider.has_work]
        self._since = {decider.kind: decider.work_since for decider in service.deciders}
        self._told = [decider.kind for decider in service.deciders if decider.tells_waiting]
        self._store = store
        self._metrics = metrics
        self._now = now
        self._lease = lease
        self._due = asyncio.Event()
        self._doing: set[asyncio.Task[None]] = set()
        self._reported: set[_Reported] = set()
        self._aggregates = CallCoalescer(store.read)
        self._publish = CallCoalescer(publisher.publish)

    def wake(self) -> None:
        """Something has just become due: do not wait to look for it."""
        self._due.set()

    async def rest(self, seconds: float) -> None:
        """Return when woken, or after `seconds`."""
        await sleep_unless(self._due, seconds)

    async def round(self, perform: Perform) -> int:
        """Lease what is due, if there is room for many, and begin it; how much that is.

        Raises `Outage` or `ProducerDead`, also for what was begun in an earlier round.
        """
        self._due.clear()
        self._forget_ended()
        await self._release(leased_before=self._now() - self._lease * DECIDED_BY)
        begun = 0
        for kind in self._kinds:
            now, room = self._now(), AT_ONCE - len(self._doing)
            if room < MANY:
                break
            leased = await self._store.lease(kind, now, now + self._lease, str(uuid4()), room)
            due = [aggregate for aggregate in leased if not aggregate.newer]
            self._doing |= {
                asyncio.create_task(self._do(perform, aggregate, now)) for aggregate in due
            }
            begun += len(due)
        return begun

    async def finish(self) -> None:
        """Return when everything begun has ended; what could not be reported is done again."""
        await asyncio.gather(*self._doing, return_exceptions=True)
        with contextlib.suppress(Outage):
            await self._release(leased_before=self._now() + self._lease)

    async def measure_waiting(self) -> None:
        """Set the gauges of the work that waits. Raises `Outage`."""
        for kind in self._told:
            count, since = await self._store.waiting(kind)
            age = (self._now() - since).total_seconds() if since else 0.0
            self._metrics.work_waiting.labels(kind).set(count)
            self._metrics.work_oldest.labels(kind).set(max(0.0, age))

    async def _release(self, *, leased_before: datetime) -> None:
        """Release reported aggregates: their outcome, once decided, says when they are due."""
        reported = [report for report in self._reported if report.leased_at < leased_before]
        await self._store.release(report.aggregate for report in reported)
        self._reported.difference_update(reported)

    def _forget_ended(self) -> None:
        ended = {task for task in self._doing if task.done()}
        self._doing -= ended
        for failed in [error for task in ended if (error := task.exception())]:
            raise failed

    async def _do(self, perform: Perform, aggregate: Aggregate, now: datetime) -> None:
        """Do one piece of work and report it at once: what is done twice is what came between."""
        async with contextlib.AsyncExitStack() as until_reported:
            work = Work(aggregate.ref, aggregate.state, self._read, until_reported)
            outcome = await self._perform(perform, work, aggregate, now)
            if outcome is not None:
                await self._publish([outcome])
                self._reported.add(_Reported(aggregate, now))

    async def _read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        found = await self._aggregates(refs)
        for ref in refs:
            if found[ref].newer:
                raise NewerRelease(ref)
        return {ref: found[ref].state for ref in refs}

    async def _perform(
        self, perform: Perform, work: Work, aggregate: Aggregate, now: datetime
    ) -> Envelope | None:
        within = self._lease.total_seconds() * SHARE_OF_LEASE
        try:
            async with asyncio.timeout(within):
                event = await perform(work)
        except (Outage, TimeoutError) as why:
            self._tried(aggregate, "failed", "failed")
            log.warning("side effect put off", kind=aggregate.ref.kind, why=described(why))
            return None
        except Exception as defect:  # noqa: BLE001 - one failing effect must not stop the others
            self._tried(aggregate, "failed", "failed")
            log.error(  # noqa: TRY400 - a traceback may quote personal data
                "side effect failed",
                kind=aggregate.ref.kind,
                aggregate=aggregate.ref.id,
                error=described(defect),
            )
            return None
        self._tried(aggregate, "done", event.result)
        identity = f"{self._source} {aggregate.ref.kind} {aggregate.ref.id} {aggregate.version}"
        first = next(iter(aggregate.known.values()))
        return codec.envelope(
            str(uuid5(NAMESPACE_URL, identity)),
            event.ce_type,
            codec.dump(event),
            source=self._source,
            subject=aggregate.ref.id,
            at=now,
            causation_id=first["causation_id"],
            correlation_id=event.correlation_id or first["correlation_id"],
            traceparent=first.get("traceparent"),
        )

    def _tried(self, aggregate: Aggregate, outcome: str, result: str) -> None:
        """Count it; and measure how long it had been wanted, where its kind says since when."""
        kind = aggregate.ref.kind
        self._metrics.work.labels(outcome).inc()
        since = self._since[kind](aggregate.state)
        if since is not None:
            waited = max(0.0, (self._now() - since).total_seconds())
            self._metrics.work_seconds.labels(kind, result).observe(waited)
