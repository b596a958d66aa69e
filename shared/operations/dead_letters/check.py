"""Would the service decide this record? Asked of a correction before anybody sends it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.events.envelope import Event, Message, Ref, Unchecked
from shared.events.topics import TOPICS
from shared.operations.dead_letters.letter import Original
from shared.runtime import codec
from shared.runtime.decider import Service
from shared.runtime.faults import Unreadable, described

RULES = "services.inquiry_intake.submission.validate"


def faults(
    record: Original, service: Service, now: datetime, *, needed: Sequence[Ref] = ()
) -> list[str]:
    """Everything that keeps the record from being decided, without its values.

    `now` is timezone-aware. `needed` are the aggregates that wait for it: it must still be theirs.
    """
    if record.topic not in TOPICS:
        return [f"{record.topic} is no topic of the desk"]
    try:
        message = codec.read(record).message
    except Unreadable as fault:
        return fault.error.split("; ")
    found = list(_field_faults(message.data, now))
    return found or list(_route_faults(message, service, needed))


def _field_faults(data: Event | Unchecked, now: datetime) -> Iterator[str]:
    """A submission passes the codec with any fields; intake would reject it, and so does this."""
    if not isinstance(data, Unchecked):
        return
    outcome = importlib.import_module(RULES).checked(data, now)
    if isinstance(outcome, tuple):
        for error in outcome:
            yield f"{error.field}: {error.code}: {error.message.en}"


def _route_faults(message: Message, service: Service, needed: Sequence[Ref]) -> Iterator[str]:
    try:
        decides = service.route(message).decides
    except Exception as defect:  # noqa: BLE001 - whatever our own code raises is the finding
        yield f"{service.name} does not know where to decide it: {described(defect)}"
        return
    for ref in needed:
        if ref not in decides:
            yield f"it would no longer be decided in {ref.kind} {ref.id}, which waits for it"
