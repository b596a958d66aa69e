"""Sending a dead letter's record to its topic again, and writing down that it was done.

Each step is acknowledged before the next begins: the record, its audit event, then the next
letter. A process that is killed between the first two sends the record again in its next run;
every consumer knows it by its id and drops it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from shared.events.operations import DeadLetterReplayed, LetterHandled
from shared.kafka.record_sender import RecordSender, record_sender
from shared.kafka.records import RecordPosition
from shared.operations.audit_trail import (
    MOST_REPLAYS,
    OPERATIONS,
    AuditTrail,
    Author,
    common,
    envelope_of,
    read_audit_trail,
)
from shared.operations.dead_letters.letter import Letter, Original
from shared.operations.dead_letters.stop import ReplayedTooOften
from shared.operations.dead_letters.topic import DeadLetterTopic, dead_letter_topic
from shared.operations.topics import require_topics
from shared.settings import RuntimeSettings

DEFAULT_RATE = 50.0
DECIDED_WITHIN_S = 15.0
"""How long a session waits for a service to decide a message before it gives the reason."""


@dataclass(slots=True)
class Pace:
    """At most `per_second` letters per second; the first goes at once."""

    per_second: float = DEFAULT_RATE
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float | None = None

    async def keep(self) -> None:
        """Wait until the next letter may go."""
        now = self.clock()
        if self._next is not None and self._next > now:
            await self.sleep(self._next - now)
            now = self._next
        self._next = now + 1 / self.per_second


class ReplaySession:
    """One run of an operator: who acts, what was done before, and how fast letters go."""

    def __init__(
        self,
        settings: RuntimeSettings,
        sender: RecordSender,
        topic: DeadLetterTopic,
        trail: AuditTrail,
        author: Author,
        pace: Pace,
        *,
        force: bool = False,
    ) -> None:
        self.settings = settings
        self.topic = topic
        self.trail = trail
        self.author = author
        self.force = force
        self.decided_within_s = DECIDED_WITHIN_S
        self._sender = sender
        self._pace = pace

    def refusal(self, letter: Letter) -> ReplayedTooOften | None:
        """Returns why this letter is not resent; a session with `force` resends it."""
        replays = self.trail.replays(letter)
        if self.force or replays < MOST_REPLAYS:
            return None
        return ReplayedTooOften(letter.id, replays)

    async def resend(self, letter: Letter) -> RecordPosition:
        """Send the record unchanged, and write that down. Raises `Outage`."""
        place = await self.send(letter.original)
        event = DeadLetterReplayed.model_validate(
            common(letter, self.author)
            | {
                "attempt": self.trail.replays(letter) + 1,
                "sent_partition": place.partition,
                "sent_offset": place.offset,
            }
        )
        await self.record(event, place.partition, place.offset)
        return place

    async def send(self, record: Original) -> RecordPosition:
        """Send a record to its topic under its key; acknowledged when this returns.

        Raises `Outage`.
        """
        await self._pace.keep()
        return await self._sender.send(record.topic, record.key, record.value, record.headers)

    async def record(self, event: LetterHandled, *distinct: object) -> None:
        """Write down what was done; acknowledged when this returns. Raises `Outage`."""
        envelope = envelope_of(event, self.author.source, *distinct)
        await self._sender.send(
            envelope.topic, envelope.key.encode(), envelope.value, envelope.headers
        )
        self.trail.add(event)


@asynccontextmanager
async def replay_session(
    settings: RuntimeSettings, author: Author, *, pace: Pace | None = None, force: bool = False
) -> AsyncIterator[ReplaySession]:
    """A run as `author`, at most at `pace`. Raises `Outage`, `MissingTopics`."""
    await require_topics(settings, {OPERATIONS})
    trail = await read_audit_trail(settings)
    async with dead_letter_topic(settings) as topic, record_sender(settings) as sender:
        yield ReplaySession(settings, sender, topic, trail, author, pace or Pace(), force=force)
