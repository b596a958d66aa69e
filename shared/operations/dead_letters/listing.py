"""Letters as they stand: what was done with each, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.operations.audit_trail import AuditTrail, read_audit_trail
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.settlement import Settlement, settlement_of
from shared.operations.dead_letters.topic import briefs, briefs_at, in_time
from shared.operations.parked import Parked, named, parked
from shared.operations.service_client import ServiceClient, ServiceError
from shared.settings import RuntimeSettings

MOST_OTHERS = 300
"""Each is read by itself; a message that died more often is looked at whole before an act."""


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
    letters, trail = await briefs(settings), await read_audit_trail(settings)
    return await as_they_stand(settings, letters, trail, *await who_waits(services))


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
    trail: AuditTrail,
    waiting: Sequence[Parked] = (),
    silent: Sequence[ServiceError] = (),
) -> FoundLetters:
    """These `letters`, by when they were given up, and what the `trail` says of them.

    Raises `Outage`, `MissingTopics`.
    """
    others = await briefs_at(settings, _acted_on_later(letters, trail))
    return FoundLetters(letters, trail, named(waiting, letters), silent, others)


def _acted_on_later(letters: Sequence[Letter], trail: AuditTrail) -> list[LetterId]:
    """The later letters that may have settled one of these, the newest of them."""
    found = {
        other
        for letter in letters
        if not trail.on(letter.id)
        for other in trail.handled_of(letter)
        if other.partition != letter.id.partition or other.offset > letter.id.offset
    }
    return sorted(found - {it.id for it in letters}, key=lambda it: -it.offset)[:MOST_OTHERS]
