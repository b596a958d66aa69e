"""Reads the topics of one generation and keeps its documents up to date.

Several processes may do it at once: they share the group's partitions, and where two of them fold
the same document, from different topics, the one that comes second reads it again.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import structlog

from shared.events.limits import MAX_HEADERS
from shared.kafka.group_consumer import GroupConsumer, lag_of
from shared.kafka.records import Record
from shared.kafka.topic_records import committed_by
from shared.mongo.client import Collection, Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.writes import insert_missing, replace, write_all
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.attributes import Attributes
from shared.runtime.backoff import Backoff, sleep_unless
from shared.runtime.faults import Unreadable
from shared.runtime.health.lag import ShownLag
from shared.runtime.health.status import Health
from shared.runtime.projections.fold import REVISION, Placed, folded
from shared.runtime.projections.generations import Generation, Generations
from shared.runtime.projections.projection import Projection, topics_of
from shared.runtime.projections.record_index import IndexKeeper, RecordIndex
from shared.settings import RuntimeSettings
from shared.telemetry.tracing import Traces, Value

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LOOK_SECONDS = 1.0
"""How often the record of generations is read."""
MOST_RECORDS = 500
Touched = dict[str, list[Placed]]
"""By document id, the messages that touch it, in their order."""


class Projector:
    """Folds the records of one generation into its collections."""

    def __init__(
        self,
        settings: RuntimeSettings,
        database: Database,
        projections: Sequence[Projection],
        generation: Generation,
        indexes: Sequence[RecordIndex] = (),
        traces: Traces | None = None,
    ) -> None:
        self._settings = settings
        self._traces = traces
        self._projections = projections
        self._indexes = [
            IndexKeeper(
                it,
                database.collection(generation.collection(it.name)),
                database.collection(generation.collection(it.tombstones)),
            )
            for it in indexes
        ]
        self._collections = {
            it.name: database.collection(generation.collection(it.name)) for it in projections
        }

    async def prepare(self) -> None:
        """Create the indexes that are missing. Raises `Outage`."""
        with mongodb_errors_as_outage():
            for it in self._projections:
                await create_indexes_on(self._collections[it.name], it.indexes)
        for index in self._indexes:
            await index.prepare()

    async def keep(self, records: Sequence[Record]) -> None:
        """Fold `records`, which may have been folded before. Raises `Outage`."""
        began = time.time_ns()
        try:
            await self._keep(records)
        except Outage as outage:
            self._traced(records, began, outage.dependency)
            raise
        self._traced(records, began)

    def _traced(self, records: Sequence[Record], began: int, failure: str | None = None) -> None:
        """One span of the batch that leads to each message's trace; `began` in ns since 1970."""
        if self._traces is None or not records:
            return
        found = (Attributes.of(it.headers[:MAX_HEADERS]).traceparent for it in records)
        told: dict[str, Value] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "project",
            "messaging.operation.type": "process",
            "messaging.batch.message_count": len(records),
        }
        links = [it for it in found if it is not None]
        span = self._traces.begin_batch("project batch", links, attributes=told, at=began)
        if span is None:
            return
        if failure is not None:
            span.fail(failure)
        span.end()

    async def _keep(self, records: Sequence[Record]) -> None:
        for index in self._indexes:
            await index.keep(records)
        wanted = {topic for it in self._projections for topic in it.topics}
        own = (it for it in records if it.topic in wanted)
        readable = [placed for record in own if (placed := self._placed(record)) is not None]
        for projection in self._projections:
            touched: Touched = defaultdict(list)
            for placed in readable:
                if placed.topic in projection.topics:
                    for key in projection.keys(placed.message):
                        touched[key].append(placed)
            with mongodb_errors_as_outage():
                await self._fold(projection, touched)

    def _placed(self, record: Record) -> Placed | None:
        """None for a record that is no event: pages show the readable ones, operators the rest."""
        try:
            message = codec.read(record, self._settings.topic_sources).message
        except Unreadable as error:
            log.info("not projected", topic=record.topic, reason=error.reason.value)
            return None
        return Placed(record.topic, record.partition, record.offset, message)

    async def _fold(self, projection: Projection, touched: Touched) -> None:
        """Fold some documents at a time; where another process was quicker, those again."""
        collection = self._collections[projection.name]
        left = list(touched)
        while left:
            keys = left[: self._settings.mongo_read_chunk]
            found = {it["_id"]: it async for it in collection.find({"_id": {"$in": keys}})}
            documents = [folded(found.get(key), key, touched[key], projection.fold) for key in keys]
            if await _kept(collection, found, documents):
                left = left[len(keys) :]


async def _kept(
    collection: Collection, stored: Mapping[str, Document], documents: Sequence[Document]
) -> bool:
    """Whether all are stored. False where another process has stored one of them since."""
    new = [it for it in documents if it["_id"] not in stored]
    changed = [it for it in documents if _differs(it, stored.get(it["_id"]))]
    if new and not await insert_missing(collection, new):
        return False
    same = ({"_id": it["_id"], REVISION: stored[it["_id"]][REVISION]} for it in changed)
    writes = [replace(which, it) for which, it in zip(same, changed, strict=True)]
    return not writes or await write_all(collection, writes) == len(writes)


def _differs(document: Document, stored: Document | None) -> bool:
    return stored is not None and document[REVISION] != stored[REVISION]


async def is_projected(
    settings: RuntimeSettings, generations: Generations, group: str, record: Record
) -> bool:
    """Whether the generation that serves has folded this record. Raises `Outage`.

    `group` is that of `Projections`.
    """
    done = await committed_by(settings, generations.state.serving.group(group))
    return done.get((record.topic, record.partition), 0) > record.offset


class Projections:
    """Keeps every generation that this version of the code folds, until `stopping` is set."""

    def __init__(
        self,
        settings: RuntimeSettings,
        database: Database,
        generations: Generations,
        projections: Sequence[Projection],
        *,
        folds: int,
        group: str,
        health: Health,
        stopping: asyncio.Event,
        indexes: Sequence[RecordIndex] = (),
        traces: Traces | None = None,
    ) -> None:
        self._settings = settings
        self._traces = traces
        self._database = database
        self._generations = generations
        self._projections = projections
        self._indexes = indexes
        self._topics = topics_of((*projections, *indexes))
        self._names = [it.name for it in projections]
        self._names += [name for it in indexes for name in (it.name, it.tombstones)]
        self._folds = folds
        self._group = group
        self._health = health
        self._stopping = stopping
        self._kept_up: dict[Generation, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Return when stopping is set and nothing is being written any more."""
        backoff = self._backoff()
        begun = False
        while not self._stopping.is_set():
            try:
                state = await (self._generations.read() if begun else self._generations.begin())
            except Outage as outage:
                self._health.lost(outage.dependency)
                await backoff.pause()
                continue
            begun = True
            backoff.reset()
            self._follow(state.folded_by(self._folds))
            if state.building in self._kept_up:
                await self._serve_if_level(state.building)
            await sleep_unless(self._stopping, LOOK_SECONDS)
        await asyncio.gather(*self._kept_up.values())

    def _follow(self, wanted: Iterable[Generation]) -> None:
        """Read for the generations that are wanted, and for no other."""
        for generation in set(self._kept_up) - set(wanted):
            self._kept_up.pop(generation).cancel()
        for generation in set(wanted) - set(self._kept_up):
            self._kept_up[generation] = asyncio.create_task(self._keep_up(generation))
        for task in self._kept_up.values():
            if task.done():
                task.result()  # a defect ends the process

    async def _serve_if_level(self, built: Generation | None) -> None:
        assert built is not None
        try:
            group = built.group(self._group)
            if await lag_of(self._settings, group, self._topics) > 0:
                return
            if await self._generations.serve(built, self._names):
                log.info("projections rebuilt", generation=built.number)
        except Outage as outage:
            self._health.lost(outage.dependency)

    async def _keep_up(self, generation: Generation) -> None:
        backoff = self._backoff()
        while not self._stopping.is_set():
            try:
                await self._read(generation, backoff)
            except Outage as outage:
                self._health.lost(outage.dependency)
                log.warning("waiting", dependency=outage.dependency, why=str(outage))
                await backoff.pause()

    async def _read(self, generation: Generation, backoff: Backoff) -> None:
        """Raises `Outage`; what was not kept then comes again to the next consumer."""
        projector = Projector(
            self._settings,
            self._database,
            self._projections,
            generation,
            self._indexes,
            self._traces,
        )
        await projector.prepare()
        consumer = GroupConsumer(self._settings, generation.group(self._group), self._topics)
        await consumer.start()
        lag = ShownLag(self._health.metrics)
        try:
            while not self._stopping.is_set():
                records = await consumer.records(MOST_RECORDS)
                await projector.keep(records)
                if records or generation == self._generations.state.building:
                    # Behind the last record may be what no reader is given, such as the marker of
                    # a transaction: uncommitted, it would be lag, and keep the switch from coming.
                    await consumer.commit()
                if records:
                    if generation == self._generations.state.serving:
                        now = self._health.now().timestamp()
                        lag.show(consumer.lag(), records, consumer.assignment(), now)
                    self._health.metrics.batch.observe(len(records))
                    self._health.progressed()
                    self._health.back("mongodb", "kafka")
                backoff.reset()
        finally:
            await consumer.stop()

    def _backoff(self) -> Backoff:
        return Backoff(self._settings.max_pause_seconds, self._stopping)
