"""The audit trail of dead letters: read back from `desk.operations`, and added to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from shared.events.operations import (
    DeadLetterEdited,
    DeadLetterReplayed,
    LetterHandled,
    PersonActed,
)
from shared.kafka.records import Record
from shared.kafka.topic_records import ALL, Window, records_on
from shared.operations.dead_letters.letter import (
    WAITING_REASONS,
    Letter,
    LetterId,
    NotALetterId,
    letter_id,
)
from shared.operations.topics import require_topics
from shared.runtime import codec
from shared.runtime.codec import Envelope
from shared.runtime.faults import Unreadable
from shared.settings import RuntimeSettings
from shared.telemetry.tracing import current_traceparent

OPERATIONS = "desk.operations"
SOURCE = "/desk/command"
MOST_REPLAYS = 3
"""A message replayed more often may be what breaks things: it is only sent again if forced."""


@dataclass(frozen=True, slots=True)
class Author:
    """A person who acts, with reason and tool: the fields of every audit event."""

    by: str
    why: str | None = None
    source: str = SOURCE


class AuditTrail:
    """The audit events so far, per letter in the order in which they were written."""

    def __init__(self, events: Iterable[LetterHandled] = ()) -> None:
        self._of: dict[LetterId, list[LetterHandled]] = defaultdict(list)
        self._letters_of: dict[tuple[str, str], set[LetterId]] = defaultdict(set)
        self._replays: dict[tuple[str, str], int] = defaultdict(int)
        self._sent: dict[tuple[str, int, int], int] = {}
        self._passed_on: set[tuple[str, int, int]] = set()
        for event in events:
            self.add(event)

    def add(self, event: LetterHandled) -> None:
        """Takes in an event. One that names no letter says nothing."""
        try:
            letter = letter_id(event.letter)
        except NotALetterId:
            return
        self._of[letter].append(event)
        if event.message_id:
            self._letters_of[event.service, event.message_id].add(letter)
        if isinstance(event, DeadLetterReplayed | DeadLetterEdited):
            self._passed_on.add((event.topic, event.partition, event.offset))
        if not isinstance(event, DeadLetterReplayed):
            return
        self._sent[event.topic, event.sent_partition, event.sent_offset] = event.attempt
        if event.message_id:
            self._replays[event.service, event.message_id] += 1

    def on(self, letter: LetterId) -> Sequence[LetterHandled]:
        """The acts on this letter, oldest first."""
        return self._of.get(letter, ())

    def handled_of(self, letter: Letter) -> list[LetterId]:
        """The letters of the same message in the same service that somebody has acted on."""
        same = self._letters_of.get((letter.service, letter.message_id), ())
        return sorted(same)

    def replays(self, letter: Letter) -> int:
        """How often the message was replayed: by its id, or by following it from death to death."""
        own = (
            event.attempt for event in self.on(letter.id) if isinstance(event, DeadLetterReplayed)
        )
        by_id = self._replays.get((letter.service, letter.message_id), 0)
        return max(by_id, self._sent.get(letter.origin, 0), *own, 0)

    def open(self, letters: Sequence[Letter]) -> list[Letter]:
        """Returns the letters, oldest first, that nobody has settled.

        A letter is settled, too, by what was done with a later one of the same record in the same
        service; and, if nobody could read it, by another service's that was sent again: every
        reader of the topic got that.
        """
        settled: set[tuple[str, str, str]] = set()
        still: list[Letter] = []
        for letter in reversed(letters):
            same = (letter.service, letter.message_id, letter.sha256)
            handled = bool(self.on(letter.id)) or same in settled or self._shared(letter)
            if not handled:
                still.append(letter)
            elif letter.message_id:
                settled.add(same)
        return still[::-1]

    def _shared(self, letter: Letter) -> bool:
        return letter.reason not in WAITING_REASONS and letter.origin in self._passed_on


async def read_audit_trail(settings: RuntimeSettings) -> AuditTrail:
    """The trail as it stands on the topic. Raises `Outage`, `MissingTopics`."""
    await require_topics(settings, {OPERATIONS})
    return AuditTrail((await acts_on_topic(settings)).values())


async def acts_on_topic(
    settings: RuntimeSettings, window: Window = ALL
) -> dict[str, LetterHandled]:
    """The acts on letters within the window, by their events' ids. Raises `Outage`."""
    events: dict[str, LetterHandled] = {}
    async for record in records_on(settings, [OPERATIONS], window):
        if found := act_in(record):
            events.setdefault(*found)
    return events


def act_in(record: Record) -> tuple[str, LetterHandled] | None:
    """An act on a letter, with its event's id; None for any other record."""
    try:
        message = codec.read(record).message
        if not isinstance(message.data, LetterHandled):
            return None
        letter_id(message.data.letter)
    except (Unreadable, NotALetterId):
        return None
    return message.id, message.data


def envelope_of(event: LetterHandled | PersonActed, source: str, *distinct: object) -> Envelope:
    """The audit event's record. `distinct` tells it from others of its kind about the same.

    The same act has the same id, so that writing it again after a crash counts once.
    """
    if isinstance(event, LetterHandled):
        subject = event.letter
        about: tuple[object, ...] = (event.letter, event.service, *distinct)
    else:
        subject, about = event.thing, distinct
    told = " ".join(map(str, (event.ce_type, *about)))
    return codec.envelope(
        str(uuid5(NAMESPACE_URL, f"{source} {told}")),
        event.ce_type,
        codec.dump(event),
        source=source,
        subject=subject,
        at=event.at,
        causation_id=None,
        correlation_id=None,
        traceparent=current_traceparent(),
    )


def common(letter: Letter, author: Author) -> dict[str, object]:
    """The fields that every audit event has; nothing of the letter's content."""
    topic, partition, offset = letter.origin
    return {
        "letter": str(letter.id),
        "service": letter.service,
        "reason": letter.reason,
        "error": letter.error,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "message_id": letter.message_id or None,
        "by": author.by,
        "why": author.why,
        "at": datetime.now(UTC),
    }
