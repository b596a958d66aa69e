"""Checks of the services' own records: what is parked, and what is large."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.operations.checks.result import Check, Remedy, fail, ok, warn
from shared.operations.local_time import local_time
from shared.operations.parked import Parked, parked
from shared.operations.service_client import NotAdmitted, ServiceClient, ServiceError
from shared.runtime.aggregates.document_mapper import MB
from shared.runtime.aggregates.store import ALARM_BYTES
from shared.runtime.operations.answers import LargeRecords


async def record_checks(services: Mapping[str, ServiceClient]) -> list[Check]:
    """Asks each service; one that does not answer is named, for then not all is known."""
    waiting: list[Parked] = []
    large: list[tuple[str, LargeRecords]] = []
    silent: list[ServiceError] = []
    for name, service in services.items():
        try:
            waiting += await parked(service)
            large += [(f"{name} {item.kind}", item) for item in (await service.sizes()).items]
        except ServiceError as error:
            silent.append(error)
    found = [parked_check(waiting), size_check(large)] if len(silent) < len(services) else []
    return [*found, *([silence_check(silent)] if silent else [])]


def silence_check(silent: Sequence[ServiceError]) -> Check:
    """Warns about services that did not answer, so that their records are unknown."""
    found = f"not asked: {'; '.join(map(str, silent))}"
    differ = all(isinstance(error, NotAdmitted) for error in silent)
    return warn("records", found, Remedy.SAME_CREDENTIAL if differ else Remedy.REACH_SERVICES)


def parked_check(waiting: list[Parked]) -> Check:
    """Whether a defect holds anything up."""
    if not waiting:
        return ok("parked", "nothing")
    first = waiting[0]
    since = f"the first since {local_time(first.since)}: {first.name}"
    found = f"{len(waiting)} records, {since} ({first.error})"
    return fail("parked", found, Remedy.REPLAY_PARKED)


def size_check(large: Iterable[tuple[str, LargeRecords]]) -> Check:
    """Whether a document grows towards MongoDB's limit."""
    found = sorted(large, key=lambda pair: -pair[1].bytes)
    if not found:
        return ok("documents", "none over 1 MB")
    kind, largest = found[0]
    count = sum(size.documents for _, size in found)
    told = f"{count} over 1 MB, the largest {kind} {largest.largest}: {largest.bytes / MB:.1f} MB"
    if largest.bytes < ALARM_BYTES:
        return warn("documents", told, Remedy.WATCH_SIZE)
    return fail("documents", told, Remedy.CURE_SIZE)
