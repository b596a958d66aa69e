"""Applies each message to a document once, in any order and however often it is delivered.

A document keeps the last position of every partition that it was folded from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.events.envelope import Message
from shared.mongo.client import Document
from shared.runtime.projections.projection import Fold

POSITIONS, REVISION = "_positions", "_revision"
"""Fields of a stored document beside those of the fold."""
_OWN = frozenset({"_id", POSITIONS, REVISION})


@dataclass(frozen=True, slots=True)
class Placed:
    """A message and where it lies."""

    topic: str
    partition: int
    offset: int
    message: Message

    @property
    def slot(self) -> str:
        """Its partition's name; MongoDB takes no dot in the name of a field."""
        return f"{self.topic.replace('.', ':')}/{self.partition}"


def folded(stored: Document | None, key: str, messages: Iterable[Placed], fold: Fold) -> Document:
    """The document after `messages`. One that it was folded from already changes nothing."""
    before = stored or {}
    positions = dict(before.get(POSITIONS, {}))
    document = {name: value for name, value in before.items() if name not in _OWN}
    for placed in messages:
        if placed.offset > positions.get(placed.slot, -1):
            document = fold(document, placed.message)
            positions[placed.slot] = placed.offset
    revision = int(before.get(REVISION, 0))
    if positions != before.get(POSITIONS, {}):
        revision += 1
    return {**document, "_id": key, POSITIONS: positions, REVISION: revision}
