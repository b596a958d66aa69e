"""Was anything lost, doubled or reordered? Asked of what outsiders see, and of the records."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.events.envelope import message_uuid
from shared.events.topics import TOPIC_OF
from shared.kafka.records import RecordPosition
from shared.runtime.aggregates.store import Store
from tests.builders.records import Records, reading
from tests.faults.groups import until_read
from tests.faults.machine import Machine
from tests.faults.watch import Seen
from tests.faults.workload import SOURCE, Expected

READ_WITHIN_S = 120.0


@dataclass
class Findings:
    """The violations of guarantees, in words; empty if all hold."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        yield from (f"lost: {finding}" for finding in self.lost)
        yield from (f"doubled: {finding}" for finding in self.doubled)
        yield from (f"out of order: {finding}" for finding in self.out_of_order)

    def __iadd__(self, other: Findings) -> Findings:
        self.lost += other.lost
        self.doubled += other.doubled
        self.out_of_order += other.out_of_order
        return self


def compare(expected: Expected, seen: Seen) -> Findings:
    """A workload against what was seen of it on the public topics."""
    found = Findings()
    opened = dict.fromkeys([*expected.mails, *expected.unreachable], 1)
    _count(found, "the inquiry of", opened, seen.opened)
    _count(found, "a mail about", expected.mails, seen.sent)
    _count(found, "a mail to nobody about", expected.unreachable, seen.failed)
    _count(
        found, "the dead letter of", dict.fromkeys(expected.poison, 1), Counter(seen.dead.keys())
    )
    answers = {ce_id: _answers_to(ce_id, seen) for ce_id in expected.answered | expected.nothing}
    _count(found, "the answer to", dict.fromkeys(expected.answered, 1), Counter(answers))
    _count(
        found,
        "what should count for nothing:",
        dict.fromkeys(expected.nothing, 0),
        Counter(answers),
    )
    found.out_of_order += [
        f"an event of inquiry {inquiry} came before its opening"
        for inquiry in opened
        if inquiry in seen.before_opened
    ]
    for number, course in expected.courses.items():
        wanted = list(zip(course, range(1, len(course) + 1), strict=True))
        _in_turn(found, f"contract {number}", wanted, seen.decisions.get(number, []))
    for number, crowd in expected.crowds.items():
        _in_any_turn(found, number, crowd, seen.decisions.get(number, []))
    for inquiry_id, words in expected.words.items():
        _in_turn(found, f"inquiry {inquiry_id}", words, seen.words.get(inquiry_id, []))
    return found


def _answers_to(ce_id: str, seen: Seen) -> int:
    """A rejection, a dead letter and an inquiry are an answer each."""
    opened = seen.opened[str(message_uuid(SOURCE, ce_id))]
    return seen.rejected[ce_id] + (ce_id in seen.dead) + opened


def given_up(expected: Expected, seen: Seen) -> Findings:
    """Dead letters of records that nobody spoiled."""
    wrong = seen.dead.keys() - expected.poison - expected.answered - expected.nothing
    return Findings(
        lost=[f"given up ({seen.dead[message]}): {message}" for message in sorted(wrong)]
    )


def complete(expected: Expected, seen: Seen) -> bool:
    """Whether all has come that must come."""
    return not compare(expected, seen).lost


def _count(found: Findings, what: str, wanted: Mapping[str, int], seen: Counter[str]) -> None:
    for key, count in wanted.items():
        if seen[key] < count:
            found.lost.append(f"{what} {key}")
        if seen[key] > count:
            found.doubled.append(f"{what} {key}")


def _in_turn(found: Findings, of: str, wanted: Sequence[Any], seen: Sequence[Any]) -> None:
    if list(seen) == list(wanted):
        return
    missing, more = Counter(wanted) - Counter(seen), Counter(seen) - Counter(wanted)
    found.lost += [f"{what} of {of}" for what in missing.elements()]
    found.doubled += [f"{what} of {of}" for what in more.elements()]
    if not missing and not more:
        found.out_of_order.append(f"what happened to {of}: {seen}")


def _in_any_turn(
    found: Findings, number: str, wanted: Counter[str], seen: Sequence[tuple[str, int]]
) -> None:
    """This number of each type, numbered from 1 on without a gap."""
    types = Counter(ce_type for ce_type, _ in seen)
    found.lost += [f"{ce_type} of contract {number}" for ce_type in (wanted - types).elements()]
    found.doubled += [f"{ce_type} of contract {number}" for ce_type in (types - wanted).elements()]
    if [sequence for _, sequence in seen] != [*range(1, len(seen) + 1)]:
        found.out_of_order.append(f"the numbers of contract {number}")


async def audit(machine: Machine, seen: Seen, nothing: Collection[str] = frozenset()) -> Findings:
    """Everything at the end: histories against topics, mails, offsets, and `desk verify`.

    No history may have a message whose id is in `nothing`.
    """
    left = await until_read(machine.bootstrap, READ_WITHIN_S)
    found = await _published_as_recorded(machine, seen, nothing)
    found += _mails_as_said(machine, seen)
    found.lost += [f"nobody has read {count} records: {name}" for name, count in left.items()]
    verified = await desk_verify(machine)
    if verified is not None:
        found.lost.append(f"desk verify says:\n{verified}")
    return found


def _mails_as_said(machine: Machine, seen: Seen) -> Findings:
    """Every mail that is said to be sent was taken, and no mail but these."""
    taken = {message_id.strip("<>").split("@")[0] for message_id in machine.mails_taken()}
    said = {mail for mail, sent in seen.notifications.items() if sent}
    return Findings(
        lost=[f"mail {mail}" for mail in said - taken],
        doubled=[f"a mail that nobody speaks of: {mail}" for mail in taken - said],
    )


async def _published_as_recorded(
    machine: Machine, seen: Seen, nothing: Collection[str]
) -> Findings:
    """Each event of each history is on its topic, and first in the order of that history."""
    found = Findings()
    recorded: set[str] = set()
    async with reading(machine.mongo_url) as services:
        for records in services.values():
            async for aggregate, messages, events in _histories(records):
                found.doubled += traces_of(nothing, aggregate, messages)
                places = [seen.first.get(event["id"]) for event in events]
                recorded.update(event["id"] for event in events)
                found.lost += [
                    f"{event['type']} of {aggregate} is recorded and not published"
                    for event, place in zip(events, places, strict=True)
                    if place is None
                ]
                if not _in_order(place for place in places if place is not None):
                    found.out_of_order.append(f"the events of {aggregate}")
    stray = set(seen.first) - recorded
    found.doubled += [f"event {event} is published and not recorded" for event in stray]
    return found


async def _histories(records: Records) -> Any:
    """Of every aggregate that publishes: its name, its messages and its public events in order."""
    store: Store = records.store
    for decider in records.service.deciders:
        if not decider.publishes:
            continue
        async for document in records.database.collection(decider.kind).find({}):
            history = await store.whole_history(decider.kind, document)
            events = [e for entry in history for e in entry["events"] if e["type"] in TOPIC_OF]
            messages = [entry["message_id"] for entry in history]
            yield f"{decider.kind} {document['_id']}", messages, events


def traces_of(nothing: Collection[str], aggregate: str, messages: Iterable[str]) -> list[str]:
    """A history names a message by its source and its id."""
    ids = {message.rpartition(" ")[2] for message in messages}
    return [f"{id_} in the history of {aggregate}" for id_ in sorted(ids.intersection(nothing))]


def _in_order(places: Iterable[RecordPosition]) -> bool:
    """Whether the offsets grow in each partition; among partitions there is no order."""
    last: dict[tuple[str, int], int] = {}
    for topic, partition, offset in places:
        if offset < last.get((topic, partition), -1):
            return False
        last[topic, partition] = offset
    return True


async def desk_verify(machine: Machine) -> str | None:
    """Runs `desk verify` and returns its faults, or None."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk.cli", "verify", "--mongo", machine.mongo_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode() if process.returncode else None
