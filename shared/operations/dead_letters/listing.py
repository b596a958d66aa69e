"""Letters as they stand: what was done with each, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.operations.audit_trail import AuditTrail, read_audit_trail
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.settlement import Settlement, settlement_of
from shared.operations.dead_letters.topic import briefs, briefs_at, in_time
from shared.operations.parked import Parked, named, parked
from shared.operations.service_client import ServiceClient, ServiceError
from shared.settings import RuntimeSettings


@dataclass(frozen=True, slots=True)
class FoundLetters:
    """Letters without their values, what was done with them, and who waits.

    Nobody knows what the `silent` services have parked. `others` are further letters of the same
    messages, on which somebody has acted: where not all letters were read, they tell what is
    settled.
    """

    letters: list[Letter]
    trail: AuditTrail
    waiting: Sequence[Parked]
    silent: Sequence[ServiceError] = ()
    others: Sequence[Letter] = ()

    @property
    def open(self) -> list[Letter]:
        """The letters that nobody has settled, oldest first."""
        still = {it.id for it in self.trail.open(self._known)}
        return [it for it in self.letters if it.id in still]

    def settlement(self, letter: Letter) -> Settlement:
        """How one of the letters that are not open was dealt with."""
        return settlement_of(letter, self._known, self.trail)

    @property
    def _known(self) -> Sequence[Letter]:
        return in_time([*self.letters, *self.others]) if self.others else self.letters


async def found_letters(
    settings: RuntimeSettings, services: Mapping[str, ServiceClient]
) -> FoundLetters:
    """Reads the whole topic and asks every service. Raises `Outage`, `MissingTopics`."""
    return await as_they_stand(settings, await briefs(settings), *await who_waits(services))


async def who_waits(
    services: Mapping[str, ServiceClient],
) -> tuple[Sequence[Parked], Sequence[ServiceError]]:
    """Everything that the services have parked, and those that do not say."""
    waiting: list[Parked] = []
    silent: list[ServiceError] = []
    for service in services.values():
        try:
            waiting += await parked(service)
        except ServiceError as error:
            silent.append(error)
    return waiting, silent


async def as_they_stand(
    settings: RuntimeSettings,
    letters: list[Letter],
    waiting: Sequence[Parked] = (),
    silent: Sequence[ServiceError] = (),
) -> FoundLetters:
    """These `letters`, by when they were given up, and what was done with them.

    Raises `Outage`, `MissingTopics`.
    """
    trail = await read_audit_trail(settings)
    read = {it.id for it in letters}
    acted_on = {it for letter in letters for it in trail.handled_of(letter)} - read
    others = await briefs_at(settings, acted_on)
    return FoundLetters(letters, trail, named(waiting, letters), silent, others)
