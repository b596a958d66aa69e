"""Runs a service's tasks beside its subscriber: timers, side effects, announcements, checks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog

from shared.events.envelope import Ref
from shared.kafka.errors import ProducerDead
from shared.mongo.errors import mongodb_errors_as_outage
from shared.outage import Outage
from shared.runtime.aggregates.store import ALARM_BYTES
from shared.runtime.announcements import LOOK_SECONDS
from shared.runtime.backoff import Backoff, IdlePace, sleep_unless
from shared.runtime.health.backlog import measure_backlog
from shared.runtime.health.clock_skew import watch_skew
from shared.runtime.health.dependency_checks import check_dependencies
from shared.runtime.listener import listening
from shared.runtime.operations.port import Port, answering
from shared.runtime.process import end_process, end_with_producer
from shared.runtime.refusals import watch_refusals
from shared.runtime.wiring import Runtime
from shared.runtime.worker import MANY

log: structlog.stdlib.BoundLogger = structlog.get_logger()

IDLE_TICK_SECONDS = 1.0
SIZES_SECONDS = 60.0
CLEAN_UP_SECONDS = 600.0
PAGE_REST_SECONDS = 0.1
"""Between two pages of old records' states, so that new messages are not held up."""
SETTLE_SECONDS = 1.0
"""How often a service that reads nothing looks whether it may have published states late."""

Done = TypeVar("Done")


@contextlib.asynccontextmanager
async def alive(runtime: Runtime) -> AsyncIterator[None]:
    """Runs the background tasks and ports, and closes the clients once everything has stopped."""
    background = asyncio.create_task(_background(runtime))
    background.add_done_callback(_end_if_failed)
    try:
        async with _pages(runtime), answering(_port(runtime)):
            yield
    finally:
        runtime.stopping.set()
        runtime.drained.set()
        if not runtime.started.is_set():
            background.cancel()
        await asyncio.gather(background, return_exceptions=True)
        await runtime.publisher.stop()
        if runtime.traces is not None:
            await runtime.traces.stop()
        runtime.client.close()
        log.info("stopped")


def _pages(runtime: Runtime) -> contextlib.AbstractAsyncContextManager[None]:
    pages = runtime.service.pages

    async def read(refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        return {ref: found.state for ref, found in (await runtime.store.read(refs)).items()}

    if pages is None:
        return contextlib.nullcontext()
    return listening(pages.open(runtime.database, read), pages.host, pages.port)


def _port(runtime: Runtime) -> Port:
    return Port(
        runtime.service,
        runtime.settings,
        runtime.database,
        runtime.store,
        runtime.skew.now,
        runtime.health,
    )


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical(
            "a background task failed; start this service again", exc_info=task.exception()
        )
        end_process()


async def _tried(
    runtime: Runtime, backoff: Backoff, act: Callable[[], Awaitable[Done]]
) -> Done | None:
    """Returns what `act` has done, or None after a pause where a dependency was down."""
    try:
        done = await act()
    except ProducerDead as error:
        end_with_producer(error)
    except Outage as outage:
        runtime.health.lost(outage.dependency)
        await backoff.pause()
    else:
        backoff.reset()
        return done
    return None


async def _repeat(
    runtime: Runtime,
    act: Callable[[], Awaitable[int]],
    rest: Callable[[], Awaitable[None]],
    *,
    full: int = 1,
) -> None:
    """Do `act` again and again, with a `rest` whenever there was less to do than `full`."""
    backoff = runtime.backoff()
    while not runtime.stopping.is_set():
        done = await _tried(runtime, backoff, act)
        if done is not None:
            runtime.health.back("mongodb", *(["kafka"] if done else []))
            if done < full:
                await rest()


async def _work(runtime: Runtime) -> None:
    open_worker = runtime.service.open_worker
    assert open_worker is not None
    async with open_worker(runtime.database, runtime.health) as perform:
        worker, pace = runtime.worker, IdlePace()

        async def act() -> int:
            found = await worker.round(perform)
            pace.looked(found)
            return found

        async def rest() -> None:
            await worker.rest(pace.seconds)

        await _repeat(runtime, act, rest, full=MANY)
        worker.stop()
        await runtime.drained.wait()
        await worker.finish()


async def _keep_time(runtime: Runtime) -> None:
    """Publish timers; where none has been due for a while, look for them at most a second apart."""
    tick = runtime.settings.clock_tick_seconds
    pace = IdlePace(shortest=tick, longest=max(tick, IDLE_TICK_SECONDS))

    async def act() -> int:
        due = await runtime.clock.tick()
        pace.looked(due)
        return due

    async def rest() -> None:
        await sleep_unless(runtime.stopping, pace.seconds)

    await _repeat(runtime, act, rest)


async def _measure_waiting(runtime: Runtime) -> None:
    """Show how much work waits and for how long. An outage is the worker's to report."""
    while not runtime.stopping.is_set():
        with contextlib.suppress(Outage):
            await runtime.worker.measure_waiting()
        await sleep_unless(runtime.stopping, runtime.settings.pulse_seconds)


async def _look_at_documents(runtime: Runtime) -> int:
    """Tell of large documents that no message touches, too, and of what is parked or due.

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
    await measure_backlog(runtime.store, runtime.service.deciders, metrics, runtime.skew.now())
    return 0


async def _clean_up(runtime: Runtime) -> int:
    clean_up = runtime.service.clean_up
    assert clean_up is not None
    with mongodb_errors_as_outage():
        deleted = await clean_up(runtime.database, runtime.skew.now())
    if deleted:
        log.info("what nobody claimed was deleted", files=deleted)
    return deleted


async def _state_what_is_unstated(runtime: Runtime) -> None:
    """Publish the states of records that an earlier release decided, page by page, once."""
    backoff = runtime.backoff()
    more: bool | None = True
    while more is not False and not runtime.stopping.is_set():
        more = await _tried(runtime, backoff, runtime.states.next_page)
        if more is not None:
            await sleep_unless(runtime.stopping, PAGE_REST_SECONDS)
    if more is False:
        log.info("every record's state is on its topic")


async def _settle_states(runtime: Runtime) -> None:
    """Publish again the states that may have been published late, also where nothing is read.

    Another process may have the partition by now, and this one never reads a record again.
    """
    backoff = runtime.backoff()
    while not runtime.stopping.is_set():
        if await _tried(runtime, backoff, runtime.states.settle):
            runtime.health.back("mongodb", "kafka")
        await sleep_unless(runtime.stopping, SETTLE_SECONDS)


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
                partial(_look_at_documents, runtime),
                partial(sleep_unless, runtime.stopping, SIZES_SECONDS),
            )
        )
        tasks.create_task(_state_what_is_unstated(runtime))
        tasks.create_task(_settle_states(runtime))
        if runtime.service.announcements is not None:
            rest = partial(sleep_unless, runtime.stopping, LOOK_SECONDS)
            tasks.create_task(
                _repeat(runtime, runtime.announcements.publish_changed, rest, full=MANY)
            )
        if runtime.service.clean_up is not None:
            rest = partial(sleep_unless, runtime.stopping, CLEAN_UP_SECONDS)
            tasks.create_task(_repeat(runtime, partial(_clean_up, runtime), rest))
        if runtime.service.kinds_with_timers:
            tasks.create_task(_keep_time(runtime))
        if runtime.service.open_worker is not None:
            tasks.create_task(_work(runtime))
            tasks.create_task(_measure_waiting(runtime))
