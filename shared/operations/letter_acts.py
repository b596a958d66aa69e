"""An index of what was done with dead letters: a look at some letters reads their acts alone.

The trail on `desk.operations` is a year's, with every unmasking. An entry is a whole act, kept
longer than the topic keeps the letter that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic_core import from_json, to_json

from shared.events.operations import DeadLetterEdited, DeadLetterReplayed, LetterHandled
from shared.events.topics import EVENT_TYPES, YEAR
from shared.kafka.records import Record, RecordPosition
from shared.kafka.topic_records import Window, committed_by
from shared.mongo.client import Collection, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.operations.audit_trail import OPERATIONS, AuditTrail, act_in, acts_on_topic
from shared.operations.case_index import ends
from shared.operations.dead_letters.letter import Letter, LetterId, letter_id
from shared.runtime import codec
from shared.runtime.projections.record_index import AT, IDS, OF, TOO, UNTIL, RecordIndex
from shared.settings import RuntimeSettings

NAME = "letter_acts"
KEPT = 2 * YEAR
KEYS_AT_ONCE = 100
"""Five times as many take the embedded database thirty times as long."""
FEW = 1_000
"""So many acts are read whole sooner than by the keys of a page."""


def letter_act_index() -> RecordIndex:
    """Entries of the acts on letters alone."""
    return RecordIndex(NAME, (OPERATIONS,), entry_of, lambda _record: None)


def entry_of(record: Record) -> Document | None:
    """None for a record that is no act on a letter."""
    found = act_in(record)
    if found is None:
        return None
    event_id, act = found
    return {
        "_id": event_id,
        AT: act.at,
        UNTIL: ends(act.at, KEPT),
        IDS: sorted(_keys_of_act(act)),
        OF: [],
        TOO: [],
        "type": act.ce_type,
        "data": to_json(codec.dump(act)).decode(),
    }


async def fresh_trail(
    settings: RuntimeSettings, entries: Collection, group: str, letters: Iterable[Letter]
) -> AuditTrail:
    """The acts that say how these `letters` stand.

    They come from the `entries`, and from the topic what the `group` that keeps them has not read
    yet. Raises `Outage`.
    """
    window = Window(done=await committed_by(settings, group))
    kept = await _kept(entries, sorted({key for it in letters for key in _keys_of_letter(it)}))
    later = await acts_on_topic(settings, window)
    return AuditTrail((later | kept).values())


async def _kept(entries: Collection, keys: Sequence[str]) -> dict[str, LetterHandled]:
    """By the event's id, oldest first; of a page's letters, also others where there are few."""
    found: dict[str, Document] = {}
    with mongodb_errors_as_outage():
        for wanted in await _queries(entries, keys):
            found |= {it["_id"]: it async for it in entries.find(wanted)}
    return {
        it["_id"]: _act(it) for it in sorted(found.values(), key=lambda it: (it[AT], it["_id"]))
    }


async def _queries(entries: Collection, keys: Sequence[str]) -> list[Document]:
    """The queries that find all acts with these keys."""
    if len(keys) > KEYS_AT_ONCE and await entries.count_documents({}, limit=FEW + 1) <= FEW:
        return [{}]
    firsts = range(0, len(keys), KEYS_AT_ONCE)
    return [{IDS: {"$in": keys[first : first + KEYS_AT_ONCE]}} for first in firsts]


def _act(entry: Document) -> LetterHandled:
    act = EVENT_TYPES[entry["type"]].model_validate(from_json(entry["data"]))
    assert isinstance(act, LetterHandled)
    return act


def _keys_of_act(act: LetterHandled) -> set[str]:
    keys = {_letter(letter_id(act.letter))}
    if act.message_id:
        keys.add(_message(act.service, act.message_id))
    if isinstance(act, DeadLetterReplayed | DeadLetterEdited):
        keys.add(_place("origin", RecordPosition(act.topic, act.partition, act.offset)))
    if isinstance(act, DeadLetterReplayed):
        sent = RecordPosition(act.topic, act.sent_partition, act.sent_offset)
        keys.add(_place("sent", sent))
    return keys


def _keys_of_letter(letter: Letter) -> set[str]:
    keys = {_letter(letter.id), _place("origin", letter.origin), _place("sent", letter.origin)}
    if letter.message_id:
        keys.add(_message(letter.service, letter.message_id))
    return keys


def _letter(letter: LetterId) -> str:
    return f"letter {letter}"


def _message(service: str, message_id: str) -> str:
    return f"message {service} {message_id}"


def _place(what: str, place: RecordPosition) -> str:
    return f"{what} {place.topic}/{place.partition}/{place.offset}"
