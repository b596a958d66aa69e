"""One service process: its parts, and how they are put together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from shared.kafka.broker import broker_at
from shared.kafka.clock_skew import LIMIT_SECONDS, ClockSkew
from shared.kafka.committed_offsets import CommittedOffsets
from shared.kafka.errors import kafka_errors_as_outage
from shared.kafka.publisher import KafkaPublisher
from shared.mongo.client import Client, Database, connect
from shared.runtime.aggregates.aggregate import OUTCOMES
from shared.runtime.aggregates.document_mapper import MB
from shared.runtime.aggregates.store import Store
from shared.runtime.announcements import Announcements
from shared.runtime.backoff import Backoff
from shared.runtime.clock import Clock
from shared.runtime.decider import Service
from shared.runtime.health.status import Health
from shared.runtime.public_states import PublicStates
from shared.runtime.reason import Reason
from shared.runtime.refusals import Refusals
from shared.runtime.stage.batch import utc_now
from shared.runtime.stage.stage import Stage
from shared.runtime.timers import Objection
from shared.runtime.worker import Worker
from shared.settings import RuntimeSettings
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces, traces_of


@dataclass(slots=True)
class Runtime:
    """The parts of one service process, wired once.

    `drained`: the last batch is through, and nothing is decided any more.
    """

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
    traces: Traces | None
    started: asyncio.Event
    stopping: asyncio.Event
    drained: asyncio.Event

    def backoff(self) -> Backoff:
        return Backoff(self.settings.max_pause_seconds, self.stopping)


def wire(service: Service, settings: RuntimeSettings) -> Runtime:
    """Put the parts together. Nothing connects yet; call it inside the running event loop."""
    metrics = Metrics()
    metrics.start_at_zero(
        fates=[objection.value for objection in Objection],
        reasons=[reason.value for reason in Reason],
        alarms=[alarm.ce_type for decider in service.deciders for alarm in decider.alarms],
    )
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
    traces = traces_of(service.name, settings, metrics)
    worker = Worker(
        service,
        store,
        publisher,
        metrics,
        skew.now,
        behind=partial(behind, skew),
        lease=settings.worker_lease,
        reports_decided=partial(outcomes_decided, settings, service.name),
        longest_pause=settings.max_pause_seconds,
        traces=traces,
    )
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
            performer=worker,
            traces=traces,
        ),
        clock=Clock(service, store, publisher, metrics, utc_now, skew),
        worker=worker,
        states=PublicStates(service, store, publisher),
        announcements=Announcements(service, publisher, utc_now),
        health=Health(service.name, metrics, utc_now),
        skew=skew,
        refusals=Refusals(),
        traces=traces,
        started=asyncio.Event(),
        stopping=asyncio.Event(),
        drained=asyncio.Event(),
    )


def behind(skew: ClockSkew) -> timedelta:
    """How far `skew.now` is known to be behind the broker's clock; a minute at most.

    Beyond that the broker's clock may be the wrong one, and health says `clock`.
    """
    return timedelta(seconds=min(LIMIT_SECONDS, max(0.0, -skew.seconds)))


async def outcomes_decided(settings: RuntimeSettings, service: str) -> None:
    """Returns once the service has decided every outcome reported to it before. Raises `Outage`."""
    with kafka_errors_as_outage():
        async with broker_at(settings) as broker:
            await broker.caught_up(settings.group_of(service), [OUTCOMES])
