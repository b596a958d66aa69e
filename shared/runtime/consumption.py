"""Hands each batch to the stage, commits exactly its offsets, and outlives outages."""

from __future__ import annotations

import contextlib
import time
from asyncio import sleep
from collections.abc import Iterator, Sequence

import structlog

from shared.kafka.consumer import Offsets, TolerantConsumer
from shared.kafka.records import Record
from shared.outage import Outage
from shared.runtime.health.lag import ShownLag
from shared.runtime.stage.publish import Unacknowledged
from shared.runtime.wiring import Runtime

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PART_BYTES = 2 * 1024 * 1024
"""Limit of the values decided at once: parsed, they take several times as much memory."""

FEW = 50
FEW_AT_MOST_EVERY_S = 0.025
"""A batch costs service, broker and database the same whether it brings one record or a hundred: a
busy service takes together what comes within this time."""


class Consumption:
    """Processes one consumer's batches: decide, publish, commit."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._backoff = runtime.backoff()
        self._lag = ShownLag(runtime.health.metrics)

    async def handle(self, consumer: TolerantConsumer, records: Sequence[Record]) -> None:
        """In parts of bounded size, each committed before the next; a stop waits for one of them.

        What is left when Kafka or MongoDB is down, a commit is refused, or the service stops,
        comes again.
        """
        begun = time.monotonic()
        self._runtime.progress.ask(consumer)
        self._runtime.skew.read(records)
        done = 0
        for part in parts_of(records, PART_BYTES):
            rest = records[done + len(part) :]
            if self._runtime.stopping.is_set() or not await self._handled(consumer, part, rest):
                break
            done += len(part)
        if done < len(records):
            consumer.rewind(records[done:])
        elif len(records) < FEW and (left := begun + FEW_AT_MOST_EVERY_S - time.monotonic()) > 0:
            await sleep(left)

    async def _handled(
        self, consumer: TolerantConsumer, records: Sequence[Record], rest: Sequence[Record]
    ) -> bool:
        runtime = self._runtime
        try:
            # Nothing is decided before: so one part's records are all that is ever owed.
            await runtime.states.settle()
            answered = await runtime.stage.process(records)
        except Outage as outage:
            if isinstance(outage, Unacknowledged):
                runtime.states.owe(outage.refs)
            runtime.health.lost(outage.dependency)
            log.warning("waiting", dependency=outage.dependency, why=str(outage))
            await self._backoff.pause()
            return False
        runtime.health.back("mongodb", "kafka")
        runtime.health.progressed()
        passed = consumer.passed(records, rest)
        if not await self._commit(consumer, passed):
            # Another process may own the partitions by now and have published newer states.
            runtime.states.owe(answered)
            with contextlib.suppress(Outage):
                await runtime.states.settle()
            await self._backoff.pause()
            return False
        self._backoff.reset()
        self._show_lag(consumer, passed, records)
        return True

    async def _commit(self, consumer: TolerantConsumer, offsets: Offsets) -> bool:
        """A failed commit is no error: the records come again and are found in the history.

        A member that stays in its group must go back for that; else nothing would commit them
        before the next record of their partition.
        """
        committed = await consumer.try_commit(offsets)
        if committed:
            self._runtime.progress.note(offsets)
        return committed

    def _show_lag(
        self, consumer: TolerantConsumer, offsets: Offsets, records: Sequence[Record]
    ) -> None:
        now = self._runtime.skew.now().timestamp()
        self._lag.show(consumer.lag(offsets), records, consumer.assignment(), now)


def parts_of(records: Sequence[Record], most_bytes: int) -> Iterator[Sequence[Record]]:
    """`records` in their order, in parts of at most `most_bytes` of values, one record at least."""
    start = size = 0
    for number, record in enumerate(records):
        own = len(record.value or b"")
        if number > start and size + own > most_bytes:
            yield records[start:number]
            start, size = number, 0
        size += own
    if start < len(records):
        yield records[start:]
