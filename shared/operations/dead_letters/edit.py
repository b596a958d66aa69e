"""A letter corrected: its record goes to its topic again with what was wrong put right.

The letter itself stays as it is; `dead_letter.edited.v1` says who changed which fields, when and
why, and how to tell both values by their digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.events.operations import DeadLetterEdited
from shared.operations.audit_trail import common
from shared.operations.dead_letters import check as record_check
from shared.operations.dead_letters import correct as correcting
from shared.operations.dead_letters import replay as replaying
from shared.operations.dead_letters.correct import Corrected, Correction
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.replay import let_through, newest_by_message, why_not
from shared.operations.dead_letters.resend import dealt_with
from shared.operations.dead_letters.selection import chosen, handled_by
from shared.operations.dead_letters.topic import briefs
from shared.operations.errors import FAILED, DeskError
from shared.operations.parked import Parked, named, off_the_list, parked, waiting_for
from shared.operations.records import Records
from shared.operations.sender import Place, Post

IDENTITY = frozenset({"ce_source", "ce_id"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A correction that would be accepted, and the aggregates that wait for it."""

    letter: Letter
    corrected: Corrected
    waiting: tuple[Parked, ...]

    @property
    def heads(self) -> bool:
        """Whether nothing waits before it."""
        return all(one.waiting[0] == self.letter.message_id for one in self.waiting)


@dataclass(slots=True)
class Edited:
    """What became of a correction; `stopped_by` says why it, or what waits behind, is not done."""

    letter: Letter
    place: Place
    waits: bool = False
    decided: int = 0
    stopped_by: str | None = None


async def draft(
    asked: LetterId, correction: Correction, services: Mapping[str, Records], post: Post
) -> Draft:
    """The corrected record, with every check made. Raises `DeskError`, all faults in it."""
    index = await briefs(post.settings)
    [brief] = chosen([asked], index)
    records = services.get(brief.service)
    if records is None:
        raise DeskError(f"{asked} was given up by {brief.service!r}, which is no service.")
    waiting = waiting_for(named(await parked(records), index), brief.service, brief.message_id)
    _refuse_old(brief, index, post, waiting=bool(waiting))
    letter = await post.box.fetch(asked)
    if waiting and any(name.lower() in IDENTITY for name, _ in correction.headers):
        raise DeskError(
            f"{asked} is waited for by its ce_source and ce_id; these cannot be corrected."
        )
    made = correcting.corrected(letter, correction)
    found = record_check.faults(
        made.record, records.service, datetime.now(UTC), needed=[one.ref for one in waiting]
    )
    if found:
        raise DeskError(
            "\n".join(
                [f"nothing was sent, because {asked} would still have faults:", *_list(found)]
            )
        )
    return Draft(letter, made, tuple(waiting))


def _list(found: Sequence[str]) -> list[str]:
    return [f"  {one}" for one in found]


def _refuse_old(letter: Letter, index: Sequence[Letter], post: Post, *, waiting: bool) -> None:
    """Only the newest letter of a message is what the desk last saw of it."""
    if letter.message_id:
        newest = newest_by_message(index)[letter.service, letter.message_id]
        if newest.id != letter.id:
            raise DeskError(
                f"{letter.id} is not the newest letter of its message; edit {newest.id}.",
                code=FAILED,
            )
    own = post.acts.on(letter.id)
    if any(isinstance(one, DeadLetterEdited) for one in own) or (
        not waiting and letter not in post.acts.open(index)
    ):
        raise DeskError(
            f"{letter.id} was {handled_by(letter, index, post.acts)}; there is nothing left to"
            " correct.",
            code=FAILED,
        )


async def edit(made: Draft, records: Records, post: Post) -> Edited:
    """Send the correction, write that down, and see it decided. Raises `Outage`.

    If nothing waits before it, what waits behind it is then let through as in a replay.
    """
    letter, record = made.letter, made.corrected.record
    place = await post.send(record)
    event = DeadLetterEdited.model_validate(
        common(letter, post.signed)
        | {
            "changed": made.corrected.changed,
            "original_sha256": letter.sha256,
            "corrected_sha256": hashlib.sha256(record.value or b"").hexdigest(),
            "sent_partition": place.partition,
            "sent_offset": place.offset,
        }
    )
    await post.note(event, place.partition, place.offset)
    outcome = Edited(letter, place)
    if not made.waiting:
        outcome.stopped_by = await dealt_with(letter, place, post)
    elif made.heads:
        await _go_on(made, outcome, records, post)
    else:
        outcome.waits = True
    return outcome


async def _go_on(made: Draft, outcome: Edited, records: Records, post: Post) -> None:
    within = replaying.DECIDED_WITHIN_S
    newest = newest_by_message(await briefs(post.settings))
    for one in made.waiting:
        if not await off_the_list(records, one.ref, made.letter.message_id, within):
            outcome.stopped_by = await why_not(records, one)
            return
        rest = Parked(one.service, one.ref, one.since, one.error, one.waiting[1:])
        behind = await let_through(records, rest, newest, post)
        outcome.decided += behind.decided
        outcome.stopped_by = outcome.stopped_by or behind.stopped_by
