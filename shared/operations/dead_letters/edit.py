"""A letter corrected: its record goes to its topic again with what was wrong put right.

The letter itself stays as it is; `dead_letter.edited.v1` says who changed which fields, when and
why, and how to tell both values by their digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.events.operations import DeadLetterEdited
from shared.kafka.records import RecordPosition
from shared.operations.audit_trail import common
from shared.operations.dead_letters.correct import Corrected, Correction, corrected
from shared.operations.dead_letters.errors import (
    AlreadySettled,
    IdentityCorrected,
    StillFaulty,
    Superseded,
    UnknownService,
)
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.replay import let_through, newest_by_message, still_parked
from shared.operations.dead_letters.resend import dealt_with
from shared.operations.dead_letters.selection import chosen
from shared.operations.dead_letters.settlement import settlement_of
from shared.operations.dead_letters.stop import Stop
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import Parked, named, off_the_list, parked, waiting_for
from shared.operations.sender import ReplaySession
from shared.operations.service_client import ServiceClient

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
        return all(aggregate.waiting[0] == self.letter.message_id for aggregate in self.waiting)


@dataclass(slots=True)
class Edited:
    """The outcome of a correction; `stopped_by` says why it, or what waits behind, is not done."""

    letter: Letter
    sent: RecordPosition
    waits: bool = False
    decided: int = 0
    stopped_by: Stop | None = None


async def draft(
    asked: LetterId,
    correction: Correction,
    services: Mapping[str, ServiceClient],
    session: ReplaySession,
) -> Draft:
    """The corrected record, with every check made by the service that will decide it.

    Raises `Outage`, `NoSuchLetters`, `ServiceError`, and any error of `dead_letters.errors` and
    `correct`.
    """
    index = await briefs(session.settings)
    [brief] = chosen([asked], index)
    service = services.get(brief.service)
    if service is None:
        raise UnknownService(asked, brief.service)
    waiting = waiting_for(named(await parked(service), index), brief.service, brief.message_id)
    _refuse_old(brief, index, session, waiting=bool(waiting))
    letter = await session.topic.fetch(asked)
    if waiting and any(name.lower() in IDENTITY for name, _ in correction.headers):
        raise IdentityCorrected(asked)
    made = corrected(letter, correction)
    found = await service.check(made.record, [aggregate.ref for aggregate in waiting])
    if found:
        raise StillFaulty(asked, found)
    return Draft(letter, made, tuple(waiting))


def _refuse_old(
    letter: Letter, index: Sequence[Letter], session: ReplaySession, *, waiting: bool
) -> None:
    """Only the newest letter of a message is what the desk last saw of it."""
    if letter.message_id:
        newest = newest_by_message(index)[letter.service, letter.message_id]
        if newest.id != letter.id:
            raise Superseded(letter.id, newest.id)
    own = session.trail.on(letter.id)
    if any(isinstance(act, DeadLetterEdited) for act in own) or (
        not waiting and letter not in session.trail.open(index)
    ):
        raise AlreadySettled(letter.id, settlement_of(letter, index, session.trail))


async def edit(made: Draft, service: ServiceClient, session: ReplaySession) -> Edited:
    """Send the correction, write that down, and see it decided. Raises `Outage`, `ServiceError`.

    If nothing waits before it, what waits behind it is then let through as in a replay.
    """
    letter, record = made.letter, made.corrected.record
    sent = await session.send(record)
    event = DeadLetterEdited.model_validate(
        common(letter, session.author)
        | {
            "changed": made.corrected.changed,
            "original_sha256": letter.sha256,
            "corrected_sha256": hashlib.sha256(record.value or b"").hexdigest(),
            "sent_partition": sent.partition,
            "sent_offset": sent.offset,
        }
    )
    await session.record(event, sent.partition, sent.offset)
    outcome = Edited(letter, sent)
    if not made.waiting:
        outcome.stopped_by = await dealt_with(letter, sent, session)
    elif made.heads:
        await _let_rest_through(made, outcome, service, session)
    else:
        outcome.waits = True
    return outcome


async def _let_rest_through(
    made: Draft, outcome: Edited, service: ServiceClient, session: ReplaySession
) -> None:
    newest = newest_by_message(await briefs(session.settings))
    for aggregate in made.waiting:
        if not await off_the_list(
            service, aggregate.ref, made.letter.message_id, session.decided_within_s
        ):
            outcome.stopped_by = await still_parked(service, aggregate, session)
            return
        rest = Parked(
            aggregate.service,
            aggregate.ref,
            aggregate.since,
            aggregate.error,
            aggregate.waiting[1:],
        )
        behind = await let_through(service, rest, newest, session)
        outcome.decided += behind.decided
        outcome.stopped_by = outcome.stopped_by or behind.stopped_by
