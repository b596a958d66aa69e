"""Side effects: begun as soon as there is room, read together, and never lost in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.envelope import Ref
from shared.events.internal import DocumentStored, MailAttempted, Outcome
from shared.kafka.errors import ProducerDead
from shared.outage import Outage
from shared.runtime.aggregates.aggregate import Aggregate, Lease
from shared.runtime.decider import Decider, Service, Work
from shared.runtime.worker import CallCoalescer, Worker
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces
from tests.builders.traces import (
    SAMPLED,
    TRACE,
    attributes_of,
    trace_of,
    traced,
    traceparent_of,
)
from tests.integration.runtime import toy

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ENTRY = {"message_id": "/x 1", "digest": "d", "causation_id": "c", "correlation_id": None}


class Stored:
    """A store whose due work is a list; it counts the queries."""

    def __init__(self, *due: str) -> None:
        self.due = [Aggregate(Ref("seen", name), known={("/x 1", "d"): ENTRY}) for name in due]
        self.reads: list[set[Ref]] = []
        self.limits: list[int] = []
        self.waits: tuple[int, datetime | None] = (0, None)
        self.released: list[str] = []
        self.versions: dict[str, int] = {}

    async def read(self, refs: Iterable[Ref]) -> Mapping[Ref, Aggregate]:
        self.reads.append(set(refs))
        return {
            ref: Aggregate(ref, self.versions.get(ref.id, 0), f"state of {ref.id}") for ref in refs
        }

    async def lease(self, *_about: Any, run_out: bool) -> list[Aggregate]:
        self.limits.append(_about[-1])
        wanted = [it for it in self.due if run_out or not it.taken_over][: _about[-1]]
        self.due = [it for it in self.due if it not in wanted]
        return wanted

    async def waiting(self, _kind: str) -> tuple[int, datetime | None]:
        return self.waits

    async def release(self, aggregates: Iterable[Aggregate]) -> None:
        self.released += [aggregate.ref.id for aggregate in aggregates]


class Reports:
    """Whether all that was reported is decided. It asks once for each look."""

    def __init__(self) -> None:
        self.decided = asyncio.Event()
        self.decided.set()
        self.asked = 0
        self.fault: Exception | None = None

    async def __call__(self) -> None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        await self.decided.wait()


class Published:
    def __init__(self, fault: Exception | None = None) -> None:
        self.subjects: list[str] = []
        self.traceparents: list[str | None] = []
        self.fault = fault
        self.refused = 0

    async def publish(self, outgoing: Sequence[Any]) -> None:
        if self.fault is not None:
            self.refused += 1
            raise self.fault
        told = [dict(envelope.headers) for envelope in outgoing]
        self.subjects += [headers["ce_subject"].decode() for headers in told]
        self.traceparents += [headers.get("traceparent", b"").decode() or None for headers in told]


def worker(
    store: Stored,
    publisher: Published,
    *,
    kinds: int = 1,
    now: Callable[[], datetime] = lambda: NOW,
    metrics: Metrics | None = None,
    traces: Traces | None = None,
    reports: Reports | None = None,
    behind: timedelta = timedelta(0),
) -> Worker:
    metrics = metrics or Metrics()
    decider = Decider(
        "seen", toy.Seen, lambda *_: [], toy.evolve, work_at=_at_once, work_since=_at_once
    )
    service = Service("contract_archive", (decider,) * kinds, toy.route)
    lease = timedelta(seconds=60)
    told = {
        "lease": lease,
        "traces": traces,
        "reports_decided": reports or Reports(),
        "longest_pause": 0.01,
        "behind": lambda: behind,
    }
    return Worker(service, store, publisher, metrics, now, **told)  # type: ignore[arg-type]


def _at_once(_state: toy.Seen) -> datetime:
    return NOW


async def stored(work: Work) -> Outcome:
    return DocumentStored(contract_number=work.ref.id, document_id="d-1", sha256="00")


async def until(holds: Callable[[], object]) -> None:
    """Raises TimeoutError. A loaded machine needs more turns of the loop, not other answers."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0)


async def some_turns() -> None:
    """Enough for everything that waits for nothing but its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_asked_for_in_one_turn_is_one_call() -> None:
    store = Stored()
    read = CallCoalescer(store.read)
    a, b, c = Ref("x", "a"), Ref("x", "b"), Ref("y", "c")
    one, two = await asyncio.gather(read([a, b]), read([b, c]))
    assert set(one) == set(two) == {a, b, c}
    assert store.reads == [{a, b, c}]
    assert set(await read([a])) == {a}
    assert store.reads == [{a, b, c}, {a}]


async def test_what_comes_in_while_one_call_is_under_way_is_the_next_one() -> None:
    called: list[list[int]] = []
    answer = asyncio.Event()

    async def call(wanted: Sequence[int]) -> None:
        called.append(list(wanted))
        await answer.wait()

    together = CallCoalescer(call)
    asked = [asyncio.create_task(together([0]))]
    await until(lambda: called)
    for number in range(1, 4):
        asked.append(asyncio.create_task(together([number])))
        await some_turns()
    assert called == [[0]]
    answer.set()
    await asyncio.gather(*asked)
    assert called == [[0], [1, 2, 3]]


async def test_a_call_that_fails_fails_those_who_wanted_it_and_no_later_one() -> None:
    faults: list[Exception] = [Outage("kafka", "away")]

    async def call(wanted: Sequence[int]) -> int:
        if faults:
            raise faults.pop()
        return len(wanted)

    together = CallCoalescer(call)
    results = await asyncio.gather(together([1]), together([2]), return_exceptions=True)
    assert [type(result) for result in results] == [Outage, Outage]
    assert await together([3]) == 1


async def test_a_slow_piece_of_work_holds_up_no_other() -> None:
    store, published, gate = Stored("slow"), Published(), asyncio.Event()
    tested = worker(store, published)

    async def perform(work: Work) -> Outcome:
        if work.ref.id == "slow":
            await gate.wait()
        return await stored(work)

    assert await tested.round(perform) == 1
    store.due = Stored("quick").due
    assert await tested.round(perform) == 1
    await until(lambda: published.subjects)
    assert published.subjects == ["quick"]
    gate.set()
    await tested.finish()
    assert published.subjects == ["quick", "slow"]


async def test_no_more_is_leased_than_there_is_room_for() -> None:
    """And nothing while there is room for a few only: a lease costs as much for one as for many."""
    gates = {f"w{n}": asyncio.Event() for n in range(250)}
    store, published = Stored(*gates), Published()
    tested = worker(store, published)

    async def perform(work: Work) -> Outcome:
        await gates[work.ref.id].wait()
        return await stored(work)

    async def ended(*numbers: int) -> None:
        for number in numbers:
            gates[f"w{number}"].set()
        await until(lambda: len(published.subjects) > max(numbers))
        await some_turns()

    assert await tested.round(perform) == 100
    assert await tested.round(perform) == 0
    await ended(*range(49))
    assert await tested.round(perform) == 0
    assert store.limits == [100]
    await ended(49)
    assert await tested.round(perform) == 50
    assert store.limits == [100, 50]
    for gate in gates.values():
        gate.set()
    await tested.finish()


async def test_who_has_no_room_left_asks_for_nothing_more() -> None:
    store, gate = Stored(*(f"w{n}" for n in range(250))), asyncio.Event()
    tested = worker(store, Published(), kinds=2)

    async def perform(work: Work) -> Outcome:
        await gate.wait()
        return await stored(work)

    assert await tested.round(perform) == 100
    assert store.limits == [100]
    gate.set()
    await tested.finish()


async def test_what_work_holds_it_holds_until_it_is_reported() -> None:
    published = Published()
    reported_when_left: list[list[str]] = []

    async def perform(work: Work) -> Outcome:
        work.until_reported.callback(lambda: reported_when_left.append([*published.subjects]))
        return await stored(work)

    tested = worker(Stored("w"), published)
    await tested.round(perform)
    await tested.finish()
    assert reported_when_left == [["w"]]


async def test_what_work_holds_it_lets_go_if_it_fails() -> None:
    left: list[str] = []

    async def perform(work: Work) -> Outcome:
        work.until_reported.callback(lambda: left.append(work.ref.id))
        raise Outage("database", "away")

    tested = worker(Stored("w"), Published())
    await tested.round(perform)
    await tested.finish()
    assert left == ["w"]


async def test_each_round_raises_while_a_report_is_refused_and_nothing_new_begins() -> None:
    store, published = Stored("w"), Published(Outage("kafka", "away"))
    tested = worker(store, published)
    assert await tested.round(stored) == 1
    await until(lambda: published.refused)
    store.due = Stored("v").due
    for _ in range(2):
        with pytest.raises(Outage):
            await tested.round(stored)
        assert tested.lease(1) is None
    assert store.limits == [100]

    published.fault = None
    await until(lambda: tested.lease(1))
    assert await tested.round(stored) == 1
    await tested.finish()
    assert published.subjects == ["w", "v"]


async def test_what_has_run_out_is_not_taken_over_while_a_report_is_refused() -> None:
    store, published, reports = run_out("left"), Published(), Reports()
    store.due += Stored("w").due
    reports.decided.clear()
    published.fault = Outage("kafka", "away")
    tested = worker(store, published, reports=reports)
    await tested.round(stored)
    await until(lambda: published.refused)
    reports.decided.set()
    await some_turns()
    published.fault = None
    await until(lambda: published.subjects)
    await tested.finish()
    assert published.subjects == ["w"]


async def test_a_dead_producer_is_raised_by_the_next_round() -> None:
    tested = worker(Stored("w"), Published(ProducerDead("fenced")))
    await tested.round(stored)
    await some_turns()
    with pytest.raises(ProducerDead):
        await tested.round(stored)


class MailsAtOnce:
    """Work that takes one of 20 permits until it is reported, as a mail does."""

    def __init__(self) -> None:
        self.permits = asyncio.Semaphore(20)
        self.sent: list[str] = []

    async def __call__(self, work: Work) -> Outcome:
        await work.until_reported.enter_async_context(self.permits)
        self.sent.append(work.ref.id)
        return await stored(work)


HUNDRED = [f"w{n}" for n in range(100)]


async def test_no_more_goes_out_in_an_outage_than_a_crash_may_repeat() -> None:
    class AwayForThreeTries(Published):
        unreported: Sequence[int] = ()

        async def publish(self, outgoing: Sequence[Any]) -> None:
            self.unreported = [*self.unreported, len(mails.sent) - len(self.subjects)]
            self.fault = Outage("kafka", "away") if self.refused < 3 else None
            await super().publish(outgoing)

    published, mails = AwayForThreeTries(), MailsAtOnce()
    tested = worker(Stored(*HUNDRED), published)
    assert await tested.round(mails) == 100
    await until(lambda: len(published.subjects) == 100)
    await tested.finish()
    assert (published.refused, max(published.unreported)) == (3, 20)
    assert sorted(published.subjects) == sorted(mails.sent) == sorted(HUNDRED)


async def test_a_stop_in_an_outage_ends_and_lets_nothing_more_go_out() -> None:
    store, published, mails = Stored(*HUNDRED), Published(Outage("kafka", "away")), MailsAtOnce()
    tested = worker(store, published)
    await tested.round(mails)
    await until(lambda: published.refused > 1)
    async with asyncio.timeout(30):
        await tested.finish()
    tested.begin(of("late"))
    await some_turns()
    assert len(mails.sent) == 20
    assert (published.subjects, store.released) == ([], [])


async def test_what_is_refused_is_tried_once_more_before_the_end() -> None:
    store, published = Stored("w"), Published(Outage("kafka", "away"))
    tested = worker(store, published)
    await tested.round(stored)
    await until(lambda: published.refused)
    published.fault = None
    await tested.finish()
    assert (published.subjects, store.released) == (["w"], ["w"])


async def test_what_is_reported_is_leased_no_more() -> None:
    """Released well before the lease runs out, not at once: mostly it is decided by then."""
    store, published, passed = Stored("w"), Published(), timedelta(0)
    tested = worker(store, published, now=lambda: NOW + passed)
    assert await tested.round(stored) == 1
    await until(lambda: published.subjects)
    await some_turns()
    await tested.round(stored)
    assert store.released == []
    passed = timedelta(seconds=16)
    await tested.round(stored)
    await tested.round(stored)
    assert store.released == ["w"]


async def test_who_stops_leaves_no_lease_on_what_is_reported() -> None:
    store = Stored("w")
    tested = worker(store, Published())
    await tested.round(stored)
    await tested.finish()
    assert store.released == ["w"]


async def test_what_cannot_be_reported_stays_leased() -> None:
    store = Stored("w")
    tested = worker(store, Published(Outage("kafka", "away")))
    await tested.round(stored)
    await tested.finish()
    assert store.released == []


def run_out(*names: str) -> Stored:
    """A store whose due work was leased before."""
    store = Stored(*names)
    for aggregate in store.due:
        aggregate.taken_over = True
    return store


async def test_what_is_taken_over_is_begun_once_all_that_was_reported_is_decided() -> None:
    store, published, reports = run_out("w", "v"), Published(), Reports()
    reports.decided.clear()
    tested = worker(store, published, reports=reports)
    assert await tested.round(stored) == 2
    await some_turns()
    assert await tested.round(stored) == 0
    assert published.subjects == []

    store.versions["v"] = 1  # its outcome was among them
    reports.decided.set()
    async with asyncio.timeout(30):
        await tested.rest(3600)
    await until(lambda: published.subjects)
    await tested.finish()
    assert (published.subjects, reports.asked) == (["w"], 1)


async def test_what_is_due_for_the_first_time_waits_for_no_report() -> None:
    """Neither beside what is taken over nor after it, however long the reports are awaited."""
    store, published, reports = run_out("w"), Published(), Reports()
    store.due += Stored("new").due
    reports.decided.clear()
    tested = worker(store, published, reports=reports)
    assert await tested.round(stored) == 2
    await until(lambda: published.subjects)
    store.due += [*run_out("v").due, *Stored("newer").due]
    assert await tested.round(stored) == 1
    await until(lambda: len(published.subjects) == 2)
    await tested.finish()
    assert published.subjects == ["new", "newer"]
    assert (reports.asked, [it.ref.id for it in store.due]) == (1, ["v"])


@pytest.mark.parametrize("ends", ["before", "after"])
async def test_nobody_takes_over_what_he_is_doing_himself(ends: str) -> None:
    """His clock is set forward by 70 s, and his report lands before or after he has looked."""
    store, published, reports = Stored("w"), Published(), Reports()
    passed, gate, begun = timedelta(0), asyncio.Event(), list[str]()
    tested = worker(store, published, now=lambda: NOW + passed, reports=reports)

    async def perform(work: Work) -> Outcome:
        begun.append(work.ref.id)
        await gate.wait()
        return await stored(work)

    await tested.round(perform)
    await some_turns()
    passed = timedelta(seconds=70)
    store.due = run_out("w", "another").due
    reports.decided.clear()
    await tested.round(perform)
    if ends == "before":
        gate.set()
        await until(lambda: published.subjects)
        await some_turns()
    reports.decided.set()
    await until(lambda: "another" in begun)
    gate.set()
    await tested.finish()
    assert begun == ["w", "another"]


@pytest.mark.parametrize("fault", [Outage("kafka", "away"), TimeoutError()], ids=repr)
async def test_who_cannot_learn_what_was_reported_leaves_it_to_a_later_round(
    fault: Exception,
) -> None:
    store, published, reports = run_out("w"), Published(), Reports()
    reports.fault = fault
    tested = worker(store, published, reports=reports)
    await tested.round(stored)
    async with asyncio.timeout(30):
        await tested.rest(3600)
    store.due = run_out("w").due
    reports.fault = None
    await tested.round(stored)
    await until(lambda: published.subjects)
    await tested.finish()
    assert published.subjects == ["w"]


async def test_a_defect_while_taking_over_is_raised_by_the_next_round() -> None:
    reports = Reports()
    reports.fault = ArithmeticError()
    tested = worker(run_out("w"), Published(), reports=reports)
    await tested.round(stored)
    async with asyncio.timeout(30):
        await tested.rest(3600)
    with pytest.raises(ArithmeticError):
        await tested.round(stored)


async def test_what_was_leased_long_before_it_is_begun_has_the_less_time() -> None:
    """A slow write: 48 s of the lease of 60 s are passed, and so its share for the work."""
    failed: list[str] = []

    async def perform(work: Work) -> Outcome:
        try:
            await asyncio.sleep(3600)
        finally:
            failed.append(work.ref.id)
        return await stored(work)

    tested = worker(Stored(), Published())
    await tested.round(perform)
    [late] = of("w")
    tested.begin([replace(late, lease=Lease(NOW + timedelta(seconds=12), "late"))])
    await until(lambda: failed)
    await tested.finish()
    assert failed == ["w"]


async def test_what_a_clock_that_is_behind_has_leased_has_no_more_time_than_its_lease() -> None:
    """The same, by the broker's clock: this one shows 40 s less."""
    begun: list[str] = []

    async def perform(work: Work) -> Outcome:
        begun.append(work.ref.id)
        await asyncio.sleep(3600)
        return await stored(work)

    seconds = timedelta(seconds=40)
    tested = worker(Stored(), Published(), now=lambda: NOW - seconds, behind=seconds)
    await tested.round(perform)
    assert tested.lease(1) == NOW + timedelta(seconds=60)
    [late] = of("w")
    tested.begin([replace(late, lease=Lease(NOW + timedelta(seconds=12), "late"))])
    await until(lambda: begun)
    async with asyncio.timeout(30):
        await tested.finish()


async def test_storing_due_work_wakes_the_worker() -> None:
    tested = worker(Stored(), Published())
    async with asyncio.timeout(30):
        tested.wake()
        await tested.rest(3600)
    await tested.round(stored)
    resting = asyncio.create_task(tested.rest(3600))
    await some_turns()
    assert not resting.done()
    tested.wake()
    async with asyncio.timeout(30):
        await resting


@pytest.mark.parametrize(
    ("waits", "count", "seconds"),
    [
        ((3, NOW - timedelta(minutes=2)), 3, 120),
        ((1, NOW + timedelta(seconds=9)), 1, 0),
        ((0, None), 0, 0),
    ],
    ids=["overdue", "not due yet", "nothing"],
)
async def test_what_waits_shows_with_its_oldest_ones_age(
    waits: tuple[int, datetime | None], count: int, seconds: float
) -> None:
    store, metrics = Stored(), Metrics()
    store.waits = waits

    await worker(store, Published(), metrics=metrics).measure_waiting()

    shown = {
        gauge: metrics.registry.get_sample_value(gauge, {"kind": "seen"})
        for gauge in ("desk_work_waiting", "desk_work_oldest_seconds")
    }
    assert shown == {"desk_work_waiting": count, "desk_work_oldest_seconds": seconds}


@pytest.mark.parametrize(
    ("error", "permanent", "outcome"),
    [
        (None, False, "accepted"),
        ("greylisted", False, "refused"),
        ("no_address", True, "refused_for_good"),
    ],
)
async def test_a_mails_age_shows_with_what_became_of_the_attempt(
    error: str | None, permanent: bool, outcome: str
) -> None:
    metrics = Metrics()

    async def mail(_work: Work) -> Outcome:
        return MailAttempted(
            notification_id="n-1", attempt=1, recipient_hash="", error=error, permanent=permanent
        )

    tested = worker(
        Stored("w"), Published(), now=lambda: NOW + timedelta(minutes=3), metrics=metrics
    )
    await tested.round(mail)
    await tested.finish()

    labels, of = {"kind": "seen", "outcome": outcome}, metrics.registry.get_sample_value
    assert of("desk_work_seconds_sum", labels) == 180
    assert of("desk_work_seconds_count", labels) == 1
    assert of("desk_work_total", {"outcome": "done"}) == 1


async def test_work_that_fails_shows_as_failed_with_its_age() -> None:
    metrics = Metrics()

    async def stumbles(_work: Work) -> Outcome:
        raise ZeroDivisionError

    tested = worker(
        Stored("w"), Published(), now=lambda: NOW + timedelta(minutes=3), metrics=metrics
    )
    await tested.round(stumbles)
    await tested.finish()

    labels = {"kind": "seen", "outcome": "failed"}
    assert metrics.registry.get_sample_value("desk_work_seconds_sum", labels) == 180


def of(*names: str) -> list[Aggregate]:
    lease = Lease(NOW + timedelta(seconds=60), "handed over")
    return [replace(aggregate, lease=lease) for aggregate in Stored(*names).due]


async def test_what_is_handed_over_is_begun_without_a_query() -> None:
    store, published = Stored(), Published()
    tested = worker(store, published)
    assert tested.lease(1) is None, "nobody can do it before the first round"
    await tested.round(stored)
    asked = len(store.limits)

    assert tested.lease(1) == NOW + timedelta(seconds=60)
    tested.begin(of("w"))
    await until(lambda: published.subjects)

    assert published.subjects == ["w"]
    assert len(store.limits) == asked
    await tested.finish()
    assert tested.lease(1) is None, "nobody may begin what nobody waits for"


async def test_what_the_last_write_has_leased_is_done_before_the_end() -> None:
    published = Published()
    tested = worker(Stored(), published)
    await tested.round(stored)
    tested.stop()
    assert tested.lease(1) is None
    tested.begin(of("w"))
    await tested.finish()
    assert published.subjects == ["w"]


async def test_no_more_is_handed_over_than_there_is_room_for() -> None:
    gate = asyncio.Event()
    tested = worker(Stored(), Published())

    async def perform(work: Work) -> Outcome:
        await gate.wait()
        return await stored(work)

    await tested.round(perform)
    tested.begin(of(*(f"w{n}" for n in range(90))))
    assert tested.lease(11) is None
    assert tested.lease(10) is not None
    gate.set()
    await tested.finish()


async def test_what_waits_for_room_is_looked_for_as_soon_as_there_is_some() -> None:
    gates = {f"w{n}": asyncio.Event() for n in range(100)}
    store = Stored()
    tested = worker(store, Published())

    async def perform(work: Work) -> Outcome:
        await gates[work.ref.id].wait()
        return await stored(work)

    await tested.round(perform)
    tested.begin(of(*gates))
    tested.wake(NOW)
    assert await tested.round(perform) == 0
    resting = asyncio.create_task(tested.rest(3600))
    for name in [*gates][:50]:
        assert not resting.done()
        gates[name].set()
    async with asyncio.timeout(30):
        await resting
    for gate in gates.values():
        gate.set()
    await tested.finish()


async def test_a_worker_wakes_by_itself_for_what_is_due_later() -> None:
    tested = worker(Stored(), Published())
    tested.wake(NOW + timedelta(milliseconds=50))
    tested.wake(NOW + timedelta(milliseconds=51))
    tested.wake(NOW + timedelta(days=2))
    async with asyncio.timeout(30):
        await tested.rest(3600)
    await tested.finish()


async def test_an_outcome_that_cannot_be_reported_wakes_the_worker() -> None:
    tested = worker(Stored("w"), Published(Outage("kafka", "away")))
    await tested.round(stored)
    async with asyncio.timeout(30):
        await tested.rest(3600)
    with pytest.raises(Outage):
        await tested.round(stored)


async def test_what_is_decided_needs_no_release() -> None:
    store, published = Stored("w", "x"), Published()
    tested = worker(store, published)
    await tested.round(stored)
    await until(lambda: len(published.subjects) == 2)
    await some_turns()
    tested.decided([Ref("seen", "w")])
    await tested.finish()
    assert store.released == ["x"]


ANOTHER = SAMPLED.replace(TRACE, "a" * 32)


def asked_twice() -> Stored:
    """Work on an aggregate that two submissions were about, on a trace each."""
    store = Stored("a")
    first = ENTRY | {"correlation_id": "s-1", "traceparent": SAMPLED}
    second = ENTRY | {"correlation_id": "s-2", "traceparent": ANOTHER}
    store.due[0].known = {("/x 1", "d"): first, ("/x 2", "d"): second}
    return store


async def done(outcome: Outcome | Exception, traces: Traces | None = None) -> Sequence[str | None]:
    """The traceparents of what is reported of that work."""

    async def perform(_work: Work) -> Outcome:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    published = Published()
    at_work = worker(asked_twice(), published, traces=traces)
    await at_work.round(perform)
    await at_work.finish()
    return published.traceparents


@pytest.mark.parametrize(("asked", "led"), [(None, SAMPLED), ("s-1", SAMPLED), ("s-2", ANOTHER)])
async def test_an_outcome_leads_to_the_trace_of_the_submission_that_asked_for_it(
    asked: str | None, led: str
) -> None:
    stored = DocumentStored(
        correlation_id=asked, contract_number="K-1", document_id="d-1", sha256="00"
    )
    assert await done(stored) == [led]


async def test_work_is_a_span_that_its_outcome_continues() -> None:
    attempted = MailAttempted(notification_id="n-1", attempt=1, recipient_hash="00")
    with traced("notification") as it:
        reported = await done(attempted, it.traces)
    [span] = it.exporter.get_finished_spans()
    assert (span.name, trace_of(span)) == ("perform seen", TRACE)
    assert reported == [traceparent_of(span)]
    assert attributes_of(span) == {
        "desk.result": "accepted",
        "desk.events": "mail.attempted.v1",
        "desk.notification_id": "n-1",
    }


async def test_work_that_fails_is_an_error_without_its_words() -> None:
    with traced("notification") as it:
        assert await done(ValueError("ana@example.test"), it.traces) == []
    [span] = it.exporter.get_finished_spans()
    assert attributes_of(span) == {"error.type": "ValueError"}
    assert "ana" not in span.to_json()
