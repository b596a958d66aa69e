"""Documents of several collections in the order of an instant that each of them holds, by pages.

A place in the list is an instant and how many documents of each source were given for it: the
indexes are by the instant alone, so no order among equal instants costs a scan of all of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from typing import Any, NamedTuple

from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage

ASCENDING = 1


class NoSuchPlace(ValueError):
    """The given place is not where any page ended."""


class Source(NamedTuple):
    """The collection of a kind, and the field of its documents that holds the instant."""

    kind: str
    field: str


class Found(NamedTuple):
    """A document in its turn; the next page begins after `place`."""

    at: datetime
    source: Source
    document: Document
    place: str


async def in_order(
    database: Database,
    sources: Sequence[Source],
    fields: Sequence[str],
    after: str | None,
    limit: int,
) -> AsyncGenerator[Found, None]:
    """At most `limit` documents of each source, with these `fields` or the instant alone.

    Raises `NoSuchPlace`, `Outage`.
    """
    begin, given = (None, {}) if after is None else _read(after, sources)
    async with AsyncExitStack() as streams:
        heads: dict[Source, Document] = {}
        of: dict[Source, AsyncIterator[Document]] = {}
        for source in sources:
            stream = _stream(database, source, fields, begin, given.get(source, 0), limit)
            of[source] = await streams.enter_async_context(aclosing(stream))
            await _advance(heads, source, of[source])
        while heads:
            source = min(heads, key=lambda name: (_instant(heads[name], name), name))
            document, at = heads[source], _instant(heads[source], source)
            begin, given = (at, given) if at == begin else (at, {})
            given = {**given, source: given.get(source, 0) + 1}
            yield Found(at, source, document, _written(at, given))
            await _advance(heads, source, of[source])


async def _advance(
    heads: dict[Source, Document], source: Source, stream: AsyncIterator[Document]
) -> None:
    heads.pop(source, None)
    async for document in stream:
        heads[source] = document
        return


async def _stream(
    database: Database,
    source: Source,
    fields: Sequence[str],
    begin: datetime | None,
    skipped: int,
    limit: int,
) -> AsyncGenerator[Document, None]:
    known = {"$exists": True} if begin is None else {"$gte": begin}
    wanted = dict.fromkeys(fields or (source.field,), 1)
    found = database.collection(source.kind).find({source.field: known}, wanted)
    with mongodb_errors_as_outage():
        async for document in found.sort(source.field, ASCENDING).skip(skipped).limit(limit):
            yield document


def _instant(document: Document, source: Source) -> datetime:
    value: Any = document
    for step in source.field.split("."):
        value = value[step]
    assert isinstance(value, datetime)
    return value


def _written(at: datetime, given: dict[Source, int]) -> str:
    told = [at.isoformat(), [[*source, count] for source, count in given.items()]]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _read(place: str, sources: Sequence[Source]) -> tuple[datetime, dict[Source, int]]:
    try:
        at, counts = json.loads(base64.urlsafe_b64decode(place.encode("ascii")))
        given = {Source(kind, field): int(count) for kind, field, count in counts}
        begin = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise NoSuchPlace from None
    if not given.keys() <= set(sources) or any(not 0 < offset < 2**31 for offset in given.values()):
        raise NoSuchPlace
    return begin, given
