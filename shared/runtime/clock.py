"""Time is a message: due aggregates get a timer message, which goes through the same five steps.

Any number of clocks may run. A timer's id follows from its aggregate, that one's version and the
due time, so repeats are dropped like any other repeated message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from shared.events.envelope import Event
from shared.metrics import Metrics
from shared.runtime import codec
from shared.runtime.codec import Envelope
from shared.runtime.decider import Service
from shared.runtime.publisher import Publisher
from shared.runtime.store import Due, Store

BATCH = 500
REPEAT_AFTER = timedelta(seconds=30)
"""A timer that is still due after this long is sent again: its message may have been lost."""


def clock_source(service: str) -> str:
    """The `ce_source` of a service's timers."""
    return f"/services/{service}/clock"


def _just_sent(at: datetime, now: datetime) -> bool:
    """A timer sent in the future went out before the clock was set back: it must go out again."""
    return timedelta(0) <= now - at < REPEAT_AFTER


class Clock:
    """Publishes the timers of one service."""

    def __init__(
        self,
        service: Service,
        store: Store,
        publisher: Publisher,
        metrics: Metrics,
        now: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._kinds = [decider.kind for decider in service.deciders if decider.has_timers]
        self._store = store
        self._publisher = publisher
        self._metrics = metrics
        self._now = now
        self._sent: dict[Due, datetime] = {}

    async def tick(self) -> int:
        """Publish a timer for every aggregate that is due; how many. Raises `Outage`."""
        timer = self._service.timer
        if timer is None:
            return 0
        now = self._now()
        self._sent = {k: at for k, at in self._sent.items() if _just_sent(at, now)}
        due: dict[Due, Envelope] = {}
        for kind in self._kinds:
            for one in await self._store.due(kind, now, BATCH):
                if one not in self._sent:
                    due[one] = self._timer(one, timer(one.ref.id, one.due_at))
        await self._publisher.publish([*due.values()])
        self._sent |= dict.fromkeys(due, now)
        self._metrics.timers.inc(len(due))
        return len(due)

    def _timer(self, due: Due, event: Event) -> Envelope:
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
            traceparent=None,
        )
