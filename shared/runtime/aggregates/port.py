"""The port of a store of aggregates; `Store` implements it on MongoDB.

`tests/fakes/memory_store.py` answers the same in memory, and one suite runs on both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from shared.events.envelope import Event, Ref
from shared.mongo.client import Document
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.queries import Due
from shared.runtime.aggregates.unpublished import UnpublishedEntries
from shared.runtime.decider import Decider


class AggregateStore(Protocol):
    """The aggregates of one service. Whatever reaches for the database raises `Outage`."""

    def decider(self, kind: str) -> Decider[Any]: ...

    def knows(self, entry: Document) -> bool:
        """Whether this release knows every event of a history entry."""

    def event(self, stored: Mapping[str, Any]) -> Event:
        """The event that a history entry holds."""

    async def read(
        self, refs: Iterable[Ref], message_ids: Sequence[str] = ()
    ) -> dict[Ref, Aggregate]:
        """The aggregates named; what is not there yet is new and empty.

        `message_ids` are also sought in the archived part of long histories.
        """

    async def look_up(self, aliases: Iterable[Ref]) -> dict[Ref, Ref]:
        """The aggregates that have these values in their Decider's `alias`."""

    async def write(
        self, aggregates: Iterable[Aggregate], publications: UnpublishedEntries
    ) -> None:
        """Write those that were touched; not atomic over several.

        Raises `Conflict`, `Taken` or `Unstorable`.
        """

    async def begun_by(self, ref: Ref, inquiry_ids: Collection[str]) -> dict[str, str]:
        """By inquiry: the correlation id of the oldest archived message that was about it."""

    async def due(self, kind: str, now: datetime, limit: int, skipped: int = 0) -> list[Due]:
        """The aggregates whose `due_at` has come, oldest first, without the oldest `skipped`."""

    async def lease(
        self,
        kind: str,
        now: datetime,
        until: datetime,
        token: str,
        limit: int,
        *,
        run_out: bool = True,
    ) -> list[Aggregate]:
        """Lease due work: for others it is not due before `until` (timezone-aware).

        `token` marks it and must be new each time. What was leased before is `taken_over`, or left
        where it is without `run_out`.
        """

    async def release(self, aggregates: Iterable[Aggregate]) -> None:
        """Their work is reported: it is not due again unless they change."""

    async def give_back(self, aggregates: Iterable[Aggregate]) -> None:
        """Makes due at once, for anybody, those that were stored with their lease."""

    async def waiting(self, kind: str) -> tuple[int, datetime | None]:
        """How many aggregates wait for a side effect, and since when."""

    async def newest(self, kind: str, ids: Iterable[str]) -> list[Aggregate]:
        """These aggregates as they are now, each with at least its newest message."""

    async def page(self, kind: str, after: str | None, limit: int) -> list[Aggregate]:
        """The next `limit` aggregates by id, each with at least its newest message."""

    async def upgrade(self, name: str) -> Document:
        """How far an upgrade of the stored data is; empty before it begins."""

    async def note_upgrade(self, name: str, progress: Document) -> None:
        """Keep how far an upgrade is."""

    async def history(self, kind: str, aggregate_id: str) -> list[Document]:
        """The whole history of one aggregate, oldest entry first."""
