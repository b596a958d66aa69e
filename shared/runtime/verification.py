"""Does a stored aggregate follow from its history?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.events.topics import EVENT_TYPES
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Decider, Service
from shared.runtime.faults import described

FAULTS_KEPT = 1_000
NUMBERED = frozenset(
    ce_type for ce_type, event in EVENT_TYPES.items() if "sequence" in event.model_fields
)
"""The public events that their service numbers."""


@dataclass(slots=True)
class Verification:
    """The faults found in all aggregates of one kind."""

    service: str
    kind: str
    aggregates: int = 0
    messages: int = 0
    events: int = 0
    expired: int = 0
    """Aggregates whose oldest entries are gone as configured: their state cannot be checked."""
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    def note(self, fault: str) -> None:
        """Count it; where more is wrong than `FAULTS_KEPT`, the first ones say what."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)


async def audit(
    service: Service, database: Database, store: Store, decider: Decider[Any]
) -> Verification:
    """All aggregates of one kind. One of them is in memory at a time. Raises `Outage`."""
    found = Verification(service.name, decider.kind)
    kept = await store.expiry(decider.kind)
    expired_before = None if kept is None else datetime.now(UTC) - kept
    with mongodb_errors_as_outage():
        async for document in database.collection(decider.kind).find({}):
            found.aggregates += 1
            if not isinstance(document.get("history"), list):
                found.note(f"{document['_id']}: there is no history")
                continue
            history = await store.whole_history(decider.kind, document)
            found.messages += len(history)
            found.events += sum(len(entry["events"]) for entry in history)
            found.expired += begins_late(document, history, expired_before)
            for fault in faults_of(store, decider, document, history, expired_before):
                found.note(f"{document['_id']}: {fault}")
    return found


def begins_late(
    document: Document, history: Sequence[Document], expired_before: datetime | None
) -> bool:
    """Whether all that is missing of a history are its oldest entries, expired as configured.

    `expired_before` (timezone-aware): archived entries decided earlier may be gone; None: none may.
    """
    archived = history[: len(history) - len(document["history"])]
    count = document.get("archived", 0)
    if expired_before is None or len(archived) >= count:
        return False
    lasting = [entry["number"] for entry in archived if entry["at"] >= expired_before]
    return lasting == list(range(count - len(lasting), count))


def faults_of(
    store: Store,
    decider: Decider[Any],
    document: Document,
    history: Sequence[Document],
    expired_before: datetime | None = None,
) -> Iterator[str]:
    """Every way in which the document disagrees with its history, in words without its data.

    A history that `begins_late` adds up to no state: only what is left of it is checked.
    """
    late = begins_late(document, history, expired_before)
    if not late and document.get("archived", 0) != len(history) - len(document["history"]):
        yield "entries of the archived history are missing"
    yield from _repeated("message", (f"{e['message_id']} {e['digest']}" for e in history))
    yield from _repeated("event", (event["id"] for e in history for event in e["events"]))
    if decider.publishes:
        yield from _sequence_faults(history, late=late)
    if late:
        return
    try:
        folded = store.fold(decider.kind, history)
        stored = document.get("state")
        same = folded == (None if stored is None else decider.state.model_validate(stored))
    except Exception as defect:  # noqa: BLE001 - whatever a history provokes is the finding
        yield f"the history cannot be folded: {described(defect)}"
        return
    if not same:
        yield f"the stored state is not what the history adds up to{_differing(folded, stored)}"


def _differing(folded: Any, stored: Document | None) -> str:
    """The names of the fields that differ; their values may be personal data."""
    if folded is None or stored is None:
        return ""
    told = folded.model_dump(mode="json")
    names = sorted(n for n in told.keys() | stored.keys() if told.get(n) != stored.get(n))
    return f" (differs in {', '.join(names)})" if names else ""


def _repeated(what: str, ids: Iterable[str]) -> Iterator[str]:
    twice = [id_ for id_, count in Counter(ids).items() if count > 1]
    if twice:
        yield f"{len(twice)} {what} id(s) occur more than once, the first: {twice[0]}"


def _sequence_faults(history: Sequence[Document], *, late: bool) -> Iterator[str]:
    """Numbered events count 1, 2, 3… per record, without gaps; a `late` history begins later."""
    counted = [
        event["data"].get("sequence")
        for entry in history
        for event in entry["events"]
        if event["type"] in NUMBERED
    ]
    first = (counted[0] if late and counted else None) or 1
    for expected, actual in enumerate(counted, start=first):
        if actual != expected:
            yield f"sequence {actual} where {expected} was due"
            return
