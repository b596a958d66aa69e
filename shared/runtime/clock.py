"""Time is a message: due aggregates get a timer message, which goes through the same five steps.

Any number of clocks may run. A timer's id follows from its aggregate, that one's version and the
due time, so repeats are dropped like any other repeated message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from shared.events.internal import TimerDue
from shared.kafka.clock_skew import ClockSkew
from shared.runtime import codec
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.aggregates.queries import Due
from shared.runtime.codec import Envelope
from shared.runtime.decider import Service
from shared.runtime.publisher import Publisher
from shared.telemetry.metrics import Metrics

BATCH = 500
"""Due aggregates looked at in one tick, oldest first."""
PROBE_SECONDS = 60.0
"""A probe that brought no time of the broker's is not repeated sooner."""
REPEAT_SECONDS = 30.0
"""A timer that is still due after this long is sent again: its message may have been lost."""


def clock_source(service: str) -> str:
    """The `ce_source` of a service's timers."""
    return f"/services/{service}/clock"


class Clock:
    """Publishes the timers of one service."""

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        publisher: Publisher,
        metrics: Metrics,
        now: Callable[[], datetime],
        skew: ClockSkew,
    ) -> None:
        self._service = service
        self._kinds = service.kinds_with_timers
        self._store = store
        self._publisher = publisher
        self._metrics = metrics
        self._now = now
        self._skew = skew
        self._probed_at: float | None = None
        self._sent: dict[Due, float] = {}
        self._skipped = dict.fromkeys(self._kinds, 0)

    async def tick(self) -> int:
        """Publish a timer for every due aggregate, and return their number. Raises `Outage`.

        None while the broker says that this clock is off. While the broker has not been asked, one
        goes out alone: its acknowledgement tells.
        """
        off = self._skew.measured and self._skew.excessive
        if off and not self._may_probe():
            return 0
        now = self._now()
        if not off:
            now -= timedelta(seconds=max(0.0, self._skew.seconds))
        elapsed = self._skew.elapsed()
        self._sent = {k: at for k, at in self._sent.items() if elapsed - at < REPEAT_SECONDS}
        due = [timer for kind in self._kinds for timer in await self._due(kind, now)]
        unknown = not self._skew.measured and self._probed_at is None
        if due and (off or unknown):  # a topic without the broker's time tells nothing, ever
            self._probed_at, due = elapsed, due[:1]
        await self._publisher.publish([self._timer(timer) for timer in due])
        self._sent |= dict.fromkeys(due, elapsed)
        self._metrics.timers.inc(len(due))
        return len(due)

    async def _due(self, kind: str, now: datetime) -> list[Due]:
        """The due timers of one page that were not sent yet.

        A page that was all sent is skipped at the next tick, so that what cannot be decided hides
        nothing that is due later; after the last page the oldest come again.
        """
        skipped = self._skipped[kind]
        page = await self._store.due(kind, now, BATCH, skipped)
        fresh = [timer for timer in page if timer not in self._sent]
        if len(page) < BATCH:
            self._skipped[kind] = 0
        elif not fresh:
            self._skipped[kind] = skipped + BATCH
        return fresh

    def _may_probe(self) -> bool:
        """Whether this clock was set since it was compared; or the machine was suspended."""
        at = self._probed_at
        waited = at is None or self._skew.elapsed() - at >= PROBE_SECONDS
        return self._skew.jumped and waited

    def _timer(self, due: Due) -> Envelope:
        event = TimerDue(
            kind=due.ref.kind,
            id=due.ref.id,
            contract_number=due.ref.id,
            owner=self._service.name,
            due_at=due.due_at,
        )
        source = clock_source(self._service.name)
        identity = f"{source} {due.ref.kind} {due.ref.id} {due.version} {due.due_at.isoformat()}"
        return codec.envelope(
            str(uuid5(NAMESPACE_URL, identity)),
            event.ce_type,
            codec.dump(event),
            source=source,
            subject=due.ref.id,
            at=due.due_at,
            causation_id=None,
            correlation_id=None,
            traceparent=due.traceparent,
        )
