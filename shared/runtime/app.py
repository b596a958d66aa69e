"""FastStream at work: it runs the subscriber and the app's life. The only file that imports it.

The subscriber passes raw records on untouched: whatever FastStream decodes, one bad record would
poison for its whole batch. Offsets are committed here, explicitly, after everything is published.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from logging import WARNING
from typing import Any

import structlog
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.request import AsgiRequest
from faststream.kafka import KafkaBroker, KafkaMessage
from prometheus_client import make_asgi_app

from shared.events.envelope import Ref
from shared.events.topics import topics_read_by
from shared.kafka.client_options import READ_COMMITTED, consumer_options
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.committed_offsets import CommittedOffsets
from shared.kafka.consumer import TolerantConsumer
from shared.kafka.errors import ProducerDead, kafka_errors_as_outage
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.retention import Refused, check_retention
from shared.kafka.topic_creation import create_missing_topics
from shared.mongo.abilities import Lacking
from shared.mongo.client import Client, Database, connect
from shared.outage import Outage
from shared.runtime.aggregates.document_mapper import MB
from shared.runtime.aggregates.store import ALARM_BYTES, Store
from shared.runtime.announcements import LOOK_SECONDS, Announcements
from shared.runtime.backoff import Backoff, sleep_unless
from shared.runtime.clock import Clock
from shared.runtime.codec import Record
from shared.runtime.decider import Service
from shared.runtime.health.clock_skew import watch_skew
from shared.runtime.health.dependency_checks import ask_mongodb, check_dependencies
from shared.runtime.health.status import FAILED, Health
from shared.runtime.older_database import (
    HELD_BACK_SECONDS,
    RECORDS,
    accept_older,
    objection_to,
)
from shared.runtime.operations.port import Port, answering
from shared.runtime.pages import served
from shared.runtime.public_states import PublicStates
from shared.runtime.refusals import Refusals, watch_refusals
from shared.runtime.stage.stage import Stage, utc_now
from shared.runtime.worker import MANY, Worker
from shared.settings import RuntimeSettings
from shared.telemetry import logging
from shared.telemetry.metrics import Metrics

log: structlog.stdlib.BoundLogger = structlog.get_logger()

IDLE_SECONDS = 0.1
"""How often a worker that nobody wakes looks for work: retries, and what others left undone."""
SIZES_SECONDS = 60.0
EMPTY_POLL_MS = 1
COMMIT_SECONDS = 10.0
PAGE_REST_SECONDS = 0.1
"""Between two pages of old records' states, so that new messages are not held up."""
PART_BYTES = 2 * 1024 * 1024
"""Of a batch's values decided at once: parsed, they take several times as much memory."""
GC_THRESHOLDS = (200_000, 20, 20)
"""The youngest generation has room for all that one record of 256 KiB can hold: 131,072 lists.

They end with their record; a collection among them costs as much as parsing them did.
"""
FETCH_BYTES = 8 * 1024 * 1024
PARTITION_FETCH_BYTES = 512 * 1024
"""What one fetch brings, and what is kept of each partition until it is decided."""


@dataclass(slots=True)
class Runtime:
    """One service process: its parts, wired once."""

    service: Service
    settings: RuntimeSettings
    client: Client
    database: Database
    store: Store
    publisher: KafkaPublisher
    progress: CommittedOffsets
    stage: Stage
    clock: Clock
    worker: Worker
    states: PublicStates
    announcements: Announcements
    health: Health
    skew: ClockSkew
    refusals: Refusals
    started: asyncio.Event
    stopping: asyncio.Event

    def pauses(self) -> Backoff:
        return Backoff(self.settings.max_pause_seconds, self.stopping)


def wire(service: Service, settings: RuntimeSettings) -> Runtime:
    """Put the parts together. Nothing connects yet; call it inside the running event loop."""
    metrics = Metrics()
    client = connect(settings.mongo_url)
    database = Database(client, settings.database_of(service.name), journal=settings.mongo_journal)
    store = Store(
        database,
        service.deciders,
        history_bound=settings.history_bound,
        history_bytes=settings.history_bytes,
        document_limit=settings.document_limit_mb * MB,
        read_chunk=settings.mongo_read_chunk,
    )
    skew = ClockSkew(utc_now)
    publisher = KafkaPublisher(settings, skew)
    progress = CommittedOffsets()
    worker = Worker(service, store, publisher, metrics, utc_now, lease=settings.worker_lease)
    return Runtime(
        service=service,
        settings=settings,
        client=client,
        database=database,
        store=store,
        publisher=publisher,
        progress=progress,
        stage=Stage(
            service,
            store,
            publisher,
            progress,
            metrics,
            clock=skew.now,
            sources=settings.topic_sources,
            work_is_due=worker.wake,
        ),
        clock=Clock(service, store, publisher, metrics, utc_now, skew),
        worker=worker,
        states=PublicStates(service, store, publisher),
        announcements=Announcements(service, publisher, utc_now),
        health=Health(service.name, metrics, utc_now),
        skew=skew,
        refusals=Refusals(),
        started=asyncio.Event(),
        stopping=asyncio.Event(),
    )


class Consumption:
    """Hands each batch to the stage, commits exactly its offsets, and outlives outages."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pauses = runtime.pauses()

    async def handle(self, consumer: TolerantConsumer, records: Sequence[Record]) -> None:
        """In parts of bounded size, each committed before the next; a stop waits for one of them.

        What is left when Kafka or MongoDB is down, or the service stops, comes again.
        """
        self._runtime.progress.ask(consumer)
        self._runtime.skew.read(records)
        done = 0
        for part in parts_of(records, PART_BYTES):
            rest = records[done + len(part) :]
            if self._runtime.stopping.is_set() or not await self._handled(consumer, part, rest):
                break
            done += len(part)
        if done < len(records):
            _rewind(consumer, records[done:])

    async def _handled(
        self, consumer: TolerantConsumer, records: Sequence[Record], rest: Sequence[Record]
    ) -> bool:
        runtime = self._runtime
        try:
            answered = await runtime.stage.process(records)
        except Outage as outage:
            runtime.health.lost(outage.dependency)
            log.warning("waiting", dependency=outage.dependency, why=str(outage))
            await self._pauses.pause()
            return False
        self._pauses.reset()
        runtime.health.back("mongodb", "kafka")
        runtime.health.progressed()
        passed = _passed(consumer, records, rest)
        if not await self._commit(consumer, passed):
            # Another process may own the partitions by now and have published newer states.
            with contextlib.suppress(Outage):
                await runtime.states.publish_current(answered)
        self._observe_lag(consumer, passed)
        return True

    async def _commit(
        self, consumer: TolerantConsumer, offsets: Mapping[TopicPartition, int]
    ) -> bool:
        """A failed commit is no error: the records come again and are found in the history."""
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await consumer.commit(offsets)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info("commit refused", why=type(error).__name__)
            return False
        self._runtime.progress.note(offsets)
        return True

    def _observe_lag(
        self, consumer: TolerantConsumer, offsets: Mapping[TopicPartition, int]
    ) -> None:
        for partition, offset in offsets.items():
            end = consumer.highwater(partition) if partition in consumer.assignment() else None
            if end is not None:
                lag = self._runtime.health.metrics.lag
                lag.labels(partition.topic, partition.partition).set(max(0, end - offset))


def _passed(
    consumer: TolerantConsumer, records: Sequence[Record], rest: Sequence[Record]
) -> dict[TopicPartition, int]:
    """The offset after each partition's records, and after the transaction markers behind them.

    Nobody is given a marker, so a commit that stopped before it would look like lag for ever. Where
    some of the `rest` of the batch follow, they are not passed yet.
    """
    last = {TopicPartition(r.topic, r.partition): r.offset for r in records}
    followed = {TopicPartition(r.topic, r.partition) for r in rest}
    return {
        partition: offset + 1
        if partition in followed
        else max(offset + 1, consumer.next_offset(partition))
        for partition, offset in last.items()
    }


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


def _rewind(consumer: AIOKafkaConsumer, records: Sequence[Record]) -> None:
    """Let the same records come again: polling on keeps the member in its group."""
    first: dict[TopicPartition, int] = {}
    for record in records:
        first.setdefault(TopicPartition(record.topic, record.partition), record.offset)
    for partition, offset in first.items():
        with contextlib.suppress(IllegalStateError):  # a rebalance took the partition away
            consumer.seek(partition, offset)


async def _raw_parser(records: Any) -> KafkaMessage:
    """Pass the records on untouched: no header is decoded, no body is looked at."""
    batch = records if isinstance(records, tuple) else (records,)
    return KafkaMessage(raw_message=batch, body=b"", consumer=None)  # type: ignore[arg-type]


async def _raw_decoder(message: KafkaMessage) -> Any:
    return message.raw_message


async def _until_there(runtime: Runtime, step: Callable[[], Awaitable[None]]) -> None:
    """Repeat a starting step until its dependency is there."""
    pauses = runtime.pauses()
    while not runtime.stopping.is_set():
        try:
            await step()
        except Outage as outage:
            runtime.health.lost(outage.dependency)
            log.warning("waiting to start", dependency=outage.dependency, why=str(outage))
            await pauses.pause()
        else:
            return


async def _keep_ids_long_enough(runtime: Runtime) -> None:
    """End the process if this configuration could decide a replayed message twice."""
    try:
        await check_retention(runtime.service.name, runtime.settings)
    except Refused as refused:
        log.critical("this configuration is refused; the service does not start", why=str(refused))
        end_process(os.EX_CONFIG)


async def _prepare_store(runtime: Runtime) -> None:
    """End the process if the database lacks what this configuration needs."""
    try:
        await runtime.store.prepare(kept=runtime.settings.history_kept)
    except Lacking as lacking:
        log.critical("this configuration is refused; the service does not start", why=str(lacking))
        end_process(os.EX_CONFIG)


async def _until_records_are_current(runtime: Runtime) -> None:
    """Wait while the database is older than the topics: nothing may be decided on it (ADR 0012)."""
    settings, health = runtime.settings, runtime.health
    if settings.accept_older_database:
        await accept_older(runtime.store, runtime.skew.now())
    while not (settings.accept_older_database or runtime.stopping.is_set()):
        why = await objection_to(runtime.service, settings, runtime.store, runtime.skew.now())
        if why is None:
            break
        if health.reasons.get(RECORDS) != why:
            log.error("records are older than the topics", why=why)
        health.objects(RECORDS, why)
        await sleep_unless(runtime.stopping, HELD_BACK_SECONDS)
    health.back(RECORDS)


async def _ask_the_time(runtime: Runtime) -> None:
    """The database tells its own; the broker tells none before something is published."""
    await ask_mongodb(runtime.database, runtime.skew)


async def _compare_clocks(runtime: Runtime) -> None:
    """A clock that is ahead finds something due, and learns from that timer before it decides."""
    if runtime.service.kinds_with_timers:
        await runtime.clock.tick()


class PatientBroker(KafkaBroker):
    """Starts once everything it needs is there; meanwhile the service is up and says so."""

    def __init__(self, runtime: Runtime, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._runtime = runtime

    async def start(self) -> None:
        runtime = self._runtime
        if runtime.settings.create_topics:
            await _until_there(runtime, lambda: create_missing_topics(runtime.settings))
        await _until_there(runtime, lambda: _keep_ids_long_enough(runtime))
        await _until_there(runtime, lambda: _prepare_store(runtime))
        await _until_there(runtime, lambda: _ask_the_time(runtime))
        await _until_there(runtime, lambda: _until_records_are_current(runtime))
        await _until_there(runtime, runtime.publisher.start)
        await _until_there(runtime, partial(_compare_clocks, runtime))
        await _until_there(runtime, self._subscribe)
        if runtime.stopping.is_set():
            return
        runtime.health.begun()
        runtime.started.set()
        log.info("started", topics=len(topics_read_by(runtime.service.name)))

    async def _connect(self) -> Callable[..., AIOKafkaConsumer]:
        """The framework's own consumer would know neither our security nor our workarounds."""
        settings = self._runtime.settings
        self.config.broker_config.builder = builder = partial(
            TolerantConsumer,
            interval_ms=settings.fetch_interval_ms,
            refused=self._runtime.refusals.note,
            **consumer_options(settings),
        )
        return builder

    async def _subscribe(self) -> None:
        """Raises `Outage`; then every subscriber is closed, and this may be called again."""
        with kafka_errors_as_outage():
            try:
                await super().start()
            except KafkaError:
                await asyncio.gather(*(subscriber.stop() for subscriber in self.subscribers))
                raise


def build_broker(runtime: Runtime) -> KafkaBroker:
    """The FastStream broker with the service's one subscriber on all its topics."""
    settings, name = runtime.settings, runtime.service.name
    broker = PatientBroker(
        runtime,
        settings.kafka_bootstrap_servers,
        consumer_only=True,
        graceful_timeout=settings.graceful_timeout_seconds,
        logger=None,
        apply_types=False,
        client_id=f"contract-desk-{name}",
    )
    subscriber = broker.subscriber(
        *topics_read_by(name),
        group_id=settings.group_of(name),
        group_instance_id=settings.kafka_group_instance_id,
        max_poll_interval_ms=settings.kafka_max_poll_interval_ms,
        batch=True,
        max_records=settings.batch_max_records,
        batch_timeout_ms=EMPTY_POLL_MS,
        auto_offset_reset="earliest",
        isolation_level=READ_COMMITTED,
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        # The same partition of every topic goes to the same instance, so one key stays together.
        partition_assignment_strategy=(RangePartitionAssignor,),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=_raw_parser,
        decoder=_raw_decoder,
    )
    consumption = Consumption(runtime)

    @subscriber
    async def on_batch(records: Any) -> None:
        assert isinstance(subscriber.consumer, TolerantConsumer)
        try:
            await consumption.handle(subscriber.consumer, records)
        except ProducerDead as error:
            _end_with_producer(error)
        except Exception:
            log.critical("the runtime itself failed; start this service anew", exc_info=True)
            end_process()

    return broker


def end_process(code: int = os.EX_SOFTWARE) -> None:
    """End at once, uncommitted: the supervisor starts a new process, which goes on from there."""
    sys.stderr.flush()
    os._exit(code)


def _end_with_producer(error: ProducerDead) -> None:
    log.critical("the producer is dead; start this service anew", why=str(error))
    end_process()


async def _repeat(
    runtime: Runtime,
    act: Callable[[], Awaitable[int]],
    rest: Callable[[], Awaitable[None]],
    *,
    full: int = 1,
) -> None:
    """Do `act` again and again, with a `rest` whenever there was less to do than `full`."""
    pauses = runtime.pauses()
    while not runtime.stopping.is_set():
        try:
            done = await act()
        except ProducerDead as error:
            _end_with_producer(error)
        except Outage as outage:
            runtime.health.lost(outage.dependency)
            await pauses.pause()
        else:
            pauses.reset()
            runtime.health.back("mongodb", *(["kafka"] if done else []))
            if done < full:
                await rest()


async def _work(runtime: Runtime) -> None:
    open_worker = runtime.service.open_worker
    assert open_worker is not None
    async with open_worker(runtime.database, runtime.health) as perform:
        worker = runtime.worker
        act, rest = partial(worker.round, perform), partial(worker.rest, IDLE_SECONDS)
        await _repeat(runtime, act, rest, full=MANY)
        await worker.finish()


async def _measure_waiting(runtime: Runtime) -> None:
    """Show how much work waits and for how long. An outage is the worker's to report."""
    while not runtime.stopping.is_set():
        with contextlib.suppress(Outage):
            await runtime.worker.measure_waiting()
        await sleep_unless(runtime.stopping, runtime.settings.pulse_seconds)


async def _look_for_large_documents(runtime: Runtime) -> int:
    """Tell of documents that no message touches, too: they stay an alarm until they are cured.

    A database that was dropped, or restored without its indexes, gets them back.
    """
    if not await runtime.store.has_indexes():
        log.error("indexes were missing", database=runtime.service.name)
        await runtime.store.prepare(kept=runtime.settings.history_kept)
    metrics = runtime.health.metrics
    for decider in runtime.service.deciders:
        found = await runtime.store.large(decider.kind)
        metrics.large_documents.labels(decider.kind).set(found.documents)
        metrics.found_largest(decider.kind, found.bytes)
        if found.bytes >= ALARM_BYTES:
            log.error(
                "document too large",
                kind=decider.kind,
                aggregate=found.largest,
                bytes=found.bytes,
            )
    return 0


async def _state_what_is_unstated(runtime: Runtime) -> None:
    """Publish the states of records that an earlier release decided, page by page, once."""
    pauses = runtime.pauses()
    more = True
    while more and not runtime.stopping.is_set():
        try:
            more = await runtime.states.next_page()
        except ProducerDead as error:
            _end_with_producer(error)
        except Outage as outage:
            runtime.health.lost(outage.dependency)
            await pauses.pause()
        else:
            pauses.reset()
            await sleep_unless(runtime.stopping, PAGE_REST_SECONDS)
    if not more:
        log.info("every record's state is on its topic")


async def _background(runtime: Runtime) -> None:
    """Dependency checks, clock, worker and announcements, beside the subscriber."""
    await runtime.started.wait()
    health, settings = runtime.health, runtime.settings
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch_skew(runtime.skew, health, runtime.stopping))
        tasks.create_task(watch_refusals(runtime.refusals, health, runtime.stopping))
        tasks.create_task(
            check_dependencies(health, runtime.database, runtime.skew, settings, runtime.stopping)
        )
        tasks.create_task(
            _repeat(
                runtime,
                partial(_look_for_large_documents, runtime),
                partial(sleep_unless, runtime.stopping, SIZES_SECONDS),
            )
        )
        tasks.create_task(_state_what_is_unstated(runtime))
        if runtime.service.announcements is not None:
            rest = partial(sleep_unless, runtime.stopping, LOOK_SECONDS)
            tasks.create_task(
                _repeat(runtime, runtime.announcements.publish_changed, rest, full=MANY)
            )
        if runtime.service.kinds_with_timers:
            seconds = runtime.settings.clock_tick_seconds
            rest = partial(sleep_unless, runtime.stopping, seconds)
            tasks.create_task(_repeat(runtime, runtime.clock.tick, rest))
        if runtime.service.open_worker is not None:
            tasks.create_task(_work(runtime))
            tasks.create_task(_measure_waiting(runtime))


@contextlib.asynccontextmanager
async def alive(runtime: Runtime) -> AsyncIterator[None]:
    """What lives beside the subscriber, and what is closed when both have stopped."""
    background = asyncio.create_task(_background(runtime))
    background.add_done_callback(_end_if_failed)
    try:
        async with _pages(runtime), answering(_port(runtime)):
            yield
    finally:
        runtime.stopping.set()
        if not runtime.started.is_set():
            background.cancel()
        await asyncio.gather(background, return_exceptions=True)
        await runtime.publisher.stop()
        runtime.client.close()
        log.info("stopped")


def _pages(runtime: Runtime) -> contextlib.AbstractAsyncContextManager[None]:
    pages = runtime.service.pages

    async def read(refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        return {ref: found.state for ref, found in (await runtime.store.read(refs)).items()}

    return served(pages, runtime.database, read) if pages else contextlib.nullcontext()


def _port(runtime: Runtime) -> Port:
    return Port(
        runtime.service, runtime.settings, runtime.database, runtime.store, runtime.skew.now
    )


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("a background task failed; start this service anew", exc_info=task.exception())
        end_process()


def build_app(runtime: Runtime) -> AsgiFastStream:
    """The ASGI app: health and metrics, for operators, around the subscriber."""

    @get
    async def health(_request: AsgiRequest) -> AsgiResponse:
        code = 200 if runtime.health.status == "ok" else 503
        return AsgiResponse(runtime.health.page(), code, {"content-type": "application/json"})

    @get
    async def live(_request: AsgiRequest) -> AsgiResponse:
        code = 503 if runtime.health.phase == FAILED else 200
        return AsgiResponse(runtime.health.phase.encode(), code, {"content-type": "text/plain"})

    async def stop() -> None:
        runtime.health.phase = "stopping"
        runtime.stopping.set()

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        try:
            async with alive(runtime):
                yield
        except Exception:
            # The web server would log this and go on serving pages for a service that is dead.
            runtime.health.phase = FAILED
            log.critical("the service failed; start it again", exc_info=True)
            end_process()

    metrics = make_asgi_app(registry=runtime.health.metrics.registry)
    return AsgiFastStream(
        build_broker(runtime),
        asgi_routes=[("/health", health), ("/live", live), ("/metrics", metrics)],
        logger=None,
        lifespan=lifespan,
        on_shutdown=[stop],
    )


async def serve(service: Service, settings: RuntimeSettings) -> None:
    """Run until SIGTERM or SIGINT."""
    app = build_app(wire(service, settings))
    await app.run(
        log_level=WARNING,
        run_extra_options={
            "host": settings.http_host,
            "port": str(settings.http_port),
            "access_log": "false",
            "log_config": None,
        },
    )


def _collect_seldom() -> None:
    """A batch is tens of thousands of objects without cycles, and all of them end with it.

    The default looks through them hundreds of times a second: a quarter of all CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def run(service: Service, settings: RuntimeSettings) -> None:
    """What every `__main__` calls: log, serve, and end with code 0 after SIGTERM or SIGINT."""
    logging.configure(service.name, level=settings.log_level, style=settings.log_format)
    # The web server stops on these signals and then raises them again; by then all is done.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    _collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(service, settings))
