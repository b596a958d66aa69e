"""A member of a consumer group whose reader keeps what it reads before it commits.

For readers that are no Decider: projections. What a crash or a rebalance brings again is theirs to
recognise, by the position that each of their documents keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import structlog

from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import EndingConsumer, Offsets, TolerantConsumer
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.records import Record
from shared.kafka.topic_records import committed_by
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

POLL_MS = 500


class GroupConsumer:
    """Reads `topics` from their beginning, or from where the group has committed."""

    def __init__(self, settings: RuntimeSettings, group: str, topics: Iterable[str]) -> None:
        self._consumer = TolerantConsumer(
            *topics,
            **consumer_options(settings),
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_poll_interval_ms=settings.kafka_max_poll_interval_ms,
        )
        self._next: Offsets = {}

    async def start(self) -> None:
        """Raises `Outage`; a consumer that could not start is stopped."""
        with kafka_errors_as_outage():
            try:
                await self._consumer.start()
            except BaseException:
                await self._consumer.stop()
                raise

    async def records(self, most: int) -> Sequence[Record]:
        """Up to `most` records, each partition in order; none after half a second without any.

        Raises `Outage`.
        """
        with kafka_errors_as_outage():
            found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=most)
        self._next = {tp: records[-1].offset + 1 for tp, records in found.items() if records}
        return list(chain.from_iterable(found.values()))

    def lag(self) -> Mapping[tuple[str, int], int]:
        """How many records lie behind those last handed out, by topic and partition."""
        return self._consumer.lag(self._next)

    def assignment(self) -> Iterable[tuple[str, int]]:
        """The partitions that are this member's now."""
        return [(tp.topic, tp.partition) for tp in self._consumer.assignment()]

    async def commit(self) -> None:
        """Commit all that was handed out. A refused commit is no error: the records come again."""
        await self._consumer.try_commit()

    def rewind(self, records: Iterable[Record]) -> None:
        """Let these records come again, because they could not be kept."""
        self._consumer.rewind(records)

    async def stop(self) -> None:
        await self._consumer.stop()


async def lag_of(settings: RuntimeSettings, group: str, topics: Iterable[str]) -> int:
    """How many offsets of `topics` the group has not committed yet, over all of its members.

    Raises `Outage`.
    """
    done = await committed_by(settings, group)
    consumer = EndingConsumer(
        *topics, **consumer_options(settings), group_id=None, enable_auto_commit=False
    )
    with kafka_errors_as_outage():
        try:
            await consumer.start()
            # Without a group all partitions of the topics that it subscribes to are its own.
            partitions = consumer.assignment()
            begins = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
    return sum(
        max(0, end - done.get((tp.topic, tp.partition), begins[tp])) for tp, end in ends.items()
    )
