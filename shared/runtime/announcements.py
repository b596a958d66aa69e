"""Publishes a service's announcements at start, and again when they have changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from shared.events.envelope import Event
from shared.events.topics import key_of
from shared.runtime import codec
from shared.runtime.codec import Envelope
from shared.runtime.decider import Service
from shared.runtime.publisher import Publisher

LOOK_SECONDS = 60.0
"""How often it is compared with what was published: a version may come into force at midnight."""


class Announcements:
    """The announcements of one service. Any number of processes may publish the same ones."""

    def __init__(self, service: Service, publisher: Publisher, now: Callable[[], datetime]) -> None:
        self._service = service
        self._publisher = publisher
        self._now = now
        self._published: dict[str, Event] = {}

    async def publish_changed(self) -> int:
        """Publish what has changed since the last time, and return the number of events.

        Raises `Outage`, `ProducerDead`.
        """
        now = self._now()
        announce = self._service.announcements
        events = {key_of(event): event for event in (announce(now) if announce else ())}
        news = {key: it for key, it in events.items() if self._published.get(key) != it}
        await self._publisher.publish([self._envelope(key, it, now) for key, it in news.items()])
        self._published |= news
        return len(news)

    def _envelope(self, key: str, event: Event, at: datetime) -> Envelope:
        source, data = f"/services/{self._service.name}", codec.dump(event)
        return codec.envelope(
            str(uuid5(NAMESPACE_URL, f"{source} {event.ce_type} {event.model_dump_json()}")),
            event.ce_type,
            data,
            source=source,
            subject=key,
            at=at,
            causation_id=None,
            correlation_id=None,
            traceparent=None,
        )
