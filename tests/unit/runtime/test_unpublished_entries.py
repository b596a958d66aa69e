"""The memory of what is published is bounded; what it has lost is asked of the group."""

from __future__ import annotations

from collections.abc import Iterable

from shared.events.envelope import Ref
from shared.kafka.records import RecordPosition
from shared.mongo.client import Document
from shared.runtime.aggregates.unpublished import (
    REMEMBERED,
    REMEMBERED_OF_ONE,
    EntryKey,
    UnpublishedEntries,
)


class NothingCommitted:
    async def uncommitted(self, places: Iterable[RecordPosition]) -> set[RecordPosition]:
        return set(places)


def key(number: int) -> EntryKey:
    return (f"/channels/test {number}", "")


def entry(number: int) -> Document:
    message_id, digest = key(number)
    place = {"topic": "t", "partition": 0, "offset": number}
    return {"message_id": message_id, "digest": digest, **place}


async def lacking(entries: UnpublishedEntries, ref: Ref, numbers: Iterable[int]) -> list[int]:
    """Of which numbers the group would have to be asked."""
    found = await entries.lacking((ref, entry(number)) for number in numbers)
    return [number for number in numbers if (ref, key(number)) in found]


async def test_of_one_busy_record_the_newest_entries_are_remembered() -> None:
    entries, busy = UnpublishedEntries(NothingCommitted()), Ref("file", "busy")

    for number in range(5 * REMEMBERED_OF_ONE):
        entries.note({busy: {key(number)}})

    newest = range(4 * REMEMBERED_OF_ONE, 5 * REMEMBERED_OF_ONE)
    assert await lacking(entries, busy, [0, newest.start - 1]) == [0, newest.start - 1]
    assert await lacking(entries, busy, newest) == []


async def test_of_many_records_those_answered_last_are_remembered() -> None:
    entries = UnpublishedEntries(NothingCommitted())
    refs = [Ref("file", str(number)) for number in range(REMEMBERED + 100)]

    for ref in refs:
        entries.note({ref: {key(0)}})

    assert await lacking(entries, refs[99], [0]) == [0]
    assert await lacking(entries, refs[100], [0]) == []
    entries.note({refs[100]: {key(1)}, refs[0]: {key(0)}})
    assert await lacking(entries, refs[100], [0, 1]) == []
    assert await lacking(entries, refs[101], [0]) == [0]
