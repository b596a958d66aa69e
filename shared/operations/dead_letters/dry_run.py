"""What a service would decide: its own stage, on the stored state, with nothing written.

The stage is the one that the services run, with a store that discards writes and a publisher that
sends nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from shared.events.envelope import Ref
from shared.kafka.records import RecordPosition
from shared.operations.dead_letters.letter import Original
from shared.operations.records import Records
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.store import Store
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.codec import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.stage.stage import Stage
from shared.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What one message would bring: the types of its events, or the fault.

    Neither: it would be ignored, or was decided already.
    """

    events: tuple[str, ...]
    fault: str | None = None


class _DiscardingStore(Store):
    """Reads what is stored, keeps what would be written to itself, and never writes."""

    def __init__(self, records: Records) -> None:
        super().__init__(records.database, records.service.deciders)
        self._kept: dict[Ref, Aggregate] = {}
        self.events: list[str] = []

    async def read(
        self, refs: Iterable[Ref], message_ids: Sequence[str] = ()
    ) -> dict[Ref, Aggregate]:
        wanted = list(refs)
        found = await super().read([ref for ref in wanted if ref not in self._kept], message_ids)
        return found | {ref: _fresh(self._kept[ref]) for ref in wanted if ref in self._kept}

    async def write(
        self, aggregates: Iterable[Aggregate], _publications: UnpublishedEntries
    ) -> None:
        for one in aggregates:
            self.events += [event["type"] for entry in one.added for event in entry["events"]]
            if one.touched:
                self._kept[one.ref] = one


def _fresh(one: Aggregate) -> Aggregate:
    """As if read from the database after it was written."""
    known, digests = dict(one.known), dict(one.digests)
    return replace(
        one, known=known, digests=digests, added=[], encoded=[], added_bytes=0, touched=False
    )


class _SilentPublisher:
    """A publisher that sends nothing, but notes what would be given up; and a group without lag."""

    def __init__(self) -> None:
        self.dead: list[DeadLetter] = []

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        self.dead += [one for one in outgoing if isinstance(one, DeadLetter)]

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:  # noqa: ARG002
        return set()


class DryRun:
    """Decides records for one service one by one, each on what the ones before it changed."""

    def __init__(self, records: Records) -> None:
        self._store = _DiscardingStore(records)
        self._publisher = _SilentPublisher()
        self._stage = Stage(
            records.service, self._store, self._publisher, self._publisher, Metrics()
        )

    async def decide(self, record: Original) -> Foreseen:
        """What the record would bring. Raises `Outage`."""
        self._store.events.clear()
        self._publisher.dead.clear()
        with _without_log():
            await self._stage.process([record])
        fault = next((f"{one.reason}: {one.error}" for one in self._publisher.dead), None)
        return Foreseen(tuple(self._store.events), fault)


@contextmanager
def _without_log() -> Iterator[None]:
    """The stage's log tells of what happened; here nothing does."""
    before: dict[str, Any] = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
