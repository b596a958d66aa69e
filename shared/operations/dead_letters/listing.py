"""All letters as they stand: what was done with each, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.operations.audit_trail import AuditTrail, read_audit_trail
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import Parked, named, parked
from shared.operations.service_client import ServiceClient, ServiceError
from shared.settings import RuntimeSettings


@dataclass(frozen=True, slots=True)
class FoundLetters:
    """Letters without their values, what was done with them, and who waits.

    Nobody knows what the `silent` services have parked.
    """

    letters: list[Letter]
    trail: AuditTrail
    waiting: Sequence[Parked]
    silent: Sequence[ServiceError] = ()

    @property
    def open(self) -> list[Letter]:
        """The letters that nobody has settled, oldest first."""
        return self.trail.open(self.letters)


async def found_letters(
    settings: RuntimeSettings,
    services: Mapping[str, ServiceClient],
    *,
    newest: int | None = None,
) -> FoundLetters:
    """Reads the topic and asks every service.

    `newest` limits it to the last offsets of each partition. Raises `Outage`, `MissingTopics`.
    """
    letters = await briefs(settings, newest=newest)
    trail = await read_audit_trail(settings)
    waiting: list[Parked] = []
    silent: list[ServiceError] = []
    for service in services.values():
        try:
            waiting += await parked(service)
        except ServiceError as error:
            silent.append(error)
    return FoundLetters(letters, trail, named(waiting, letters), silent)
