"""Side effects run outside the five steps: due work is leased, done, and its outcome reported.

The outcome is a message to the service itself, which decides what it means. A worker that dies
leaves a lease that runs out; so work may be done twice and must bear it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import structlog

from shared.events.envelope import Ref
from shared.metrics import Metrics
from shared.runtime import codec
from shared.runtime.codec import Envelope
from shared.runtime.decider import Perform, Service, Work
from shared.runtime.faults import Outage, described
from shared.runtime.publisher import Publisher
from shared.runtime.store import Aggregate, Store

log: structlog.stdlib.BoundLogger = structlog.get_logger()

BATCH = 50
SHARE_OF_LEASE = 0.8
"""Work stops well before its lease does, so that no other worker starts it meanwhile."""


class Worker:
    """Does the due side effects of one service."""

    def __init__(
        self,
        service: Service,
        store: Store,
        publisher: Publisher,
        metrics: Metrics,
        now: Callable[[], datetime],
        *,
        lease: timedelta,
    ) -> None:
        self._service = service
        self._store = store
        self._publisher = publisher
        self._metrics = metrics
        self._now = now
        self._lease = lease

    async def round(self, perform: Perform) -> int:
        """Lease what is due, do it, report every outcome; how much was due. Raises `Outage`."""
        done = 0
        for decider in self._service.deciders:
            now = self._now()
            until = now + self._lease
            due = await self._store.lease(decider.kind, now, until, str(uuid4()), BATCH)
            await asyncio.gather(*(self._do(perform, one, now) for one in due))
            done += len(due)
        return done

    async def _do(self, perform: Perform, aggregate: Aggregate, now: datetime) -> None:
        """Do one piece of work and report it at once: what is done twice is what came between."""
        outcome = await self._perform(perform, aggregate, now)
        if outcome is not None:
            await self._publisher.publish([outcome])

    async def _perform(
        self, perform: Perform, aggregate: Aggregate, now: datetime
    ) -> Envelope | None:
        within = self._lease.total_seconds() * SHARE_OF_LEASE
        try:
            async with asyncio.timeout(within):
                event = await perform(Work(aggregate.ref, aggregate.state, self._read))
        except (Outage, TimeoutError) as why:
            self._metrics.work.labels("failed").inc()
            log.warning("side effect put off", kind=aggregate.ref.kind, why=described(why))
            return None
        except Exception as defect:  # noqa: BLE001 - one failing effect must not stop the others
            self._metrics.work.labels("failed").inc()
            log.error(  # noqa: TRY400 - a traceback may quote personal data
                "side effect failed",
                kind=aggregate.ref.kind,
                aggregate=aggregate.ref.id,
                error=described(defect),
            )
            return None
        self._metrics.work.labels("done").inc()
        source = f"/services/{self._service.name}/worker"
        identity = f"{source} {aggregate.ref.kind} {aggregate.ref.id} {aggregate.version}"
        first = next(iter(aggregate.known.values()))
        return codec.envelope(
            str(uuid5(NAMESPACE_URL, identity)),
            event.ce_type,
            codec.dump(event),
            source=source,
            subject=aggregate.ref.id,
            at=now,
            causation_id=first["causation_id"],
            correlation_id=event.correlation_id or first["correlation_id"],
            traceparent=first.get("traceparent"),
        )

    async def _read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        found = await self._store.read(refs)
        return {ref: aggregate.state for ref, aggregate in found.items()}
