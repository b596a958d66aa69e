"""Would a corrected record be decided? Every fault that keeps it from it, without its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.events.envelope import Message, Ref
from shared.events.topics import TOPICS
from shared.runtime import codec
from shared.runtime.codec import Record
from shared.runtime.decider import Service
from shared.runtime.faults import Unreadable, described
from shared.runtime.record_faults import NO_OVERRIDES, Sources


def faults_of(
    record: Record,
    service: Service,
    now: datetime,
    *,
    needed: Sequence[Ref] = (),
    sources: Sources = NO_OVERRIDES,
) -> list[str]:
    """The record's faults for this service; `now` is timezone-aware.

    `needed` are the service's records that wait for it: it must still be theirs.
    """
    if record.topic not in TOPICS:
        return [f"{record.topic} is no topic of the desk"]
    try:
        message = codec.read(record, sources).message
    except Unreadable as fault:
        return fault.error.split("; ")
    return [*service.rejects(message, now)] or [*_faults_of_route(message, service, needed)]


def _faults_of_route(message: Message, service: Service, needed: Sequence[Ref]) -> Iterator[str]:
    try:
        decides = service.route(message).decides
    except Exception as defect:  # noqa: BLE001 - whatever our own code raises is the finding
        yield f"{service.name} does not know where to decide it: {described(defect)}"
        return
    for ref in needed:
        if ref not in decides:
            yield f"it would no longer be decided in {ref.kind} {ref.id}, which waits for it"
