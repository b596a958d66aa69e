"""A letter given up for good: nobody will decide its message any more.

The letter itself stays; `dead_letter.discarded.v1` is what takes its message off the list of those
that wait, so that nothing is forgotten before the reason for it is written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.events.operations import DeadLetterDiscarded
from shared.events.topics import TOPICS
from shared.operations.audit_trail import common
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.selection import chosen
from shared.operations.dead_letters.settlement import Settlement, settlement_of
from shared.operations.dead_letters.stop import StillWaits
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import Parked, all_parked, named, off_the_list, waiting_for
from shared.operations.sender import ReplaySession
from shared.operations.service_client import ServiceClient
from shared.runtime import codec
from shared.runtime.faults import Unreadable


@dataclass(frozen=True, slots=True)
class Discard:
    """A letter, the aggregates that wait for its message, and why it is left alone, if it is."""

    letter: Letter
    waiting: tuple[Parked, ...]
    left: Settlement | None = None


@dataclass(frozen=True, slots=True)
class Discarded:
    """The outcome of one discard; `stopped_by` says why its message still waits."""

    discard: Discard
    stopped_by: StillWaits | None = None


async def discards(
    ids: Sequence[LetterId], services: Mapping[str, ServiceClient], session: ReplaySession
) -> list[Discard]:
    """Finds letters and messages behind them. Raises `Outage`, `NoSuchLetters`, `ServiceError`."""
    index = await briefs(session.settings)
    still = {letter.id for letter in session.trail.open(index)}
    waiting = named(await all_parked(services), index)
    found: list[Discard] = []
    for letter in chosen(ids, index):
        parked = tuple(waiting_for(waiting, letter.service, letter.message_id))
        settled = not parked and letter.id not in still
        left = settlement_of(letter, index, session.trail) if settled else None
        found.append(Discard(letter, parked, left))
    return found


async def discard(
    discardable: Discard, services: Mapping[str, ServiceClient], session: ReplaySession
) -> Discarded:
    """Write it down, and see the message leave the lists.

    Raises `Outage`, `NoSuchLetters`, `ServiceError`.
    """
    letter = await session.topic.fetch(discardable.letter.id)
    for event, distinct in _events(letter, discardable.waiting, session):
        await session.record(event, *distinct)
    for parked in discardable.waiting:
        service = services[parked.service]
        within_s = session.decided_within_s
        if not await off_the_list(service, parked.ref, letter.message_id, within_s):
            return Discarded(discardable, StillWaits(parked, within_s))
    return Discarded(discardable)


def _events(
    letter: Letter, waiting: Sequence[Parked], session: ReplaySession
) -> list[tuple[DeadLetterDiscarded, tuple[str, ...]]]:
    """One for each aggregate that waits, or a single one."""
    said = common(letter, session.author) | {"digest": _digest(letter)}
    if not waiting:
        return [(DeadLetterDiscarded.model_validate(said), ())]
    return [
        (
            DeadLetterDiscarded.model_validate(
                said | {"kind": parked.ref.kind, "aggregate": parked.ref.id}
            ),
            parked.ref,
        )
        for parked in waiting
    ]


def _digest(letter: Letter) -> str | None:
    if letter.origin.topic not in TOPICS:
        return None
    try:
        return codec.read(letter.original).digest
    except Unreadable:
        return None
