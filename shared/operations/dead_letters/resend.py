"""Sends letters again that no aggregate waits for, one after the other.

Nobody could read them, or our routing failed on them; nothing waits behind them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from shared.events.topics import TOPICS
from shared.kafka.broker import broker_at
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.records import RecordPosition
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.stop import FailedAgain, NotReached, Stop, WouldFail
from shared.operations.sender import ReplaySession
from shared.runtime import codec
from shared.runtime.faults import Unreadable


@dataclass(frozen=True, slots=True)
class Resent:
    """The outcome of one letter; `stopped_by` says why it was not sent, or that it died again."""

    letter: Letter
    stopped_by: Stop | None = None


async def resend(chosen: Sequence[Letter], session: ReplaySession) -> AsyncIterator[Resent]:
    """Send the letters in their order, each once the one before it was dealt with.

    After one that fails, neither others of its service, reason and error are sent nor others of
    its topic and key. Raises `Outage`, `NoSuchLetters`.
    """
    failed: set[tuple[object, ...]] = set()
    for letter in chosen:
        alike = {
            (letter.service, letter.reason, letter.error),
            (letter.service, letter.origin.topic, letter.key),
        }
        if letter.key is None:
            alike.discard((letter.service, letter.origin.topic, None))
        if alike & failed:
            continue
        outcome = Resent(letter, await _try(letter, session))
        if outcome.stopped_by is not None:
            failed |= alike
        yield outcome


async def _try(letter: Letter, session: ReplaySession) -> Stop | None:
    if refusal := session.refusal(letter):
        return refusal
    whole = await session.topic.fetch(letter.id)
    if not session.force and (fault := unreadable(whole)):
        return WouldFail(fault)
    return await dealt_with(letter, await session.resend(whole), session)


def unreadable(letter: Letter) -> str | None:
    """Returns why this release cannot read the record, or None; quotes no value of it."""
    if letter.origin.topic not in TOPICS:
        return f"{letter.origin.topic} is no topic of the desk"
    try:
        codec.read(letter.original)
    except Unreadable as fault:
        return f"{fault.reason}: {fault.error}"
    return None


async def dealt_with(
    letter: Letter, sent: RecordPosition, session: ReplaySession
) -> NotReached | FailedAgain | None:
    """Wait until the letter's service has passed the record `sent`; None if it was decided.

    Raises `Outage`.
    """
    group, within_s = session.settings.group_of(letter.service), session.decided_within_s
    with kafka_errors_as_outage():
        async with broker_at(session.settings) as broker:
            passed = await broker.passes(group, sent, within_s=within_s)
    if not passed:
        return NotReached(letter.service, within_s)
    died = await session.topic.given_up_again(letter.service, sent)
    return None if died is None else FailedAgain(died.id, died.reason, died.error)
