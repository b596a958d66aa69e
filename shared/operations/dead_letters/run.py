"""One replay from its plan to its end, for real or as a dry run; tells each part as it is known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.operations.dead_letters.dry_run import Chunk, foreseen_for
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.replay import Newest, ReplayOutcome, let_through
from shared.operations.dead_letters.resend import Resent, resend
from shared.operations.dead_letters.selection import Plan
from shared.operations.dead_letters.stop import LetterGone
from shared.operations.dead_letters.topic import DeadLetterTopic
from shared.operations.parked import Parked
from shared.operations.sender import ReplaySession
from shared.operations.service_client import ServiceClient
from shared.runtime.operations.answers import Foreseen


@dataclass(frozen=True, slots=True)
class NotTried:
    """Letters that were not sent, since one like them failed."""

    count: int


@dataclass(frozen=True, slots=True)
class WouldSend:
    """The messages waiting for this aggregate would be sent, in their order."""

    parked: Parked


@dataclass(frozen=True, slots=True)
class Foresaw:
    """The decision that a letter would bring."""

    letter: Letter
    foreseen: Foreseen


@dataclass(frozen=True, slots=True)
class OnlyFirst:
    """One dry run takes no more than the first `count` that wait for the aggregate."""

    parked: Parked
    count: int


Told = ReplayOutcome | Resent | NotTried
Foretold = WouldSend | Foresaw | OnlyFirst | LetterGone


def size_of(plan: Plan) -> int:
    """How many messages a replay would send."""
    return sum(len(aggregate.waiting) for aggregate in plan.aggregates) + len(plan.singles)


async def carried_out(
    plan: Plan,
    newest: Newest,
    services: Mapping[str, ServiceClient],
    session: ReplaySession,
    *,
    step: Callable[[], None] = lambda: None,
) -> AsyncIterator[Told]:
    """Send what was planned; `step` is called after each message.

    Raises `Outage`, `NoSuchLetters`, `ServiceError`.
    """
    for aggregate in plan.aggregates:
        service = services[aggregate.service]
        yield await let_through(service, aggregate, newest, session, step=step)
    tried = 0
    async for resent in resend(plan.singles, session):
        tried += 1
        step()
        yield resent
    if rest := len(plan.singles) - tried:
        yield NotTried(rest)


async def foretold(
    plan: Plan, newest: Newest, topic: DeadLetterTopic, services: Mapping[str, ServiceClient]
) -> AsyncIterator[Foretold]:
    """Foresees the result of the plan; nothing is sent.

    Raises `Outage`, `NoSuchLetters`, `ServiceError`.
    """
    for aggregate in plan.aggregates:
        async for part in _of_parked(aggregate, newest, topic, services[aggregate.service]):
            yield part
    async for part in _of_singles(plan.singles, topic, services):
        yield part


async def _of_parked(
    parked: Parked, newest: Newest, topic: DeadLetterTopic, service: ServiceClient
) -> AsyncIterator[Foretold]:
    """Up to the first that would fail again, and no more than one dry run takes."""
    yield WouldSend(parked)
    letters = [newest.get((parked.service, message_id)) for message_id in parked.waiting]
    there = letters[: letters.index(None)] if None in letters else letters
    chunk = Chunk()
    left = await chunk.fill([letter for letter in there if letter is not None], topic)
    foreseen = await service.dry_run(chunk.records, until_fault=True) if chunk.records else ()
    for letter, outcome in zip(chunk.letters, foreseen, strict=False):
        yield Foresaw(letter, outcome)
    if foreseen and foreseen[-1].fault:
        return
    if left:
        yield OnlyFirst(parked, len(chunk.letters))
    elif len(there) < len(letters):
        yield LetterGone(parked.waiting[len(there)])


async def _of_singles(
    singles: Sequence[Letter], topic: DeadLetterTopic, services: Mapping[str, ServiceClient]
) -> AsyncIterator[Foretold]:
    """Foresees single letters in chunks of one dry run, skipping services that do not exist."""
    left: Sequence[Letter] = [letter for letter in singles if letter.service in services]
    while left:
        chunk = Chunk()
        left = await chunk.fill(left, topic)
        for letter, outcome in await foreseen_for(chunk, services):
            yield Foresaw(letter, outcome)
