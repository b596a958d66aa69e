"""Letters for which no aggregate waits: sent to their topic again, one after the other.

Nobody could read them, or our routing stumbled; what came after them was not held up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.events.topics import TOPICS
from shared.kafka.client_options import client_options
from shared.operations.dead_letters.letter import Letter, Origin
from shared.operations.sender import Place, Post
from shared.runtime import codec
from shared.runtime.faults import Unreadable, kafka_errors_as_outage
from shared.settings import RuntimeSettings

DECIDED_WITHIN_S = 15.0
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of one letter; `stopped_by` says why it was not sent, or that it died again."""

    letter: Letter
    stopped_by: str | None = None


async def resend(
    chosen: Sequence[Letter],
    post: Post,
    *,
    told: Callable[[Resent], None] = lambda _outcome: None,
) -> list[Resent]:
    """Send the letters in their order, each once the one before it was dealt with.

    After one that fails, neither others of its service, reason and error are sent nor others of
    its topic and key. `told` hears of each at once. Raises `Outage` or `DeskError`.
    """
    outcomes: list[Resent] = []
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
        outcomes.append(Resent(letter, await _try(letter, post)))
        if outcomes[-1].stopped_by is not None:
            failed |= alike
        told(outcomes[-1])
    return outcomes


async def _try(letter: Letter, post: Post) -> str | None:
    if refused := post.refusal(letter):
        return refused
    whole = await post.box.fetch(letter.id)
    if not post.force and (fault := unreadable(whole)):
        return f"not sent, because it would fail again: {fault}"
    return await dealt_with(letter, await post.again(whole), post)


def unreadable(letter: Letter) -> str | None:
    """Why this version of the desk cannot read the record, or None. Holds no value of it."""
    if letter.origin.topic not in TOPICS:
        return f"{letter.origin.topic} is no topic of the desk"
    try:
        codec.read(letter.original)
    except Unreadable as fault:
        return f"{fault.reason}: {fault.error}"
    return None


async def dealt_with(letter: Letter, place: Place, post: Post) -> str | None:
    """Wait until the letter's service is past the new record; why it was given up, or None."""
    origin = Origin(letter.origin.topic, place.partition, place.offset)
    if not await _passed(letter.service, origin, post.settings):
        return (
            f"not decided in {DECIDED_WITHIN_S:g} s, though it was sent; does {letter.service}"
            " run? `desk doctor` says so"
        )
    died = await post.box.come_for(letter.service, origin)
    return None if died is None else f"it failed again: {died.reason}: {died.error} ({died.id})"


async def _passed(service: str, origin: Origin, settings: RuntimeSettings) -> bool:
    """Whether the service's group commits an offset beyond `origin` within the time."""
    partition = TopicPartition(origin.topic, origin.partition)
    group = settings.group_of(service)
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            async with asyncio.timeout(DECIDED_WITHIN_S):
                while True:
                    offsets = await admin.list_consumer_group_offsets(group)
                    if partition in offsets and offsets[partition].offset > origin.offset:
                        return True
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            return False
        finally:
            await admin.close()
