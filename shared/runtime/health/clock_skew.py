"""Tells the health page how far this machine's clock is ahead, and of whose."""

from __future__ import annotations

import asyncio

import structlog

from shared.kafka.clock_skew import ClockSkew
from shared.runtime.backoff import sleep_unless
from shared.runtime.health.status import Health

log: structlog.stdlib.BoundLogger = structlog.get_logger()

CLOCK = "clock"
"""Under this name a health page says that the clock is off."""
WATCH_SECONDS = 1.0


async def watch_skew(skew: ClockSkew, health: Health, stopping: asyncio.Event) -> None:
    """Tell `health` of the clock until `stopping` is set."""
    while not stopping.is_set():
        tell(skew, health)
        await sleep_unless(stopping, WATCH_SECONDS)


def tell(skew: ClockSkew, health: Health) -> None:
    """A change is logged once; the page and the metric always hold the newest figure."""
    seconds = round(skew.seconds, 3)
    health.clock_skew_seconds, health.clock_compared_with = seconds, skew.compared_with
    health.metrics.clock_skew.set(seconds)
    if skew.excessive and CLOCK not in health.away:
        log.error("this clock differs", seconds=seconds, compared_with=skew.compared_with)
        health.lost(CLOCK)
    elif not skew.excessive and CLOCK in health.away:
        log.info("this clock agrees", seconds=seconds, compared_with=skew.compared_with)
        health.back(CLOCK)
