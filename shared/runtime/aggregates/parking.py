"""A parked aggregate's line: the messages that wait behind a defect, in their order.

The line is part of the aggregate's document, so it must stay small however many messages wait. Its
head is kept by name; behind the first `NAMED` a message costs eight bytes, the digest of its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from shared.mongo.client import Document

NAMED = 1_000
DIGEST_BYTES = 8
LONGEST = 250_000
"""The longest line; a further message is a dead letter without a place in it."""


def digest_of(message_id: str) -> bytes:
    """Returns the digest that stands for a message behind the line's named head."""
    return blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def digests_in(packed: bytes) -> Iterator[bytes]:
    """The digests that a document keeps in one string of bytes."""
    return (packed[at : at + DIGEST_BYTES] for at in range(0, len(packed), DIGEST_BYTES))


@dataclass(slots=True)
class Parking:
    """Why and since when (timezone-aware) an aggregate is parked, and what waits for it.

    `timer` and `outcome` name the aggregate's own timer and its worker's outcome where they stand
    in the line: neither is sent again while it waits there.
    """

    at: datetime
    error: str
    named: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    timer: str | None = None
    outcome: str | None = None
    _behind: set[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._behind = set(self.digests)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Parking:
        """As `document` has kept it; documents of earlier releases name the whole line."""
        return cls(
            at=document["at"],
            error=document["error"],
            named=list(document["waiting"]),
            digests=list(digests_in(document.get("behind", b""))),
            timer=document.get("timer"),
            outcome=document.get("outcome"),
        )

    def document(self) -> Document:
        """Returns the parking as the aggregate's document stores it."""
        kept: Document = {"at": self.at, "error": self.error, "waiting": self.named}
        if self.digests:
            kept["behind"] = b"".join(self.digests)
        own = {"timer": self.timer, "outcome": self.outcome}
        return kept | {name: message_id for name, message_id in own.items() if message_id}

    def __contains__(self, message_id: str) -> bool:
        return message_id in self.named or (
            bool(self._behind) and digest_of(message_id) in self._behind
        )

    def __len__(self) -> int:
        return len(self.named) + len(self.digests)

    def is_head(self, message_id: str) -> bool:
        """Whether nothing waits before this message."""
        if self.named:
            return self.named[0] == message_id
        return bool(self.digests) and self.digests[0] == digest_of(message_id)

    def add(self, message_id: str) -> bool:
        """Let a message wait behind all others; whether the line has changed."""
        if message_id in self or len(self) >= LONGEST:
            return False
        if len(self.named) < NAMED and not self.digests:
            self.named.append(message_id)
        else:
            digest = digest_of(message_id)
            self.digests.append(digest)
            self._behind.add(digest)
        return True

    def remove(self, message_id: str) -> None:
        """The message has been decided after all, or given up."""
        if message_id in self.named:
            self.named = [waiting for waiting in self.named if waiting != message_id]
        if self._behind and (digest := digest_of(message_id)) in self._behind:
            self._behind.discard(digest)
            self.digests.remove(digest)
        self.timer = None if self.timer == message_id else self.timer
        self.outcome = None if self.outcome == message_id else self.outcome
