"""An index of all records by every id in them, so that a case is found without reading topics.

An entry has what an operator is shown of a record, masked, and nothing that is hidden: that stays
on the topic, and is read there when somebody unmasks it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from shared.events.field_classes import is_fact
from shared.events.limits import MAX_ITEMS
from shared.events.topics import CATALOGUE, TOPICS
from shared.kafka.records import Record, RecordPosition
from shared.mongo.client import Collection as Entries
from shared.mongo.client import Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.operations.case_search import SUMMARIES, Sought
from shared.operations.decoded_record import DeadBecause, DecodedRecord, decoded, shown
from shared.operations.timeline import Step, step_of
from shared.runtime.projections.record_index import AT, IDS, OF, TOO, UNTIL, RecordIndex

NAME = "records"
FORGETTING = frozenset({"desk.customers", "desk.inquiry-states"})
"""A tombstone on them forgets a customer with his inquiries, or an inquiry."""
MOST_ENTRIES = 5_000
"""Of one case; what is longer is said to be incomplete."""
MOST_PASSES = 5
MOST_NAMES = 200
"""Ids by which one search asks: an id that a stranger wrote into thousands of records joins them
all, and each of theirs is one more look-up."""
MOST_IDS = 2 * MAX_ITEMS
MOST_CHARACTERS = 16_384
"""Of an entry's data; of longer ones the ids alone are kept."""
ID_FIELDS = (
    "inquiry_id",
    "answers_inquiry_id",
    "contract_number",
    "contract_numbers",
    "customer_id",
    "reference",
    "kind",
    "id",
    "submission_id",
    "recipient_hash",
    "letter",
    "message_id",
)
"""Fields that say to which case a record belongs, also of a type that the desk does not know."""
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


def case_index(kept: timedelta) -> RecordIndex:
    """Entries of all topics, each for so long after its record's instant."""
    topics = tuple(topic.name for topic in CATALOGUE)
    return RecordIndex(NAME, topics, lambda record: entry_of(record, kept), forgotten)


def forgotten(record: Record) -> tuple[str, datetime] | None:
    """The customer or inquiry that a tombstone forgets, and until when."""
    if record.value is not None or record.topic not in FORGETTING or not record.key:
        return None
    found = decoded(record)
    return found.key, found.at


def entry_of(record: Record, kept: timedelta) -> Document | None:
    """Returns a record's index entry; None for a compacted topic's tombstone."""
    if record.value is None and TOPICS[record.topic].compacted:
        return None
    found = decoded(record)
    inquiries = sorted(_known(found.inquiries))[:MOST_IDS]
    owners = sorted({*inquiries, *_known({found.customer})})
    summary = record.topic in SUMMARIES
    others = set() if summary else _known(_ids(found)) - {found.id}
    entry: Document = {
        "_id": place_name(found.place),
        AT: found.at,
        UNTIL: ends(found.at, kept),
        IDS: [*_known({found.id}), *sorted({*owners, *others})[:MOST_IDS]],
        OF: owners,
        TOO: inquiries,
        "type": shown(found.type),
        "id": shown(found.id),
        "source": shown(found.source),
        "correlation": shown(found.correlation_id),
        "cause": shown(found.causation_id),
        "data": _written({} if summary else found.shown_data(), _own_ids(found.data)),
    }
    if found.fault:
        entry["fault"] = found.fault
    if found.dead is not None:
        dead = found.dead
        entry["dead"] = [dead.letter, shown(dead.service), shown(dead.reason), dead.error]
    return entry


def ends(at: datetime, kept: timedelta) -> datetime:
    """When an entry of `at` ends; a sender may write an instant that no calendar can add to."""
    return at + kept if at < NEVER else at


def place_name(place: RecordPosition) -> str:
    """`desk.inquiries/3/1042`."""
    return f"{place.topic}/{place.partition}/{place.offset}"


def record_of(entry: Mapping[str, Any]) -> DecodedRecord:
    """The record as its entry tells it; what is hidden is missing."""
    topic, partition, offset = entry["_id"].rsplit("/", 2)
    return DecodedRecord(
        RecordPosition(topic, int(partition), int(offset)),
        entry[AT],
        entry["type"],
        entry["id"],
        entry["source"],
        entry["correlation"],
        entry["cause"],
        "",
        from_json(entry["data"]),
        0,
        entry.get("fault", ""),
        DeadBecause(*entry["dead"]) if "dead" in entry else None,
    )


def _ids(found: DecodedRecord) -> set[str]:
    """By what it can be found: as `Sought` learns of it."""
    data = found.data
    about = str(data.get("message_id") or "").rpartition(" ")[2]
    texts = [data.get("letter"), data.get("submission_id"), found.dead and found.dead.letter]
    several = {found.correlation_id, about, *found.names, *found.contracts}
    return several | {it for it in texts if isinstance(it, str)}


def _known(ids: Collection[str]) -> set[str]:
    """Those that look like one: a stranger can write a name where an id belongs."""
    return {it for it in ids if it and is_fact(it)}


def _own_ids(data: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ID_FIELDS:
        value = data.get(name)
        if isinstance(value, str) and is_fact(value):
            found[name] = value
        elif isinstance(value, list):
            found[name] = sorted(_known([it for it in value if isinstance(it, str)]))[:MAX_ITEMS]
    return found


def _written(data: Mapping[str, Any], own_ids: Mapping[str, Any]) -> str:
    """As JSON: a sender's number may be larger than a database takes."""
    whole = to_json({**data, **own_ids}).decode()
    return whole if len(whole) <= MOST_CHARACTERS else to_json(own_ids).decode()


@dataclass(slots=True)
class _Gathered:
    """The steps that one search has found; `left` are records of no case that it knows yet."""

    places: set[str] = field(default_factory=set)
    left: list[DecodedRecord] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    complete: bool = True

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Takes in the entries of one query; those of earlier ones it has."""
        self.complete &= len(entries) <= MOST_ENTRIES
        for entry in entries[:MOST_ENTRIES]:
            if entry["_id"] not in self.places:
                self.places.add(entry["_id"])
                self.left.append(record_of(entry))

    def take(self, sought: Sought) -> None:
        """Lets every record teach what else belongs to the case, until none does.

        A record that belongs to it has taught all that it can.
        """
        size = -1
        while sought.size != size:
            size, left = sought.size, self.left
            self.left = []
            for record in left:
                if sought.take(record):
                    self.steps.append(step_of(record))
                else:
                    self.left.append(record)


@dataclass(slots=True)
class _Asked:
    """Ids that were asked for, no more than `MOST_NAMES`."""

    ids: set[str] = field(default_factory=set)
    are_too_many: bool = False

    def new_of(self, ids: Collection[str]) -> list[str]:
        """Those to ask for now."""
        new, room = sorted(set(ids) - self.ids), MOST_NAMES - len(self.ids)
        self.are_too_many = len(new) > room
        self.ids.update(new[:room])
        return new[:room]


class CaseIndex:
    """Finds cases in the entries of the generation that serves."""

    def __init__(self, entries: Callable[[], Entries]) -> None:
        self._entries = entries

    async def find(self, sought: Sought) -> tuple[list[Step], bool]:
        """The records of the case, and whether they are all. Raises `Outage`."""
        gathered, names, contracts = _Gathered(), _Asked(), _Asked()
        for _ in range(MOST_PASSES):
            new, loose = names.new_of(sought.names), contracts.new_of(sought.contracts)
            if not new and not loose:
                return gathered.steps, gathered.complete and not (
                    names.are_too_many or contracts.are_too_many
                )
            await self._read(gathered, {IDS: {"$in": new}})
            await self._read(gathered, {IDS: {"$in": loose}, TOO: []})
            gathered.take(sought)
        return gathered.steps, False

    async def _read(self, gathered: _Gathered, wanted: Document) -> None:
        if not wanted[IDS]["$in"]:
            return
        with mongodb_errors_as_outage():
            found = self._entries().find(wanted).limit(MOST_ENTRIES + 1)
            entries = await found.to_list(MOST_ENTRIES + 1)
        gathered.add(entries)
