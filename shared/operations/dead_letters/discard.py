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
from shared.operations.dead_letters import replay as replaying
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.selection import chosen, handled_by
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import Parked, all_parked, named, off_the_list, waiting_for
from shared.operations.records import Records
from shared.operations.sender import Post
from shared.runtime import codec
from shared.runtime.faults import Unreadable


@dataclass(frozen=True, slots=True)
class Discard:
    """A letter, the aggregates that wait for its message, and why it is left alone, if it is."""

    letter: Letter
    waiting: tuple[Parked, ...]
    left: str | None = None


@dataclass(frozen=True, slots=True)
class Discarded:
    """What became of it; `stopped_by` says why its message still waits."""

    discard: Discard
    stopped_by: str | None = None


async def discards(
    ids: Sequence[LetterId], services: Mapping[str, Records], post: Post
) -> list[Discard]:
    """What discarding these letters means. Raises `DeskError` for those that are not there."""
    index = await briefs(post.settings)
    still = {letter.id for letter in post.acts.open(index)}
    waiting = named(await all_parked(services), index)
    found: list[Discard] = []
    for letter in chosen(ids, index):
        parked = tuple(waiting_for(waiting, letter.service, letter.message_id))
        settled = not parked and letter.id not in still
        left = handled_by(letter, index, post.acts) if settled else None
        found.append(Discard(letter, parked, left))
    return found


async def discard(one: Discard, services: Mapping[str, Records], post: Post) -> Discarded:
    """Write it down, and see the message leave the lists. Raises `Outage`."""
    letter = await post.box.fetch(one.letter.id)
    for event, distinct in _events(letter, one.waiting, post):
        await post.note(event, *distinct)
    for parked in one.waiting:
        records = services[parked.service]
        if not await off_the_list(
            records, parked.ref, letter.message_id, replaying.DECIDED_WITHIN_S
        ):
            return Discarded(
                one,
                f"it is written down, but still waits for {parked.name} after"
                f" {replaying.DECIDED_WITHIN_S:g} s; does {parked.service} run?",
            )
    return Discarded(one)


def _events(
    letter: Letter, waiting: Sequence[Parked], post: Post
) -> list[tuple[DeadLetterDiscarded, tuple[str, ...]]]:
    """One for each aggregate that waits, or a single one."""
    said = common(letter, post.signed) | {"digest": _digest(letter)}
    if not waiting:
        return [(DeadLetterDiscarded.model_validate(said), ())]
    return [
        (
            DeadLetterDiscarded.model_validate(
                said | {"kind": one.ref.kind, "aggregate": one.ref.id}
            ),
            one.ref,
        )
        for one in waiting
    ]


def _digest(letter: Letter) -> str | None:
    if letter.origin.topic not in TOPICS:
        return None
    try:
        return codec.read(letter.original).digest
    except Unreadable:
        return None
