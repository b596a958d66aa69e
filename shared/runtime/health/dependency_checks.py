"""Detects that Kafka or MongoDB is down while the service is idle and no batch would reveal it.

A busy service is not checked: a batch that succeeds has had an answer from both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import pymongo
import structlog
from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from shared.kafka.client_options import security_options
from shared.kafka.clock_skew import ClockSkew
from shared.mongo.client import Database, PyMongoError
from shared.runtime.backoff import sleep_unless
from shared.runtime.health.status import Health
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

ANSWER_WITHIN_SECONDS = 3.0
SILENCE = (KafkaError, OSError, PyMongoError)  # OSError: TimeoutError is one

Ask = Callable[[], Awaitable[None]]


class DependencyChecks:
    """Asks each dependency in turn, every `seconds`, and tells `health` what it finds."""

    def __init__(self, health: Health, asks: Mapping[str, Ask], seconds: float) -> None:
        self._health = health
        self._asks = asks
        self._seconds = seconds
        self._batches = 0

    async def beat_until(self, stopping: asyncio.Event) -> None:
        """Return when `stopping` is set."""
        while not stopping.is_set():
            await sleep_unless(stopping, self._seconds)
            if not stopping.is_set():
                await self.beat()

    async def beat(self) -> None:
        """Ask once, unless a batch has succeeded since the last beat."""
        if self._idle():
            await asyncio.gather(*(self._ask(*one) for one in self._asks.items()))

    def _idle(self) -> bool:
        before, self._batches = self._batches, self._health.batches
        return before == self._batches

    async def _ask(self, dependency: str, ask: Ask) -> None:
        try:
            await ask()
        except SILENCE as error:
            if dependency not in self._health.away:
                log.warning("no answer", dependency=dependency, why=type(error).__name__)
            self._health.silent(dependency)
        else:
            self._health.answered(dependency)


async def check_dependencies(
    health: Health,
    database: Database,
    skew: ClockSkew,
    settings: RuntimeSettings,
    stopping: asyncio.Event,
) -> None:
    """Tell `health` of Kafka and MongoDB until `stopping` is set."""
    line = BrokerConnection(settings)
    asks: dict[str, Ask] = {"kafka": line.ask, "mongodb": partial(ask_mongodb, database, skew)}
    try:
        await DependencyChecks(health, asks, settings.pulse_seconds).beat_until(stopping)
    finally:
        line.close()


async def ask_mongodb(database: Database, skew: ClockSkew) -> None:
    """Asks for its time, which costs no more than asking for nothing.

    Raises PyMongoError when no answer comes in time.
    """
    asked = skew.elapsed()
    with pymongo.timeout(ANSWER_WITHIN_SECONDS):
        at = await database.clock()
    if at is not None:
        skew.database_showed(at, asked=asked)


class BrokerConnection:
    """A connection of its own to any one broker, kept between questions.

    The producer's would not do: there, a question waits behind whatever is being acknowledged, and
    its client logs an error at every try.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._line: AIOKafkaConnection | None = None

    async def ask(self) -> None:
        """Raises KafkaError or OSError when no broker answers in time."""
        if self._line is not None:
            try:
                await self._line.send(ApiVersionRequest())
            except (KafkaError, OSError):
                self.close()
            else:
                return
        await self._connect()

    async def _connect(self) -> None:
        """Each in turn until one answers; a connection begins with a question and an answer."""
        within_ms = int(ANSWER_WITHIN_SECONDS * 1000)
        failed: KafkaError | OSError | None = None
        for host, port, _family in collect_hosts(self._settings.kafka_bootstrap_servers):
            try:
                self._line = await create_conn(
                    host, port, request_timeout_ms=within_ms, **security_options(self._settings)
                )
            except (KafkaError, OSError) as error:
                failed = error
            else:
                return
        raise failed or ConnectionError

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
