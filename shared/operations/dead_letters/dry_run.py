"""Asks the service that gave letters up what they would bring; nothing is decided for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.operations.dead_letters.letter import Letter, Original
from shared.operations.dead_letters.topic import DeadLetterTopic
from shared.operations.service_client import ServiceClient, fits
from shared.runtime.operations.answers import Foreseen


@dataclass(slots=True)
class Chunk:
    """Letters that one dry run takes, with their records."""

    letters: list[Letter] = field(default_factory=list)
    records: list[Original] = field(default_factory=list)

    async def fill(self, letters: Sequence[Letter], topic: DeadLetterTopic) -> Sequence[Letter]:
        """Takes letters from the head as long as they fit, and returns the others.

        Raises `Outage`, `NoSuchLetters`.
        """
        for number, letter in enumerate(letters):
            record = (await topic.fetch(letter.id)).original
            if not fits(self.records, record):
                return letters[number:]
            self.letters.append(letter)
            self.records.append(record)
        return ()


async def foreseen_for(
    chunk: Chunk, services: Mapping[str, ServiceClient]
) -> list[tuple[Letter, Foreseen]]:
    """The decisions that letters would bring, in their order; none of an unknown service.

    Raises `ServiceError`.
    """
    foreseen: dict[int, Foreseen] = {}
    for name, service in services.items():
        own = [place for place, letter in enumerate(chunk.letters) if letter.service == name]
        if own:
            told = await service.dry_run([chunk.records[place] for place in own])
            foreseen |= dict(zip(own, told, strict=True))
    return [(chunk.letters[place], foreseen[place]) for place in sorted(foreseen)]


def types_of(foreseen: Foreseen) -> list[str]:
    """The types of the events; their data may be personal."""
    return [event.type for event in foreseen.events]
