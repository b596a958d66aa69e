"""Detects a database that is older than the service's own topics, before any message is decided.

A service stores an event before it publishes it, so whatever it has on its topics is in a history.
If the last event on a partition is in none, the database was restored from an older backup, or it
belongs to another desk: what is decided next would take numbers that are taken (ADR 0012).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.outage import Forbidden
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.runtime.publications import PublishedEvent, last_published
from shared.settings import RuntimeSettings

RECORDS = "records"
"""Under this name a health page says that the database is older than the topics."""
HELD_BACK_SECONDS = 5.0
"""How often a service that is held back looks whether `restore` has finished."""
RESTORATION = "restoration"
UNREADABLE = (
    "this Kafka user may not read the service's own topics, so that nobody knows whether the"
    " database is older than they are: allow it (`desk acl kafka`), or accept it"
    " (ACCEPT_OLDER_DATABASE)"
)
UNFINISHED = "a restoration was broken off: run `desk restore` again"


async def objection_to(
    service: Service, settings: RuntimeSettings, store: Store, now: datetime
) -> str | None:
    """Returns why these records must not be continued; None if they may. Raises `Outage`."""
    restoration = await store.upgrade(RESTORATION)
    if restoration.get("unfinished"):
        return UNFINISHED
    accepted, until = set(restoration.get("accepted", ())), restoration.get("accepted_until")
    try:
        unknown = await unrecorded(service, settings, store, now)
    except Forbidden as forbidden:
        if forbidden.dependency == "kafka":
            return UNREADABLE
        raise
    lacking = [
        event
        for event in unknown
        if event.id not in accepted and (until is None or event.at > until)
    ]
    return described(lacking) if lacking else None


async def unrecorded(
    service: Service, settings: RuntimeSettings, store: Store, now: datetime
) -> list[PublishedEvent]:
    """The service's last event on each partition of its topics, where no history has it.

    The topics are read first: whatever is on them was stored before. An event so old that its
    entry may have expired proves nothing. Raises `Outage`.
    """
    kept = settings.history_kept
    found = [
        event
        for event in await last_published(service.name, settings)
        if kept is None or event.at > now - kept
    ]
    recorded = await store.recorded({event.id: event.subject for event in found})
    return [event for event in found if event.id not in recorded]


async def accept_older(store: Store, now: datetime) -> None:
    """Accept the events published until now: they no longer hold this database back.

    So the setting is needed for one start alone: after it, another backup is found old again.
    Raises `Outage`.
    """
    await store.note_upgrade(RESTORATION, {"accepted_until": now})


async def begin_restoration(store: Store) -> None:
    """Hold the service back until the restoration is finished. Raises `Outage`."""
    await store.note_upgrade(RESTORATION, {"unfinished": True})


async def finish_restoration(
    service: Service, settings: RuntimeSettings, store: Store, now: datetime
) -> None:
    """Releases the service and accepts the reported events that could not be restored.

    Raises `Outage`.
    """
    accepted = [event.id for event in await unrecorded(service, settings, store, now)]
    await store.note_upgrade(RESTORATION, {"unfinished": False, "accepted": accepted})


def described(unknown: Iterable[PublishedEvent]) -> str:
    """Words the fault for the health page, with its remedy."""
    topics = ", ".join(sorted({event.topic for event in unknown}))
    return (
        f"the database is older than {topics}, or another desk's: what these topics hold of this"
        " service is in no history; run `desk restore`, or accept it (ACCEPT_OLDER_DATABASE)"
    )
