"""Replays what waits behind a defect, each aggregate's messages in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.events.operations import DeadLetterEdited
from shared.operations.audit_trail import AuditTrail
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.selection import Plan, Selection, planned
from shared.operations.dead_letters.stop import CorrectionUnderway, LetterGone, StillParked, Stop
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import Parked, all_parked, named, off_the_list, parked_now
from shared.operations.sender import ReplaySession
from shared.operations.service_client import ServiceClient
from shared.settings import RuntimeSettings

Newest = Mapping[tuple[str, str], Letter]
"""The newest letter of a message, by service and message id: what an edit made of it, if any."""


@dataclass(slots=True)
class ReplayOutcome:
    """The outcome of one parked aggregate's replay; `stopped_by` says why it went no further."""

    parked: Parked
    decided: int = 0
    stopped_by: Stop | None = None


def newest_by_message(found: Sequence[Letter]) -> Newest:
    """Maps each message to its newest letter; `found` is sorted by time."""
    return {(letter.service, letter.message_id): letter for letter in found if letter.message_id}


async def plan_replay(
    selection: Selection,
    services: Mapping[str, ServiceClient],
    settings: RuntimeSettings,
    trail: AuditTrail,
    *,
    force: bool,
) -> tuple[Plan, Newest]:
    """Plans a replay of `selection` from the topic and the services' parked aggregates.

    Raises `Outage`, `MissingTopics`, `NoSuchLetters`, `ServiceError`.
    """
    letters = await briefs(settings)
    waiting = named(await all_parked(services), letters)
    plan = planned(selection, letters, trail, waiting, force=force)
    return plan, newest_by_message(letters)


async def let_through(
    service: ServiceClient,
    parked: Parked,
    newest: Newest,
    session: ReplaySession,
    *,
    step: Callable[[], None] = lambda: None,
) -> ReplayOutcome:
    """Send what waits, each message only once the one before it was decided.

    Stops at the first that fails again; `step` is called after each that did not. Safe to run
    again: what was decided is known by its id, and only the message at the head is tried. Raises
    `Outage`, `NoSuchLetters`, `ServiceError`.
    """
    outcome = ReplayOutcome(parked)
    for message_id in parked.waiting:
        letter = newest.get((parked.service, message_id))
        outcome.stopped_by = await _try(service, parked, message_id, letter, session)
        if outcome.stopped_by is not None:
            return outcome
        outcome.decided += 1
        step()
    return outcome


async def _try(
    service: ServiceClient,
    parked: Parked,
    message_id: str,
    letter: Letter | None,
    session: ReplaySession,
) -> Stop | None:
    if letter is None:
        return LetterGone(message_id)
    if any(isinstance(act, DeadLetterEdited) for act in session.trail.on(letter.id)):
        return CorrectionUnderway(letter.id)
    if refusal := session.refusal(letter):
        return refusal
    await session.resend(await session.topic.fetch(letter.id))
    if await off_the_list(service, parked.ref, message_id, session.decided_within_s):
        return None
    return await still_parked(service, parked, session)


async def still_parked(
    service: ServiceClient, parked: Parked, session: ReplaySession
) -> StillParked:
    """Returns why a message still waits after the session's time. Raises `ServiceError`."""
    now = await parked_now(service, parked.ref)
    return StillParked(session.decided_within_s, now.error if now else "")
