"""The aggregates that a defect parked, and the messages that wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.events.envelope import Ref
from shared.operations.dead_letters.letter import Letter
from shared.operations.records import Records
from shared.runtime.aggregates.parking import digest_of, digests_in
from shared.runtime.faults import mongodb_errors_as_outage

LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Parked:
    """An aggregate that a defect parked, and the messages that wait for it, in their order."""

    service: str
    ref: Ref
    since: datetime
    error: str
    waiting: tuple[str, ...]
    behind: tuple[bytes, ...] = ()
    """What waits behind those named: digests of the messages' ids."""

    @property
    def name(self) -> str:
        return f"{self.service} {self.ref.kind} {self.ref.id}"

    def waits(self, message_id: str) -> bool:
        """Whether the message is in the line."""
        return message_id in self.waiting or digest_of(message_id) in self.behind

    def first(self, count: int) -> Parked:
        """The same, as if only so many waited."""
        return replace(self, waiting=self.waiting[:count], behind=())


async def parked(records: Records) -> list[Parked]:
    """The service's parked aggregates, longest parked first. Raises `Outage`."""
    found: list[Parked] = []
    for decider in records.service.deciders:
        collection = records.database.collection(decider.kind)
        with mongodb_errors_as_outage():
            async for one in collection.find({"parked.at": {"$exists": True}}, {"parked": 1}):
                ref = Ref(decider.kind, one["_id"])
                found.append(_parked(records.service.name, ref, one["parked"]))
    return sorted(found, key=lambda one: one.since)


async def all_parked(services: Mapping[str, Records]) -> list[Parked]:
    """The same of several services, one after the other."""
    return [one for records in services.values() for one in await parked(records)]


async def parked_now(records: Records, ref: Ref) -> Parked | None:
    """How one aggregate stands, None if nothing waits for it. Raises `Outage`."""
    with mongodb_errors_as_outage():
        document = await records.database.collection(ref.kind).find_one(
            {"_id": ref.id}, {"parked": 1}
        )
    what = document.get("parked") if document else None
    return _parked(records.service.name, ref, what) if what else None


async def off_the_list(records: Records, ref: Ref, message_id: str, within_s: float) -> bool:
    """Whether the message stops waiting within the time; the service may be slow or down."""
    try:
        async with asyncio.timeout(within_s):
            while await _waits(records, ref, message_id):
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        return False
    return True


async def _waits(records: Records, ref: Ref, message_id: str) -> bool:
    found = await parked_now(records, ref)
    return found is not None and found.waits(message_id)


def named(aggregates: Sequence[Parked], letters: Iterable[Letter]) -> list[Parked]:
    """The same with the whole line by name: of a long one the document names only the head.

    A message whose letter is gone keeps its digest for a name.
    """
    long = [one for one in aggregates if one.behind]
    if not long:
        return list(aggregates)
    names = {digest_of(letter.message_id): letter.message_id for letter in letters}
    return [
        replace(
            one,
            waiting=(*one.waiting, *(names.get(digest, digest.hex()) for digest in one.behind)),
            behind=(),
        )
        for one in aggregates
    ]


def waiting_for(aggregates: Iterable[Parked], service: str, message_id: str) -> Sequence[Parked]:
    """Those aggregates of the service for which the message waits; more than one is rare."""
    return [one for one in aggregates if one.service == service and message_id in one.waiting]


def _parked(service: str, ref: Ref, what: Mapping[str, Any]) -> Parked:
    return Parked(
        service,
        ref,
        what["at"],
        what["error"],
        tuple(what["waiting"]),
        tuple(digests_in(what.get("behind", b""))),
    )
