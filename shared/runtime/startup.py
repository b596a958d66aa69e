"""Checks the conditions for a service's first record, and waits for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import structlog

from shared.kafka.retention import UnsafeRetention, check_retention
from shared.kafka.topic_creation import create_missing_topics
from shared.mongo.abilities import Lacking
from shared.runtime.backoff import sleep_unless
from shared.runtime.health.dependency_checks import ask_mongodb
from shared.runtime.older_database import (
    HELD_BACK_SECONDS,
    RECORDS,
    accept_older,
    objection_to,
)
from shared.runtime.process import end_process
from shared.runtime.until_there import Step, until_there
from shared.runtime.wiring import Runtime

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def make_ready(runtime: Runtime) -> None:
    """Topics, retention, indexes, the time, current records, a producer, and a clock compared.

    Waits for whatever is down; a configuration that is refused ends the process.
    """
    for step in _steps(runtime):
        await until_there(step, runtime.health, runtime.backoff())


def _steps(runtime: Runtime) -> Iterator[Step]:
    if runtime.settings.create_topics:
        yield lambda: create_missing_topics(runtime.settings)
    yield partial(_keep_ids_long_enough, runtime)
    yield partial(_prepare_store, runtime)
    yield partial(ask_mongodb, runtime.database, runtime.skew)
    yield partial(_until_records_are_current, runtime)
    yield runtime.publisher.start
    yield partial(_compare_clocks, runtime)


async def _keep_ids_long_enough(runtime: Runtime) -> None:
    """End the process if this configuration could decide a replayed message twice."""
    try:
        service = runtime.service
        await check_retention(service.name, runtime.settings, service.bears_repeats)
    except UnsafeRetention as refused:
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


async def _compare_clocks(runtime: Runtime) -> None:
    """A clock that is ahead finds something due, and learns from that timer before it decides."""
    if runtime.service.kinds_with_timers:
        await runtime.clock.tick()
