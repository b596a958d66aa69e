"""Handover: what a batch makes due is leased in the write that stores it, and begun right after.

Without room the worker finds it in the database instead, as it finds what a dead process has left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from shared.events.envelope import Ref
from shared.runtime.aggregates.aggregate import Aggregate, Lease
from shared.runtime.aggregates.port import AggregateStore


class Performer(Protocol):
    """Who does the side effects of this process."""

    def lease(self, count: int, /) -> datetime | None:
        """Until when `count` more would be leased, if there is room for them."""

    def begin(self, leased: Sequence[Aggregate]) -> None:
        """Their lease is stored: do them."""

    def wake(self, at: datetime | None) -> None:
        """Something is due, now or at `at` (timezone-aware), and leased by nobody."""

    def decided(self, refs: Iterable[Ref]) -> None:
        """The reported outcome of these has been decided and stored."""


class Nobody(Performer):
    """For a stage that only decides."""

    def lease(self, _count: int) -> None:
        return None

    def begin(self, leased: Sequence[Aggregate]) -> None: ...
    def wake(self, at: datetime | None) -> None: ...
    def decided(self, refs: Iterable[Ref]) -> None: ...


class Handover:
    """From the stage's write to the worker."""

    def __init__(self, store: AggregateStore, performer: Performer) -> None:
        self._store = store
        self._performer = performer

    def lease(self, aggregates: Iterable[Aggregate], at: datetime) -> None:
        """Before the write: ask it to lease what falls due by `at`."""
        due = [it for it in aggregates if it.touched and self._due_by(it, at)]
        until = self._performer.lease(len(due)) if due else None
        lease = None if until is None else Lease(until, str(uuid4()))
        for aggregate in due:
            aggregate.lease = lease

    async def give_back(self, aggregates: Iterable[Aggregate]) -> None:
        """After a write that failed: some of it may be stored, and nobody would do that work.

        Raises `Outage`.
        """
        leased = [it for it in aggregates if it.lease is not None]
        if leased:
            await self._store.give_back(leased)
            self._performer.wake(None)

    def stored(self, touched: Sequence[Aggregate]) -> None:
        """After the write: begin what it has leased."""
        reported = [aggregate.ref for aggregate in touched if aggregate.work_reported]
        if reported:
            self._performer.decided(reported)
        leased = [it for it in touched if it.lease is not None]
        if leased:
            self._performer.begin([replace(it, version=it.version + 1) for it in leased])
        for aggregate in touched:
            work_at = self._work_at(aggregate)
            if aggregate.lease is None and work_at is not None:
                self._performer.wake(work_at)

    def _due_by(self, aggregate: Aggregate, at: datetime) -> bool:
        work_at = self._work_at(aggregate)
        return work_at is not None and work_at <= at and not aggregate.newer

    def _work_at(self, aggregate: Aggregate) -> datetime | None:
        if aggregate.state is None:
            return None
        return self._store.decider(aggregate.ref.kind).work_at(aggregate.state)
