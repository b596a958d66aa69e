"""Which history entries may be unpublished: their events may not have reached their topics.

Offsets are committed only after a batch's events are acknowledged. So a history entry beyond the
committed offset of its partition may be unpublished yet, and this is how any instance tells.

Where a topic was deleted and made again, or the group's offsets were, entries seem unpublished that
are not. They are published once more, under the same ids, and then known to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Protocol

from shared.events.envelope import Ref
from shared.kafka.records import RecordPosition
from shared.mongo.client import Document

REMEMBERED, REMEMBERED_OF_ONE = 20_000, 1_000
"""Entries, of all aggregates and of one: more than a batch adds."""


def position_of(entry: Mapping[str, Any]) -> RecordPosition:
    """The place of the message that a history entry records."""
    return RecordPosition(entry["topic"], entry["partition"], entry["offset"])


class GroupProgress(Protocol):
    """The committed progress of the whole consumer group."""

    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:
        """Those of `places` that no commit of the group has passed. Raises `Outage`."""


EntryKey = tuple[str, str]


class UnpublishedEntries:
    """Which history entries may be unpublished: `progress` says, and what this process published.

    Of the aggregates last answered, so that entries can leave a document before their batch is
    committed. What it no longer remembers is asked of `progress`.
    """

    def __init__(self, progress: GroupProgress) -> None:
        self._progress = progress
        self._published: dict[Ref, dict[EntryKey, None]] = {}
        self._entries = 0

    def note(self, answered: Mapping[Ref, set[EntryKey]]) -> None:
        """Every event of these entries is acknowledged."""
        for ref, keys in answered.items():
            remembered = self._published.pop(ref, {})
            before = len(remembered)
            remembered.update(dict.fromkeys(keys))
            for key in [*islice(remembered, max(0, len(remembered) - REMEMBERED_OF_ONE))]:
                del remembered[key]
            self._published[ref] = remembered
            self._entries += len(remembered) - before
        while self._entries > REMEMBERED:
            longest_ago = next(iter(self._published))
            self._entries -= len(self._published.pop(longest_ago))

    async def lacking(self, entries: Iterable[tuple[Ref, Document]]) -> set[tuple[Ref, EntryKey]]:
        """Those that may be unpublished. Raises `Outage`."""
        asked = {
            (ref, key): position_of(entry)
            for ref, entry in entries
            if (key := (entry["message_id"], entry["digest"])) not in self._published.get(ref, ())
        }
        uncommitted = await self._progress.uncommitted(set(asked.values()))
        return {which for which, place in asked.items() if place in uncommitted}
