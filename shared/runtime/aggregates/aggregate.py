"""One aggregate's working copy: what was stored, and what the batch in hand adds to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shared.events.envelope import Ref
from shared.mongo.client import Document
from shared.mongo.encoding import Encoded, encode
from shared.runtime.aggregates.parking import Parking

OUTCOMES = "desk.outcomes"

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When work is due that nobody should wait for."""

OwnMessage = Literal["timer", "outcome"]


@dataclass(frozen=True, slots=True)
class Lease:
    """Work that is nobody else's before `until` (timezone-aware). `token` is this lease's alone."""

    until: datetime
    token: str


@dataclass(slots=True)
class Aggregate:
    """A working copy: what was stored, and what this batch has added so far.

    `known` finds a message in the history by identity and digest, `meanings` by identity and what
    it says. Of the entries in the document,
    `kept` were there before this batch, in `history_bytes` (None: not counted yet), and the oldest
    `leaving` go to the archive. `parked` is the line behind a message that our defect stumbled
    over. Only its head may be decided, so a replay lets the messages through as they came.
    `bytes` is the size of the document once it is written. `forgotten`: the history, its archived
    part too, is to lose what its events say. `newer`: a newer release wrote it, so that this one
    cannot know its state; it may wait, but neither be decided nor change but for its line.
    `lease`: what falls due with this write is to be leased by it; afterwards, what it has leased.
    `taken_over`: another lease of the same work has run out; who held it may have reported it done.
    """

    ref: Ref
    version: int = 0
    state: Any = None
    work_at: datetime | None = None
    parked: Parking | None = None
    archived: int = 0
    kept: int = 0
    leaving: int = 0
    history_bytes: int | None = None
    bytes: int = 0
    known: dict[tuple[str, str], Document] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    meanings: dict[tuple[str, str], Document] = field(default_factory=dict)
    added: list[Document] = field(default_factory=list)
    encoded: list[Encoded] = field(default_factory=list)
    added_bytes: int = 0
    touched: bool = False
    forgotten: bool = False
    newer: bool = False
    lease: Lease | None = None
    taken_over: bool = False

    def remember(self, entry: Document) -> None:
        self.known[entry["message_id"], entry["digest"]] = entry
        self.digests.setdefault(entry["message_id"], entry["digest"])
        meaning: str = entry.get("meaning") or entry["digest"]
        self.meanings.setdefault((entry["message_id"], meaning), entry)

    def record(self, entry: Document, state: Any, encoded: Encoded | None = None) -> None:
        """Add what has been decided. Raises what BSON raises for an entry it cannot hold."""
        if encoded is None:
            encoded = encode(entry)
        self.encoded.append(encoded)
        self.added_bytes += len(encoded.raw)
        self.remember(entry)
        self.added.append(entry)
        self.state = state
        self.touched = True
        self.let_through(entry["message_id"])

    def forget(self, entry: Document) -> None:
        """Empty it by what `entry` has decided.

        The history still says which messages were decided, so that none is decided again, but
        nothing of what they said.
        """
        for decided in self.known.values():
            decided["events"] = []
        self.encoded = [encode(entry) for entry in self.added]
        self.added_bytes = sum(len(entry.raw) for entry in self.encoded)
        self.history_bytes = None
        self.forgotten, self.newer, self.parked = True, False, None
        self.record(entry, None)

    def encode_again(self, number: int) -> None:
        """Take over a change of the entry that this batch added as its `number`-th, from 0."""
        self.encoded[number] = encode(self.added[number])

    def in_document(self) -> Iterator[Document]:
        """The entries of the history that are not archived, oldest first."""
        return (entry for entry in self.known.values() if "aggregate" not in entry)

    @property
    def staying(self) -> int:
        """How many entries its document has after the next write."""
        return self.kept + len(self.added) - self.leaving

    def newest_entry(self) -> Document:
        """The last message decided. Raises IndexError where none is known."""
        return self.added[-1] if self.added else [*self.in_document()][-1]

    @property
    def work_reported(self) -> bool:
        """Whether this batch brought the outcome of leased work, so that the lease is over."""
        return any(entry["topic"] == OUTCOMES for entry in self.added)

    def keeps_lease(self, work_at: datetime | None) -> bool:
        """Whether a write that makes it due at `work_at` leaves a lease to who holds it."""
        return bool(self.version) and work_at == self.work_at and not self.work_reported

    def park(self, message_id: str, error: str, at: datetime) -> None:
        """Our defect stumbled over this message: it and all later ones wait, in order."""
        if self.parked is None:
            self.parked = Parking(at, error)
            self.parked.add(message_id)
            self.touched = True
        elif self.parked.error != error:
            self.parked.error = error
            self.touched = True

    def may_decide(self, message_id: str) -> bool:
        """Not parked, or this is the message at the head of those that wait."""
        return self.parked is None or self.parked.is_head(message_id)

    def wait(self, message_id: str) -> None:
        """A later message joins those that wait."""
        assert self.parked is not None
        self.touched = self.parked.add(message_id) or self.touched

    def wait_as_own(self, message_id: str, kind: OwnMessage) -> None:
        """This message of the line is the aggregate's own, which is not to be sent again."""
        assert self.parked is not None
        if message_id in self.parked and getattr(self.parked, kind) != message_id:
            setattr(self.parked, kind, message_id)
            self.touched = True

    def waits_for(self, message_id: str) -> bool:
        """Whether this message is among those that wait."""
        return self.parked is not None and message_id in self.parked

    def forgo(self, message_id: str) -> None:
        """This message will not be decided: what waits behind it waits for it no longer."""
        if self.waits_for(message_id):
            self.let_through(message_id)
            self.touched = True

    def let_through(self, message_id: str) -> None:
        """It has been decided after all, or given up. Clears the parking once the line is empty."""
        if self.parked is not None:
            self.parked.remove(message_id)
            self.parked = self.parked or None
