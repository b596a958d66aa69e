"""The submission that began what an event is about, where the message behind it cannot say.

A timer, an agent or another system brings no submission's id. What it causes in an inquiry's name
leads to the submission that began that inquiry: the oldest message in the record's history that was
about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from shared.events.envelope import Ref
from shared.mongo.client import Document
from shared.runtime.aggregates.aggregate import Aggregate

INQUIRY = "inquiry_id"


class EarlierEntries(Protocol):
    """Where the older part of a long history is."""

    async def begun_by(self, ref: Ref, inquiry_ids: Collection[str]) -> Mapping[str, str]:
        """The correlation ids of the oldest archived messages about these inquiries."""


async def trace(aggregates: Iterable[Aggregate], archive: EarlierEntries) -> None:
    """Give new events without a correlation id that of the submission that began their inquiry.

    Raises `Outage`.
    """
    for aggregate in aggregates:
        loose = [event for entry in aggregate.added for event in _loose(entry)]
        if loose:
            origins = await _origins(aggregate, {it["data"][INQUIRY] for it in loose}, archive)
            _lead(aggregate, origins)


async def _origins(
    aggregate: Aggregate, inquiry_ids: Collection[str], archive: EarlierEntries
) -> Mapping[str, str]:
    """By inquiry: the correlation id of the oldest message that was about it."""
    archived = await archive.begun_by(aggregate.ref, inquiry_ids) if aggregate.archived else {}
    return {**_begun_by(aggregate.known.values()), **archived}


def _lead(aggregate: Aggregate, origins: Mapping[str, str]) -> None:
    for number, entry in enumerate(aggregate.added):
        for event in _loose(entry):
            if event["data"][INQUIRY] in origins:
                event["correlation_id"] = origins[event["data"][INQUIRY]]
                aggregate.encode_again(number)


def _loose(entry: Document) -> Iterator[Document]:
    """The events of a message without a correlation id that name an inquiry."""
    events = entry["events"] if entry["correlation_id"] is None else ()
    return (event for event in events if event["data"].get(INQUIRY))


def _begun_by(entries: Iterable[Document]) -> dict[str, str]:
    origins: dict[str, str] = {}
    for entry in entries:
        if entry["correlation_id"] is not None:
            for inquiry_id in _named(entry["events"]):
                origins.setdefault(inquiry_id, entry["correlation_id"])
    return origins


def _named(part: Any) -> Iterator[str]:
    """Every inquiry that is named anywhere in what an entry's events say."""
    if isinstance(part, Mapping):
        found = part.get(INQUIRY)
        if isinstance(found, str):
            yield found
        for value in part.values():
            yield from _named(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _named(value)
