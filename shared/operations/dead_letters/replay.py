"""What waits behind a defect let through again, in its order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.events.operations import DeadLetterEdited
from shared.events.topics import DEAD_LETTERS
from shared.operations.audit_trail import Signed, operator
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.topic import briefs, letters
from shared.operations.parked import Parked, named, off_the_list, parked, parked_now
from shared.operations.records import Records
from shared.operations.sender import Post, post_office
from shared.settings import RuntimeSettings

__all__ = ["Outcome", "Parked", "let_through", "letters", "newest_by_message", "parked", "replay"]

DECIDED_WITHIN_S = 15.0


@dataclass(slots=True)
class Outcome:
    """What became of one parked aggregate's replay; `stopped_by` says why it went no further."""

    parked: Parked
    decided: int = 0
    stopped_by: str | None = None


Newest = Mapping[tuple[str, str], Letter]
"""The newest letter of a message, by service and message id: what an edit made of it, if any."""


def newest_by_message(found: Sequence[Letter]) -> Newest:
    """Of letters in the order in which they were given up."""
    return {(one.service, one.message_id): one for one in found if one.message_id}


async def replay(
    records: Records,
    aggregates: Sequence[Parked],
    settings: RuntimeSettings,
    *,
    told: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Let through what waits for these aggregates of one service, as the person who runs this.

    Safe to run again: what was decided is known by its id, and only the message at the head is
    ever tried. Raises `Outage` or `DeskError`.
    """
    index = await briefs(settings)
    newest = newest_by_message(index)
    outcomes: list[Outcome] = []
    async with post_office(settings, Signed(operator())) as post:
        for one in named(aggregates, index):
            outcomes.append(await let_through(records, one, newest, post))
            told(outcomes[-1])
    return outcomes


async def let_through(
    records: Records,
    one: Parked,
    newest: Newest,
    post: Post,
    *,
    step: Callable[[], None] = lambda: None,
) -> Outcome:
    """Send what waits, each message only once the one before it was decided.

    Stops at the first that fails again. `step` is called after each that did not.
    """
    outcome = Outcome(one)
    for message_id in one.waiting:
        letter = newest.get((one.service, message_id))
        outcome.stopped_by = await _try(records, one, message_id, letter, post)
        if outcome.stopped_by is not None:
            return outcome
        outcome.decided += 1
        step()
    return outcome


async def _try(
    records: Records, one: Parked, message_id: str, letter: Letter | None, post: Post
) -> str | None:
    """Why the message does not get through, or None."""
    if letter is None:
        return f"its dead letter is gone from {DEAD_LETTERS}: {message_id}"
    if any(isinstance(act, DeadLetterEdited) for act in post.acts.on(letter.id)):
        return f"the correction of {letter.id} is on its way; when it has come, replay again"
    if refused := post.refusal(letter):
        return f"{letter.id}: {refused}"
    await post.again(await post.box.fetch(letter.id))
    if await off_the_list(records, one.ref, message_id, DECIDED_WITHIN_S):
        return None
    return await why_not(records, one)


async def why_not(records: Records, one: Parked) -> str:
    """What to say of a message that still waits after `DECIDED_WITHIN_S`."""
    now = await parked_now(records, one.ref)
    return f"not decided in {DECIDED_WITHIN_S:g} s; the defect was {now.error if now else ''}"
