"""Checks everything that the desk published: identities, order, keys, causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from desk.demo.story import CANCELLATIONS
from desk.demo.watch import WatchedRecord
from shared.events.topics import DEAD_LETTERS, TOPICS


def distinct(seen: Iterable[WatchedRecord]) -> list[WatchedRecord]:
    """Each event once: consumers drop what comes again under its source and id."""
    first: dict[tuple[str, str, str], WatchedRecord] = {}
    for record in seen:
        if record.from_the_desk:
            first.setdefault((record.topic, record.source, record.id), record)
    return list(first.values())


def disorder(seen: Sequence[WatchedRecord]) -> Iterator[str]:
    """One sentence for each rule that something broke."""
    records = distinct(seen)
    yield from _changed_repeats(seen)
    yield from _shared_ids(records)
    yield from _gaps(records)
    yield from _wrong_keys(records)
    yield from _unknown_causes(seen, records)
    yield from _shared_references(records)


def _changed_repeats(seen: Sequence[WatchedRecord]) -> Iterator[str]:
    first = {(record.topic, record.source, record.id): record for record in reversed(seen)}
    for record in seen:
        if (
            record.from_the_desk
            and first[record.topic, record.source, record.id].facts != record.facts
        ):
            yield f"the event {record.id} on {record.topic} came again and said something else"


def _shared_ids(records: Sequence[WatchedRecord]) -> Iterator[str]:
    ids = [record.id for record in records if record.topic != DEAD_LETTERS]
    for id_ in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"two events have the id {id_}"


def _gaps(records: Sequence[WatchedRecord]) -> Iterator[str]:
    counted: dict[str, list[int]] = {}
    for record in records:
        if record.topic == CANCELLATIONS:
            sequences = counted.setdefault(str(record.facts.get("contract_number")), [])
            sequences.append(int(record.facts.get("sequence", 0)))
    for contract, sequences in counted.items():
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"the decisions on {contract} came with the sequence {sequences}"


def _wrong_keys(records: Sequence[WatchedRecord]) -> Iterator[str]:
    for record in records:
        named = (record.facts.get(name) for name in TOPICS[record.topic].key)
        key = next((str(value) for value in named if value is not None), record.facts["key"])
        if record.facts["key"] != key:
            given = record.facts["key"]
            yield f"the event {record.id} on {record.topic} has the key {given}, not {key}"


def _unknown_causes(
    seen: Sequence[WatchedRecord], records: Sequence[WatchedRecord]
) -> Iterator[str]:
    known = {record.id for record in seen}
    for record in records:
        cause = record.facts.get("ce_causationid")
        if cause is not None and cause not in known:
            said = f"the event {record.id} on {record.topic}"
            yield f"{said} names a cause that nobody has seen: {cause}"


def _shared_references(records: Sequence[WatchedRecord]) -> Iterator[str]:
    references = [
        str(record.facts.get("reference"))
        for record in records
        if record.facts.get("ce_type") == "inquiry.opened.v1"
    ]
    for reference in sorted({each for each in references if references.count(each) > 1}):
        yield f"two inquiries have the reference {reference}"
