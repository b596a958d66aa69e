"""Records as they lie on the topics or come in, decoded and chosen; no consumer group is joined."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from shared.events.topics import CATALOGUE
from shared.kafka.topic_records import ALL, Window, followed, records_on
from shared.operations.decoded_record import DecodedRecord, decoded
from shared.operations.topics import require_topics
from shared.settings import RuntimeSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """Selects records by prefixes of their types and by any id in them.

    Without types or without ids, all are.
    """

    types: tuple[str, ...] = ()
    ids: frozenset[str] = frozenset()

    def matches(self, record: DecodedRecord) -> bool:
        """Whether the record is chosen; one that is no event has no type and no ids."""
        typed = not self.types or record.type.startswith(self.types)
        return typed and (not self.ids or not self.ids.isdisjoint(record.ids))


async def tail(
    settings: RuntimeSettings,
    topics: Sequence[str],
    wanted: Wanted,
    *,
    window: Window | None = None,
    ending: bool = False,
) -> AsyncGenerator[DecodedRecord, None]:
    """The chosen records of `window` and all that come after it; without one, from now on.

    `ending`: none that come after the end of the topics as it is now. Without topics: of all.
    Each partition is in order. Raises `Outage`, `MissingTopics`.
    """
    names = topics or [topic.name for topic in CATALOGUE]
    await require_topics(settings, names)
    if ending:
        records = records_on(settings, names, window=window or ALL)
    else:
        records = followed(settings, names, window)
    async with aclosing(records) as coming:
        async for record in coming:
            if record is not None and wanted.matches(found := decoded(record)):
                yield found
