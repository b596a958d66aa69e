"""Checks of the services' own records: what is parked, and what is large."""

from __future__ import annotations

from collections.abc import Iterable

from shared.operations.checks.result import Check, Remedy, fail, ok, warn
from shared.operations.local_time import local_time
from shared.operations.parked import Parked, all_parked
from shared.operations.records import Records, reading
from shared.runtime.aggregates.document_mapper import MB
from shared.runtime.aggregates.queries import Large
from shared.runtime.aggregates.store import ALARM_BYTES
from shared.runtime.faults import Outage


async def record_checks(url: str) -> list[Check]:
    """Nothing for a database that does not answer: another check says so.

    Raises `OperationError`.
    """
    try:
        async with reading(url) as services:
            waiting = await all_parked(services)
            large = [one for records in services.values() for one in await _large(records)]
    except Outage:
        return []
    return [parked_check(waiting), size_check(large)]


async def _large(records: Records) -> list[tuple[str, Large]]:
    """What is large, and of which service and kind it is."""
    found = [
        (decider.kind, await records.store.large(decider.kind))
        for decider in records.service.deciders
    ]
    return [(f"{records.service.name} {kind}", one) for kind, one in found if one.documents]


def parked_check(waiting: list[Parked]) -> Check:
    """Whether a defect holds anything up."""
    if not waiting:
        return ok("parked", "nothing")
    first = waiting[0]
    since = f"the first since {local_time(first.since)}: {first.name}"
    found = f"{len(waiting)} records, {since} ({first.error})"
    return fail("parked", found, Remedy.REPLAY_PARKED)


def size_check(large: Iterable[tuple[str, Large]]) -> Check:
    """Whether a document grows towards the size that MongoDB takes no more."""
    found = sorted(large, key=lambda one: -one[1].bytes)
    if not found:
        return ok("documents", "none over 1 MB")
    kind, largest = found[0]
    count = sum(one.documents for _, one in found)
    told = f"{count} over 1 MB, the largest {kind} {largest.largest}: {largest.bytes / MB:.1f} MB"
    if largest.bytes < ALARM_BYTES:
        return warn("documents", told, Remedy.WATCH_SIZE)
    return fail("documents", told, Remedy.CURE_SIZE)
