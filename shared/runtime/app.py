"""FastStream at work: it runs the subscriber and the app's life. The only file that imports it.

The subscriber passes raw records on untouched: whatever FastStream decodes, one bad record would
poison for its whole batch. It commits nothing: `Consumption` does, after everything is published.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from logging import WARNING
from typing import Any

import structlog
from faststream import AckPolicy
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.request import AsgiRequest
from faststream.kafka import KafkaBroker, KafkaMessage
from prometheus_client import make_asgi_app

from shared.events.topics import topics_read_by
from shared.kafka.client_options import READ_COMMITTED, consumer_options
from shared.kafka.consumer import SAME_PARTITION_TOGETHER, TolerantConsumer
from shared.kafka.errors import ProducerDead, kafka_errors_as_outage
from shared.outage import Outage
from shared.runtime.background import alive
from shared.runtime.consumption import Consumption
from shared.runtime.decider import Service
from shared.runtime.health.status import FAILED
from shared.runtime.process import (
    collect_seldom,
    end_process,
    end_with_producer,
    run_until_signalled,
)
from shared.runtime.startup import make_ready
from shared.runtime.until_there import until_there
from shared.runtime.wiring import Runtime, wire
from shared.settings import RuntimeSettings
from shared.telemetry import logging

log: structlog.stdlib.BoundLogger = structlog.get_logger()

EMPTY_POLL_MS = 1
FETCH_BYTES = 8 * 1024 * 1024
PARTITION_FETCH_BYTES = 512 * 1024
"""Limit of one fetch, and of the bytes buffered per partition until they are decided."""


class PatientBroker(KafkaBroker):
    """Starts once everything it needs is there; meanwhile the service is up and says so."""

    def __init__(self, runtime: Runtime, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._runtime = runtime

    async def start(self) -> None:
        runtime = self._runtime
        await make_ready(runtime)
        await until_there(self._subscribe, runtime.health, runtime.backoff())
        if runtime.stopping.is_set():
            return
        runtime.health.begun()
        runtime.started.set()
        log.info("started", topics=len(topics_read_by(runtime.service.name)))

    async def _connect(self) -> Callable[..., TolerantConsumer]:
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
        try:
            with kafka_errors_as_outage():
                await super().start()
        except Outage:
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
        partition_assignment_strategy=SAME_PARTITION_TOGETHER,
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
            end_with_producer(error)
        except Exception:
            log.critical("the runtime itself failed; start this service again", exc_info=True)
            end_process()

    return broker


async def _raw_parser(records: Any) -> KafkaMessage:
    """Pass the records on untouched: no header is decoded, no body is looked at."""
    batch = records if isinstance(records, tuple) else (records,)
    return KafkaMessage(raw_message=batch, body=b"", consumer=None)  # type: ignore[arg-type]


async def _raw_decoder(message: KafkaMessage) -> Any:
    return message.raw_message


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
            # The web server would log this and still serve pages for a service that is dead.
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


def run(service: Service, settings: RuntimeSettings) -> None:
    """Runs a service until SIGTERM or SIGINT, then exits with code 0; every `__main__` calls it."""
    logging.configure(service.name, level=settings.log_level, style=settings.log_format)
    collect_seldom()
    run_until_signalled(serve(service, settings))
