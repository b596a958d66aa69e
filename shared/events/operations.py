"""Operators' actions in console and command: `desk.operations`, the desk's audit trail.

No event here repeats anything of a letter's or a record's content; they stay where they are.
"""

from __future__ import annotations

from typing import ClassVar

from shared.events.choices import Word
from shared.events.envelope import Event
from shared.events.values import Count, Instant


class LetterHandled(Event):
    """The fields of every event about a dead letter.

    `letter` is the letter's place in `desk.dead-letters`, as partition-offset (`3-1042`); `topic`,
    `partition` and `offset` are where the record was first read. `message_id` is the source and id
    by which consumers know the message, where it has them. `by` is who did it.
    """

    letter: str
    service: str
    reason: str
    error: str
    topic: str
    partition: int
    offset: int
    message_id: str | None = None
    by: str
    at: Instant
    why: str | None = None


class DeadLetterReplayed(LetterHandled):
    """The record was sent to its topic again, unchanged, for the `attempt`-th time."""

    ce_type: ClassVar[str] = "dead_letter.replayed.v1"

    attempt: Count
    sent_partition: int
    sent_offset: int


class DeadLetterEdited(LetterHandled):
    """A corrected record was sent to the topic; `changed` names what, never the values.

    `changed` holds JSON pointers into the data and `header <name>`; the digests are SHA-256 in hex.
    """

    ce_type: ClassVar[str] = "dead_letter.edited.v1"

    why: str
    changed: tuple[str, ...]
    original_sha256: str
    corrected_sha256: str
    sent_partition: int
    sent_offset: int


class DeadLetterDiscarded(LetterHandled):
    """Nobody will decide this message any more.

    Where it waited for a parked aggregate, `kind` and `aggregate` name that one, and its service
    takes the message off the list; `digest` is what the codec made of its content.
    """

    ce_type: ClassVar[str] = "dead_letter.discarded.v1"

    why: str
    kind: str | None = None
    aggregate: str | None = None
    digest: str | None = None


class PersonActed(Event):
    """The fields of every act in the console: by whom, when, why and on what (`thing`, the key)."""

    thing: str
    by: str
    at: Instant
    why: str | None = None


class RecordUnmasked(PersonActed):
    """A person asked to see the hidden fields of the record at this place, and was shown them.

    It is written before anything is shown. `message_id` is the source and id by which consumers
    know the message, where it has them.
    """

    ce_type: ClassVar[str] = "record.unmasked.v1"

    why: str
    topic: str
    partition: int
    offset: int
    message_id: str | None = None


class RepairAct(Word):
    """The ways in which a person resolves dead letters."""

    REPLAY = "replay", "Their messages are let through, or sent to their topics again."
    EDIT = "edit", "A corrected record is sent in the letter's place."
    DISCARD = "discard", "Nobody will decide their messages any more."


class DeadLetterRepairBegun(PersonActed):
    """A person begins to deal with these letters; `thing` is the first of them.

    It is written before anything is sent. Each letter's outcome is an event of its own.
    """

    ce_type: ClassVar[str] = "dead_letter.repair_begun.v1"

    why: str
    act: RepairAct
    letters: tuple[str, ...]
