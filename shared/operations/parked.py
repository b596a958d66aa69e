"""The aggregates that a defect parked, and the messages that wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.events.envelope import Ref
from shared.operations.dead_letters.letter import Letter
from shared.operations.service_client import ServiceClient
from shared.runtime.aggregates.parking import digest_of, digests_in
from shared.runtime.operations.answers import ParkedRecord

LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Parked:
    """An aggregate that a defect parked, and the messages that wait for it, in their order."""

    service: str
    ref: Ref
    since: datetime
    error: str
    waiting: tuple[str, ...]
    behind: tuple[bytes, ...] = ()
    """The messages behind those named: digests of their ids."""

    @property
    def name(self) -> str:
        return f"{self.service} {self.ref.kind} {self.ref.id}"

    def first(self, count: int) -> Parked:
        """The same, as if only that number waited."""
        return replace(self, waiting=self.waiting[:count], behind=())


async def parked(service: ServiceClient) -> list[Parked]:
    """The service's parked aggregates, longest parked first. Raises `ServiceError`."""
    return [_parked(service.name, record) for record in await service.parked()]


async def all_parked(services: Mapping[str, ServiceClient]) -> list[Parked]:
    """The same of several services, one after the other."""
    return [aggregate for service in services.values() for aggregate in await parked(service)]


async def parked_now(service: ServiceClient, ref: Ref) -> Parked | None:
    """How one aggregate stands, None if nothing waits for it. Raises `ServiceError`."""
    found = await service.parked_one(ref)
    return None if found is None else _parked(service.name, found)


async def off_the_list(service: ServiceClient, ref: Ref, message_id: str, within_s: float) -> bool:
    """Whether the message stops waiting within the time. Raises `ServiceError`."""
    try:
        async with asyncio.timeout(within_s):
            while await service.waits(ref, message_id):
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        return False
    return True


def named(aggregates: Sequence[Parked], letters: Iterable[Letter]) -> list[Parked]:
    """The same with the whole line by name: of a long one the document names only the head.

    A message whose letter is gone keeps its digest for a name.
    """
    long = [aggregate for aggregate in aggregates if aggregate.behind]
    if not long:
        return list(aggregates)
    names = {digest_of(letter.message_id): letter.message_id for letter in letters}
    return [
        replace(
            aggregate,
            waiting=(
                *aggregate.waiting,
                *(names.get(digest, digest.hex()) for digest in aggregate.behind),
            ),
            behind=(),
        )
        for aggregate in aggregates
    ]


def waiting_for(aggregates: Iterable[Parked], service: str, message_id: str) -> Sequence[Parked]:
    """Returns the service's aggregates for which the message waits; more than one is rare."""
    return [
        aggregate
        for aggregate in aggregates
        if aggregate.service == service and message_id in aggregate.waiting
    ]


def _parked(service: str, record: ParkedRecord) -> Parked:
    behind = tuple(digests_in(record.behind))
    return Parked(service, record.ref, record.since, record.error, record.waiting, behind)
