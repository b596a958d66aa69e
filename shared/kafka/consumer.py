"""A consumer that waits for records, keeps its place, and gets past one that cannot be decoded.

aiokafka cannot decode a record whose header name is not UTF-8, and raises at every poll: the
partition would stand still for ever, for everybody. Nobody but a broken or hostile client writes
one, so what matters is that the way around it loses nothing; it need not be fast.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.fetch import FetchRequest

from shared.kafka.aiokafka_workarounds import (
    PartitionWatch,
    RepeatedFetch,
    checked_offsets,
    end_fetching,
    know_topics,
    let_requests_pass_through,
    position_of,
)
from shared.kafka.decompression import BUDGET
from shared.kafka.fetch_pace import FetchPace
from shared.kafka.records import Record, UndecodableRecord

log: structlog.stdlib.BoundLogger = structlog.get_logger()

__all__ = [
    "SAME_PARTITION_TOGETHER",
    "EndingConsumer",
    "Offsets",
    "TolerantConsumer",
    "TopicPartition",
]

Offsets = Mapping[TopicPartition, int]
SAME_PARTITION_TOGETHER = (RangePartitionAssignor,)
"""The same partition of every topic goes to the same instance, so one key stays together."""

COMMIT_SECONDS = 10.0
WAIT_MS = 1_000
"""FastStream sleeps after every empty poll; a poll that waits this long is seldom empty."""
POLL_MS = 1_000
METADATA_MS = 20_000
"""New partitions, and a topic that was deleted and made again, are noticed within this time; the
client's default is five minutes, in which their records wait and nothing says so."""
MOST_AT_ONCE = 500
REFUSED_SECONDS = 0.5
STOP_RETRY_SECONDS = 1.0
STOPPED_WITHIN_SECONDS = 10.0
"""A client that is closing waits for answers of brokers that may be gone. What it holds is not
committed and comes again."""


class EndingConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer whose `stop` returns: within seconds, or at the limit, with a connection left.

    It asks a broker for more no sooner than `interval_ms` after it sent records.
    """

    def __init__(self, *topics: str, interval_ms: int = 0, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._pace = FetchPace(interval_ms / 1000)

    async def start(self) -> None:
        let_requests_pass_through(self, self._send)
        await super().start()

    async def _send(
        self, send: Callable[..., Awaitable[Any]], node_id: int, request: Any, **options: Any
    ) -> Any:
        match request:
            case FetchRequest():
                answer = await self._fetched(partial(send, node_id, **options), node_id, request)
            case OffsetFetchRequest():
                answer = checked_offsets(await send(node_id, request, **options))
            case _:
                answer = await send(node_id, request, **options)
        return answer

    async def _fetched(
        self, send: Callable[[Any], Awaitable[Any]], node_id: int, request: FetchRequest
    ) -> Any:
        """The broker's answer. One that brings nothing waits until another one is different.

        That is for a broker that does not hold empty answers back itself; see `FetchPace`.
        """
        repeated, first, since = RepeatedFetch(request), None, self._pace.clock()
        while True:
            await asyncio.sleep(self._pace.rest(node_id))
            asked = self._pace.clock()
            answer = await send(repeated)
            parts = [part for _, parts in answer.topics for part in parts]
            records = any(part[-1] for part in parts)
            self._pace.answered(node_id, asked=asked, records=records)
            first = first or answer
            news = records or any(part[1] for part in parts) or answer is not first
            if news or not self._pace.holds_back(node_id, asked=asked, since=since):
                return answer

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> Any:
        await self._know(partitions)
        return await super().beginning_offsets(partitions)

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> Any:
        await self._know(partitions)
        return await super().end_offsets(partitions)

    async def offsets_for_times(self, timestamps: Mapping[TopicPartition, int]) -> Any:
        await self._know(timestamps)
        return await super().offsets_for_times(timestamps)

    async def _know(self, partitions: Iterable[TopicPartition]) -> None:
        await know_topics(self, {partition.topic for partition in partitions})

    async def stop(self) -> None:
        telling = asyncio.create_task(end_fetching(self, STOP_RETRY_SECONDS))
        try:
            async with asyncio.timeout(STOPPED_WITHIN_SECONDS):
                await super().stop()
        except TimeoutError:
            log.warning("a Kafka consumer did not end in time")
        finally:
            telling.cancel()

    async def records_at(
        self, offsets: Offsets, timeout_ms: int
    ) -> dict[TopicPartition, list[Any]]:
        """The next records of these partitions, each of which stands at its offset.

        One that cannot be decoded is an `UndecodableRecord`.
        """
        BUDGET.renew()
        try:
            found = await super().getmany(*offsets, timeout_ms=timeout_ms)
        except UnicodeDecodeError:  # the failed poll may have dropped other records
            for partition, offset in offsets.items():
                self.seek(partition, offset)
            found = {tp: await self.one_by_one(tp) for tp in offsets}
        return {tp: records for tp, records in found.items() if records}

    async def one_by_one(self, partition: TopicPartition) -> list[Any]:
        """Some records of a partition, ending behind the first that cannot be decoded."""
        records: list[Any] = []
        while len(records) < MOST_AT_ONCE:
            BUDGET.renew()
            try:
                found = await super().getmany(partition, timeout_ms=POLL_MS, max_records=1)
            except UnicodeDecodeError:
                offset = await self.position(partition)
                self.seek(partition, offset + 1)
                return [*records, UndecodableRecord(partition.topic, partition.partition, offset)]
            if not found:
                return records
            records += found[partition]
        return records


class TolerantConsumer(EndingConsumer):
    """`getmany` delivers an `UndecodableRecord` where the client would raise for ever.

    `refused` is called for each topic that the broker does not let us read; the others are read.
    """

    def __init__(
        self,
        *topics: str,
        interval_ms: int = 0,
        refused: Callable[[str], None] = lambda _topic: None,
        **options: Any,
    ) -> None:
        options |= {"metadata_max_age_ms": METADATA_MS}
        super().__init__(*topics, interval_ms=interval_ms, **options)
        self._tell_refused = refused
        self._partition_watch = PartitionWatch(self)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Any]]:
        BUDGET.renew()
        self._partition_watch.look()
        try:
            found: dict[TopicPartition, list[Any]] = await super().getmany(
                *partitions, timeout_ms=max(timeout_ms, WAIT_MS), max_records=max_records
            )
        except UnicodeDecodeError:
            return await self._around_the_undecodable()
        except TopicAuthorizationFailedError as refused:
            self._tell_refused(str(refused.args[0]))
            await asyncio.sleep(REFUSED_SECONDS)  # the broker refuses at once, again and again
            return {}
        return found

    def next_offset(self, partition: TopicPartition) -> int:
        """The offset after all that was handed out, or -1 while it is not known.

        It lies behind the last record by the markers and the rolled-back records of transactions.
        """
        return position_of(self, partition)

    def passed(self, records: Sequence[Record], rest: Sequence[Record]) -> Offsets:
        """The offset after each partition's records, and after the transaction markers behind them.

        Nobody is given a marker, so a commit that stopped before it would look like lag for ever.
        Where some of the `rest` of the batch follow, the markers are not passed yet.
        """
        last = {TopicPartition(r.topic, r.partition): r.offset for r in records}
        followed = {TopicPartition(r.topic, r.partition) for r in rest}
        return {
            partition: offset + 1
            if partition in followed
            else max(offset + 1, self.next_offset(partition))
            for partition, offset in last.items()
        }

    async def try_commit(self, offsets: Offsets | None = None) -> bool:
        """Whether the group's offsets are these now, or those of all that was handed out.

        A refused commit is no error: the records come again.

        A broker that does not answer within 10 s would hold the batch up, and with it a stop.
        """
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self.commit(offsets)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info("commit refused", why=type(error).__name__)
            return False
        return True

    def rewind(self, records: Iterable[Record]) -> None:
        """Let these records come again; to poll on keeps the member in its group."""
        first: dict[TopicPartition, int] = {}
        for record in records:
            first.setdefault(TopicPartition(record.topic, record.partition), record.offset)
        for partition, offset in first.items():
            with contextlib.suppress(IllegalStateError):  # a rebalance took the partition away
                self.seek(partition, offset)

    def lag(self, offsets: Offsets) -> dict[tuple[str, int], int]:
        """How many records lie behind these offsets, in the partitions that are still assigned."""
        ends = {tp: self.highwater(tp) for tp in offsets if tp in self.assignment()}
        return {tp: max(0, end - offsets[tp]) for tp, end in ends.items() if end is not None}

    async def _around_the_undecodable(self) -> dict[TopicPartition, list[Any]]:
        """Go back to what is committed, since the failed poll may have dropped other records.

        Everything handled so far is committed; what is not, comes again.
        """
        assigned = list(self.assignment())
        committed = await asyncio.gather(*map(self.committed, assigned))
        fresh = []
        for partition, offset in zip(assigned, committed, strict=True):
            if offset is None:
                fresh.append(partition)
            else:
                self.seek(partition, offset)
        if fresh:  # together: each by itself waits for a fetch that is on its way
            await self.seek_to_beginning(*fresh)
        ends = await self.end_offsets(assigned)
        behind = [tp for tp in assigned if await self.position(tp) < ends[tp]]
        return {tp: await self.one_by_one(tp) for tp in behind}
