"""Side effects run outside the five steps: due work is leased, done, and its outcome reported.

Most is leased in the very write that makes it due, and begun by the process that wrote it; what is
due later, or was left by another process, is looked for in the database.

Many are done at once, and a slow one holds up no other; what they read and report goes together.
The outcome is a message to the service itself, which decides what it means. Once it is reported,
the lease ends, however long the outcome waits to be read. A worker that dies before leaves a lease
that runs out. Who takes it over waits until all that was reported is decided, so only what was not
reported is done again; that it must bear.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

import structlog

from shared.events.envelope import Ref
from shared.events.internal import Outcome
from shared.mongo.client import Document
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.port import AggregateStore
from shared.runtime.backoff import Backoff, sleep_unless
from shared.runtime.codec import Envelope
from shared.runtime.decider import Perform, Service, Work
from shared.runtime.faults import NewerRelease, described
from shared.runtime.publisher import Publisher
from shared.runtime.span_attributes import said
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces

log: structlog.stdlib.BoundLogger = structlog.get_logger()

AT_ONCE = 100
MANY = 50
"""One lease costs the same for one item as for this many: wait until so much room is free."""
SHARE_OF_LEASE = 0.8
"""Work stops well before its lease does, so that no other worker starts it meanwhile."""
ALARM_SECONDS, ALARM_WITHIN_SECONDS = 0.1, 3600.0
"""How exactly a worker wakes for what is due later, and how long before it makes sure of that."""
SHARE_TO_CATCH_UP = 0.4
"""Of a lease that was taken over: how long its worker waits for earlier reports to be decided."""
DECIDED_BY = 0.25
"""Fraction of the lease after which a reported item is released; by then its outcome has usually
been decided."""
LONGEST_PAUSE_SECONDS = 15.0

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class CallCoalescer(Generic[Item, Answer]):
    """Calls with what many want at once: all that comes in while one call is under way."""

    def __init__(self, call: Callable[[Sequence[Item]], Awaitable[Answer]]) -> None:
        self._call = call
        self._under_way = asyncio.Lock()
        self._wanted: list[Item] = []
        self._next: asyncio.Task[Answer] | None = None

    async def __call__(self, wanted: Iterable[Item]) -> Answer:
        """Joins the next call and returns its answer, or raises its error."""
        self._wanted += wanted
        self._next = self._next or asyncio.create_task(self._called())
        return await asyncio.shield(self._next)

    async def _called(self) -> Answer:
        async with self._under_way:
            await asyncio.sleep(0)  # other callers of this turn join
            wanted, self._wanted, self._next = self._wanted, [], None
            return await self._call(wanted)


@dataclass(frozen=True, slots=True, eq=False)
class _Reported:
    """Work whose outcome is on its topic."""

    aggregate: Aggregate
    leased_at: datetime


class Worker:
    """Does the due side effects of one service.

    `reports_decided` returns once every outcome that any worker of the service reported before is
    decided, and may raise `Outage`. `longest_pause` is in seconds, between two tries to report.

    `now` is what work falls due by. A lease is in the broker's time, which `now` is known to be
    `behind`: machines whose clocks differ agree when it ends.
    """

    def __init__(
        self,
        service: Service,
        store: AggregateStore,
        publisher: Publisher,
        metrics: Metrics,
        now: Callable[[], datetime],
        *,
        lease: timedelta,
        reports_decided: Callable[[], Awaitable[None]],
        longest_pause: float = LONGEST_PAUSE_SECONDS,
        behind: Callable[[], timedelta] = timedelta,
        traces: Traces | None = None,
    ) -> None:
        self._source = f"/services/{service.name}/worker"
        self._kinds = [decider.kind for decider in service.deciders if decider.has_work]
        self._since = {decider.kind: decider.work_since for decider in service.deciders}
        self._told = [decider.kind for decider in service.deciders if decider.tells_waiting]
        self._store = store
        self._metrics = metrics
        self._now = now
        self._lease = lease
        self._reports_decided = reports_decided
        self._longest_pause = longest_pause
        self._behind = behind
        self._traces = traces
        self._due = asyncio.Event()
        self._alarms: dict[int, asyncio.TimerHandle] = {}
        self._perform_work: Perform | None = None
        self._stopping = asyncio.Event()
        self._doing: dict[asyncio.Task[None], Ref] = {}
        self._taking_over: asyncio.Task[None] | None = None
        self._failed: list[BaseException] = []
        self._refused: Outage | None = None
        self._given_up: Outage | None = None
        self._more_waits = False
        self._reported: dict[Ref, _Reported] = {}
        self._aggregates = CallCoalescer(store.read)
        self._publisher = publisher
        self._report = CallCoalescer(self._report_until_acknowledged)

    def wake(self, at: datetime | None = None) -> None:
        """Something is due, now or at `at`: do not wait to look for it."""
        seconds = (at - self._now()).total_seconds() if at is not None else 0.0
        if seconds <= 0:
            self._more_waits = True
            self._due.set()
        elif seconds <= ALARM_WITHIN_SECONDS:
            loop = asyncio.get_running_loop()
            slot = math.ceil((loop.time() + seconds) / ALARM_SECONDS)
            if slot not in self._alarms:
                self._alarms[slot] = loop.call_at(slot * ALARM_SECONDS, self._ring, slot)

    def _ring(self, slot: int) -> None:
        del self._alarms[slot]
        self._due.set()

    async def rest(self, seconds: float) -> None:
        """Return when woken, or after `seconds`."""
        await sleep_unless(self._due, seconds)

    def lease(self, count: int) -> datetime | None:
        """Until when `count` more would be leased, if there is room for them.

        There is none while a report is refused.
        """
        if self._perform_work is None or self._stopping.is_set() or self._refused is not None:
            return None
        if len(self._doing) + count > AT_ONCE:
            return None
        return self._brokers_now() + self._lease

    def _brokers_now(self) -> datetime:
        return self._now() + self._behind()

    def begin(self, leased: Sequence[Aggregate]) -> None:
        """Begins work that the stage has stored with a lease of this process."""
        for aggregate in leased:
            assert self._perform_work is not None
            assert aggregate.lease is not None
            self._begin(self._perform_work, aggregate, aggregate.lease.until - self._lease)

    def decided(self, refs: Iterable[Ref]) -> None:
        """Their outcome is stored, and with it when they are due again: nothing to release."""
        for ref in refs:
            self._reported.pop(ref, None)

    async def round(self, perform: Perform) -> int:
        """Lease what is due, if there is room for many, and begin it; how much that is.

        Raises `Outage` or `ProducerDead`, also for what was begun in an earlier round; while a
        report is refused, each round does, and begins nothing.
        """
        self._due.clear()
        self._perform_work = perform
        self._raise_failure()
        await self._release(leased_before=self._brokers_now() - self._lease * DECIDED_BY)
        self._raise_refusal()
        begun, self._more_waits = 0, False
        run_out: list[Aggregate] = []
        may_take_over = self._taking_over is None
        now, since = self._now(), self._brokers_now()
        for kind in self._kinds:
            room = AT_ONCE - len(self._doing)
            if room < MANY:
                self._more_waits = True
                break
            leased = await self._store.lease(
                kind, now, since + self._lease, str(uuid4()), room, run_out=may_take_over
            )
            due = [aggregate for aggregate in leased if not aggregate.newer]
            run_out += (it for it in due if it.taken_over and not self._is_doing(it.ref))
            for aggregate in due:
                if not aggregate.taken_over:
                    self._begin(perform, aggregate, since)
            begun += len(due)
        if run_out:
            self._taking_over = asyncio.create_task(self._take_over(perform, run_out, since))
            self._taking_over.add_done_callback(self._taken_over)
        return begun

    async def _take_over(
        self, perform: Perform, run_out: Sequence[Aggregate], since: datetime
    ) -> None:
        """Begin what nobody has reported. Where that cannot be told in time, a later round does."""
        try:
            async with asyncio.timeout(self._lease.total_seconds() * SHARE_TO_CATCH_UP):
                await self._reports_decided()
                found = await self._store.read([aggregate.ref for aggregate in run_out])
            self._raise_refusal()
        except (Outage, TimeoutError) as why:
            log.warning("taking over put off", pieces=len(run_out), why=described(why))
            return
        for aggregate in run_out:
            if found[aggregate.ref].version == aggregate.version:
                self._begin(perform, aggregate, since)

    def _is_doing(self, ref: Ref) -> bool:
        """Whether this process does it: its own lease may run out by a clock that was set."""
        return ref in self._doing.values()

    def _taken_over(self, task: asyncio.Task[None]) -> None:
        self._taking_over = None
        self._ended(task)
        self._due.set()

    def _begin(self, perform: Perform, aggregate: Aggregate, since: datetime) -> None:
        if self._given_up is not None:
            return
        task = asyncio.create_task(self._do(perform, aggregate, since))
        self._doing[task] = aggregate.ref
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Wakes the next round for a failure, or once there is room for what waits."""
        self._doing.pop(task, None)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self._failed.append(failure)
        if failure is not None or (self._more_waits and AT_ONCE - len(self._doing) >= MANY):
            self._due.set()

    def stop(self) -> None:
        """Leases nothing more. What the stage's last write has leased may still be begun."""
        self._stopping.set()

    async def finish(self) -> None:
        """Return when everything begun has ended; what could not be reported is done again.

        A report that is refused is tried once more, and what is under way is then given up.
        """
        self.stop()
        if self._taking_over is not None:
            self._taking_over.cancel()
        await asyncio.gather(*self._doing, return_exceptions=True)
        for alarm in self._alarms.values():
            alarm.cancel()
        with contextlib.suppress(Outage):
            await self._release(leased_before=self._brokers_now() + self._lease)

    async def measure_waiting(self) -> None:
        """Set the gauges of the work that waits. Raises `Outage`."""
        for kind in self._told:
            count, since = await self._store.waiting(kind)
            age = (self._now() - since).total_seconds() if since else 0.0
            self._metrics.work_waiting.labels(kind).set(count)
            self._metrics.work_oldest.labels(kind).set(max(0.0, age))

    async def _release(self, *, leased_before: datetime) -> None:
        """Release reported aggregates: their outcome, once decided, says when they are due."""
        reported = [it for it in self._reported.values() if it.leased_at < leased_before]
        await self._store.release(report.aggregate for report in reported)
        for report in reported:
            if self._reported.get(report.aggregate.ref) is report:
                del self._reported[report.aggregate.ref]

    def _raise_failure(self) -> None:
        failed, self._failed = self._failed, []
        for failure in failed:
            raise failure

    def _raise_refusal(self) -> None:
        if self._refused is not None:
            raise self._refused

    async def _do(self, perform: Perform, aggregate: Aggregate, since: datetime) -> None:
        """Do one piece of work and report it at once: what is done twice is what came between.

        It is leased since `since`. While its report is refused, whatever it holds stays held. Once
        its lease has run out, another process may take it over: that one waits until all reports
        on the topic are decided, this one is not among them, and the work is done again, as after
        a crash and in the same bounds. Two successes of one version are decided once.
        """
        async with contextlib.AsyncExitStack() as until_reported:
            work = Work(aggregate.ref, aggregate.state, self._read, until_reported)
            outcome = await self._perform(perform, work, aggregate, since)
            if outcome is not None:
                await self._report([outcome])
                self._reported[aggregate.ref] = _Reported(aggregate, since)

    async def _report_until_acknowledged(self, outcomes: Sequence[Envelope]) -> None:
        """Returns once all are acknowledged, however long they are refused.

        Raises `Outage` once the worker stops, and `ProducerDead`.
        """
        backoff = Backoff(self._longest_pause, self._stopping)
        while self._given_up is None:
            try:
                await self._publisher.publish(outcomes)
            except Outage as outage:
                self._refused = outage
                if self._stopping.is_set():
                    self._give_up(outage)
                self._due.set()
                await backoff.pause()
            else:
                self._refused = None
                return
        raise self._given_up

    def _give_up(self, outage: Outage) -> None:
        """End all work at once: what one piece holds until it is reported, no other may get."""
        self._given_up = outage
        for task in self._doing:
            task.cancel()

    async def _read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        found = await self._aggregates(refs)
        for ref in refs:
            if found[ref].newer:
                raise NewerRelease(ref)
        return {ref: found[ref].state for ref in refs}

    async def _perform(
        self, perform: Perform, work: Work, aggregate: Aggregate, since: datetime
    ) -> Envelope | None:
        left = self._lease * SHARE_OF_LEASE - (self._brokers_now() - since)
        began = time.time_ns()
        try:
            async with asyncio.timeout(left.total_seconds()):
                event = await perform(work)
        except (Outage, TimeoutError) as why:
            self._tried(aggregate, "failed", "failed")
            self._traced(aggregate, began, why)
            log.warning("side effect put off", kind=aggregate.ref.kind, why=described(why))
            return None
        except Exception as defect:  # noqa: BLE001 - one failing effect must not stop the others
            self._tried(aggregate, "failed", "failed")
            self._traced(aggregate, began, defect)
            log.error(  # noqa: TRY400 - a traceback may quote personal data
                "side effect failed",
                kind=aggregate.ref.kind,
                aggregate=aggregate.ref.id,
                error=described(defect),
            )
            return None
        self._tried(aggregate, "done", event.result)
        ref, result = aggregate.ref, event.result
        identity = f"{self._source} {ref.kind} {ref.id} {aggregate.version} {result}"
        first = next(iter(aggregate.known.values()))
        return codec.envelope(
            str(uuid5(NAMESPACE_URL, identity)),
            event.ce_type,
            codec.dump(event),
            source=self._source,
            subject=aggregate.ref.id,
            at=since,
            causation_id=first["causation_id"],
            correlation_id=event.correlation_id or first["correlation_id"],
            traceparent=self._traced(aggregate, began, event),
        )

    def _traced(self, aggregate: Aggregate, began: int, outcome: Outcome | Exception) -> str | None:
        """The traceparent of what the work reports; where tracing is on, the work has a span.

        `began` is in nanoseconds since 1970.
        """
        asked, kind = _asked_by(aggregate, outcome), aggregate.ref.kind
        traceparent: str | None = None if asked is None else asked.get("traceparent")
        if self._traces is None or traceparent is None:
            return traceparent
        span = self._traces.begin(f"perform {kind}", "internal", parent=traceparent, at=began)
        if span is None:
            return traceparent
        if isinstance(outcome, Outcome):
            span.note({"desk.result": outcome.result})
            span.note(said([(outcome.ce_type, codec.dump(outcome))]))
        else:
            span.fail(type(outcome).__name__)
        span.end()
        return span.traceparent

    def _tried(self, aggregate: Aggregate, outcome: str, result: str) -> None:
        """Count it; and measure how long it had been wanted, where its kind says since when."""
        kind = aggregate.ref.kind
        self._metrics.work.labels(outcome).inc()
        since = self._since[kind](aggregate.state)
        if since is not None:
            waited = max(0.0, (self._now() - since).total_seconds())
            self._metrics.work_seconds.labels(kind, result).observe(waited)


def _asked_by(aggregate: Aggregate, outcome: Outcome | Exception) -> Document | None:
    """The message that asked for the work: of the submission that the outcome names, or the first.

    What failed names none; the newest message is the likeliest.
    """
    entries = [*aggregate.known.values()]
    if isinstance(outcome, Exception):
        return entries[-1] if entries else None
    asked = outcome.correlation_id
    named = [it for it in entries if asked is not None and it["correlation_id"] == asked]
    return named[-1] if named else entries[0]
