"""Detects that Kafka or MongoDB is down while the service is idle and no batch would reveal it.

A busy service is not checked: a batch that succeeds has had an answer from both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import structlog

from shared.kafka.broker_connection import BrokerConnection
from shared.kafka.clock_skew import ClockSkew
from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.outage import Outage
from shared.runtime.backoff import sleep_unless
from shared.runtime.health.status import Health
from shared.settings import RuntimeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

ANSWER_WITHIN_SECONDS = 3.0

Ask = Callable[[], Awaitable[None]]


class DependencyChecks:
    """Asks each dependency in turn, every `seconds`, and tells `health` what it finds."""

    def __init__(self, health: Health, asks: Mapping[str, Ask], seconds: float) -> None:
        self._health = health
        self._asks = asks
        self._seconds = seconds
        self._batches = 0

    async def check_until(self, stopping: asyncio.Event) -> None:
        """Return when `stopping` is set."""
        while not stopping.is_set():
            await sleep_unless(stopping, self._seconds)
            if not stopping.is_set():
                await self.check()

    async def check(self) -> None:
        """Ask once, unless a batch has succeeded since the last check."""
        if self._idle():
            await asyncio.gather(*(self._ask(*asked) for asked in self._asks.items()))

    def _idle(self) -> bool:
        before, self._batches = self._batches, self._health.batches
        return before == self._batches

    async def _ask(self, dependency: str, ask: Ask) -> None:
        try:
            await ask()
        except Outage as outage:
            if dependency not in self._health.away:
                log.warning("no answer", dependency=dependency, why=str(outage))
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
    line = BrokerConnection(settings, ANSWER_WITHIN_SECONDS)
    asks: dict[str, Ask] = {"kafka": line.ask, "mongodb": partial(ask_mongodb, database, skew)}
    try:
        await DependencyChecks(health, asks, settings.pulse_seconds).check_until(stopping)
    finally:
        line.close()


async def ask_mongodb(database: Database, skew: ClockSkew) -> None:
    """Asks for its time, which costs no more than asking for nothing.

    Raises `Outage` when no answer comes in time.
    """
    asked = skew.elapsed()
    with mongodb_errors_as_outage():
        at = await database.clock(ANSWER_WITHIN_SECONDS)
    if at is not None:
        skew.database_showed(at, asked=asked)
