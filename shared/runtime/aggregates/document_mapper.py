"""How an aggregate lies in its document, and what of it a write changes.

`{_id, version, state, format?, due_at?, work_at?, work_since?, parked?, archived?, large?,
history_bytes, history}`. The history is audit trail, inbox and outbox at once; `format` is that of
the Decider that wrote the state (absent: 0).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from pydantic import ValidationError

from shared.events.envelope import Event, Ref
from shared.events.topics import EVENT_TYPES
from shared.mongo.client import Document
from shared.mongo.encoding import encode, size_of
from shared.mongo.errors import UNSTORABLE
from shared.mongo.writes import Write, insert, update
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.parking import Parking
from shared.runtime.decider import Decider

MB = 1024 * 1024
LARGE_BYTES = MB
"""No document should be as large as this; those that are have a field that says so."""

OF_THE_STATE = frozenset({"due_at", "work_at", "lease", "work_since", "large"})
"""Fields that follow from the state: they stay as they are where it cannot be read."""


class Unstorable(Exception):
    """MongoDB cannot hold what was decided for this aggregate."""

    def __init__(self, ref: Ref, error: str) -> None:
        super().__init__(error)
        self.ref = ref
        self.error = error


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many entries and bytes of history a document keeps, and how large it may be.

    With more entries than that, all but half of them leave together: one write to the archive for
    several messages, and less to read with each.
    """

    history: int = 8
    history_bytes: int = 256 * 1024
    document_bytes: int = 8 * MB


class DocumentMapper:
    """Reads and writes the documents of one service's aggregates.

    `slices` says whether the database supports `$slice`.
    """

    def __init__(self, deciders: Iterable[Decider[Any]], bounds: Bounds) -> None:
        self.deciders = {decider.kind: decider for decider in deciders}
        self.bounds = bounds
        self.slices = True
        self._events = EVENT_TYPES | {
            event.ce_type: event for d in self.deciders.values() for event in d.private_events
        }

    def load(self, kind: str, document: Document) -> Aggregate:
        """The working copy of a stored aggregate."""
        state, newer = self._read_state(kind, document)
        parked = Parking.read(document["parked"]) if "parked" in document else None
        aggregate = Aggregate(
            Ref(kind, document["_id"]),
            version=document["version"],
            state=state,
            work_at=self.work_at(kind, state, parked),
            parked=parked,
            archived=document.get("archived", 0),
            kept=len(document["history"]),
            history_bytes=document.get("history_bytes"),
            newer=newer,
        )
        for entry in document["history"]:
            aggregate.remember(entry)
        return aggregate

    def work_at(self, kind: str, state: Any, parked: Parking | None) -> datetime | None:
        """When a side effect is due; never while the outcome of the last one waits in the line."""
        if state is None or (parked is not None and parked.outcome is not None):
            return None
        return self.deciders[kind].work_at(state)

    def due_at(self, kind: str, state: Any, parked: Parking | None) -> datetime | None:
        """When a timer is due; never while the last one waits in the line."""
        if state is None or (parked is not None and parked.timer is not None):
            return None
        return self.deciders[kind].due_at(state)

    def _read_state(self, kind: str, document: Document) -> tuple[Any, bool]:
        """The state, and whether a newer release wrote the document; then there is no state here.

        It did if the state's format is higher than this release's, if the state does not fit this
        release's model, or if an event is of an unknown type: then the state may have fields that
        this release would drop.
        """
        if document.get("format", 0) > self.deciders[kind].format:
            return None, True
        if not all(map(self.knows, document["history"])):
            return None, True
        stored = document.get("state")
        try:
            return stored and self.deciders[kind].state.model_validate(stored), False
        except ValidationError:
            return None, True

    def knows(self, entry: Document) -> bool:
        """Whether this release knows every event of a history entry."""
        return all(event["type"] in self._events for event in entry["events"])

    def write(self, aggregate: Aggregate) -> Write:
        """The write that stores what the batch added. Raises `Unstorable`."""
        fields = self.fields(aggregate)
        its_holders = aggregate.keeps_lease(fields["work_at"])
        if its_holders or fields["work_at"] is None:
            aggregate.lease = None
        if aggregate.lease is not None:
            fields |= {"work_at": aggregate.lease.until, "lease": aggregate.lease.token}
        elif not its_holders and self.deciders[aggregate.ref.kind].has_work:
            fields["lease"] = None
        if not aggregate.version:
            present = {name: value for name, value in fields.items() if value is not None}
            present.setdefault("state", None)
            return insert({"_id": aggregate.ref.id, "history": aggregate.encoded, **present})
        if its_holders:
            del fields["work_at"]
        if not aggregate.added:
            del fields["state"]  # unchanged
        if aggregate.newer:
            fields = {name: value for name, value in fields.items() if name not in OF_THE_STATE}
        gone = {name: "" for name, value in fields.items() if value is None and name != "state"}
        change: Document = {
            "$set": {name: value for name, value in fields.items() if name not in gone}
        }
        if self.slices and not aggregate.forgotten:
            shorter = {"$each": aggregate.encoded, "$slice": -aggregate.staying}
            change["$push"] = {"history": shorter}
        else:
            change["$set"]["history"] = [*islice(aggregate.in_document(), aggregate.leaving, None)]
        if gone:
            change["$unset"] = gone
        return update({"_id": aggregate.ref.id, "version": aggregate.version}, change)

    def fields(self, aggregate: Aggregate) -> Document:
        """The document's fields but for its history, their size noted. Raises `Unstorable`.

        Nothing that was decided may make a document larger than the limit. A parked aggregate that
        decides nothing is written whatever its size, for only so can its line grow.
        """
        try:
            fields = self._all_fields(aggregate)
        except UNSTORABLE as error:
            raise Unstorable(aggregate.ref, type(error).__name__) from None
        most = self.bounds.document_bytes
        if aggregate.added and aggregate.bytes > most:
            raise Unstorable(aggregate.ref, f"document over {most // MB} MB")
        return fields

    def _all_fields(self, aggregate: Aggregate) -> Document:
        kind, state, parked = aggregate.ref.kind, aggregate.state, aggregate.parked
        kept: Document = {
            "state": None if state is None else encode(state.model_dump(mode="json")),
            "parked": None if parked is None else encode(parked.document()),
        }
        history_bytes = (aggregate.history_bytes or 0) + aggregate.added_bytes
        size = history_bytes + sum(len(part.raw) for part in kept.values() if part is not None)
        aggregate.bytes = size
        return kept | {
            **self._format(aggregate),
            "version": aggregate.version + 1,
            "due_at": self.due_at(kind, state, parked),
            "work_at": self.work_at(kind, state, parked),
            "work_since": None if state is None else self.deciders[kind].work_since(state),
            "archived": (aggregate.archived + aggregate.leaving) or None,
            "history_bytes": history_bytes,
            "large": size if size >= LARGE_BYTES else None,
        }

    def _format(self, aggregate: Aggregate) -> Document:
        """The format of a state that changes; a newer release's goes with what is forgotten."""
        number = self.deciders[aggregate.ref.kind].format
        changes = aggregate.forgotten or (number and aggregate.added)
        return {"format": number or None} if changes else {}

    def over_the_bounds(self, aggregate: Aggregate) -> list[tuple[Document, int]]:
        """Of the oldest entries in the document, for which the coming ones leave no room.

        Each with its size in bytes. None of what a newer release wrote: its entries tell that it
        did, and its bounds may be wider.
        """
        if aggregate.history_bytes is None:  # written by an earlier release, or new
            there = islice(aggregate.in_document(), aggregate.kept)
            aggregate.history_bytes = sum(map(size_of, there))
        if aggregate.newer:
            return []
        count = aggregate.kept + len(aggregate.added)
        excess = count - self.bounds.history // 2 if count > self.bounds.history else 0
        excess_bytes = aggregate.history_bytes + aggregate.added_bytes - self.bounds.history_bytes
        beyond: list[tuple[Document, int]] = []
        may_leave = aggregate.kept if aggregate.added else aggregate.kept - 1
        for entry in islice(aggregate.in_document(), max(0, may_leave)):
            if excess <= 0 and excess_bytes <= 0:
                break
            size = size_of(entry)
            beyond.append((entry, size))
            excess, excess_bytes = excess - 1, excess_bytes - size
        return beyond

    def fold(self, kind: str, history: Sequence[Mapping[str, Any]]) -> Any:
        """The state that the history's events add up to; what `desk verify` compares."""
        state: Any = None
        for entry in history:
            for stored in entry["events"]:
                state = self.deciders[kind].evolve(state, self.event(stored))
        return state

    def event(self, stored: Mapping[str, Any]) -> Event:
        """The event that a history entry holds."""
        return self._events[stored["type"]].model_validate(stored["data"])
