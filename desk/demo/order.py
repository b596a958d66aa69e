"""What holds over everything that the desk published: identities, order, keys, causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from desk.demo.story import CANCELLATIONS
from desk.demo.watch import Seen
from shared.events.topics import DEAD_LETTERS, TOPICS


def distinct(seen: Iterable[Seen]) -> list[Seen]:
    """Each event once: consumers drop what comes again under its source and id."""
    first: dict[tuple[str, str, str], Seen] = {}
    for one in seen:
        if one.from_the_desk:
            first.setdefault((one.topic, one.source, one.id), one)
    return list(first.values())


def disorder(seen: Sequence[Seen]) -> Iterator[str]:
    """One sentence for each rule that something broke."""
    records = distinct(seen)
    yield from _changed_repeats(seen)
    yield from _shared_ids(records)
    yield from _gaps(records)
    yield from _wrong_keys(records)
    yield from _unknown_causes(seen, records)
    yield from _shared_references(records)


def _changed_repeats(seen: Sequence[Seen]) -> Iterator[str]:
    first = {(one.topic, one.source, one.id): one for one in reversed(seen)}
    for one in seen:
        if one.from_the_desk and first[one.topic, one.source, one.id].facts != one.facts:
            yield f"the event {one.id} on {one.topic} came again and said something else"


def _shared_ids(records: Sequence[Seen]) -> Iterator[str]:
    ids = [one.id for one in records if one.topic != DEAD_LETTERS]
    for one in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"two events have the id {one}"


def _gaps(records: Sequence[Seen]) -> Iterator[str]:
    counted: dict[str, list[int]] = {}
    for one in records:
        if one.topic == CANCELLATIONS:
            sequences = counted.setdefault(str(one.facts.get("contract_number")), [])
            sequences.append(int(one.facts.get("sequence", 0)))
    for contract, sequences in counted.items():
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"the decisions on {contract} came with the sequence {sequences}"


def _wrong_keys(records: Sequence[Seen]) -> Iterator[str]:
    for one in records:
        named = (one.facts.get(name) for name in TOPICS[one.topic].key)
        key = next((str(value) for value in named if value is not None), one.facts["key"])
        if one.facts["key"] != key:
            yield f"the event {one.id} on {one.topic} has the key {one.facts['key']}, not {key}"


def _unknown_causes(seen: Sequence[Seen], records: Sequence[Seen]) -> Iterator[str]:
    known = {one.id for one in seen}
    for one in records:
        cause = one.facts.get("ce_causationid")
        if cause is not None and cause not in known:
            yield f"the event {one.id} on {one.topic} names a cause that nobody has seen: {cause}"


def _shared_references(records: Sequence[Seen]) -> Iterator[str]:
    references = [
        str(one.facts.get("reference"))
        for one in records
        if one.facts.get("ce_type") == "inquiry.opened.v1"
    ]
    for one in sorted({each for each in references if references.count(each) > 1}):
        yield f"two inquiries have the reference {one}"
