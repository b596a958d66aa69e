"""Outages, conflicts, timers and side effects on the real wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints, Stack
from shared.events.contracts import ContractActivated
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import DocumentStored, Outcome
from shared.kafka.records import Record, RecordPosition
from shared.outage import Outage
from shared.runtime import codec
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.store import Store
from shared.runtime.app import build_broker
from shared.runtime.background import alive
from shared.runtime.decider import Decider, Perform, Route, Service, Work
from shared.runtime.health.status import FAILED
from shared.runtime.publisher import Publisher
from shared.runtime.stage.stage import Stage
from shared.runtime.wiring import Runtime, wire
from tests.infra import resolved
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    Headers,
    Outsider,
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

TYPE = "submission.inquiry.v1"


@pytest.mark.long("servers of its own, stopped")
async def test_an_outage_of_the_database_commits_nothing_and_ends_by_itself(
    own_stack: Stack,
) -> None:
    settings = settings_for(own_stack.endpoints, "outage", max_pause_seconds=0.3)
    async with (
        outsider(own_stack.endpoints) as client,
        running(toy.build(), settings) as runtime,
    ):
        answers = await client.watch("desk.rejections")
        dead = await client.watch("desk.dead-letters")
        await own_stack.children["database"].stop(5)
        body = {"customer_id": "C-outage", "text": "hello"}
        await client.publish("desk.submissions", "C-outage", body, event_headers(TYPE, "o-1"))
        async with asyncio.timeout(90):
            while runtime.health.status != "degraded":
                await asyncio.sleep(0.05)
        away = set(runtime.health.away)
        await own_stack.start_again("database")
        [answer] = await collect(answers, 1, "C-outage")
        letters = await dead.getmany(timeout_ms=300)
        async with asyncio.timeout(90):
            while runtime.health.status != "ok":
                await asyncio.sleep(0.05)
    assert away == {"mongodb"}
    assert headers_of(answer)["ce_causationid"] == "o-1"
    assert not letters


def _consumer_of(broker: Any) -> Any:
    """The client inside: only it knows its generation, which a lost membership would change."""
    return broker.subscribers[0].consumer


@pytest.mark.long("servers of its own, stopped")
async def test_an_outage_longer_than_the_poll_interval_does_not_cost_the_group_membership(
    own_stack: Stack,
) -> None:
    settings = settings_for(own_stack.endpoints, "long", kafka_max_poll_interval_ms=7_000)
    runtime = wire(toy.build(), settings)
    broker = build_broker(runtime)
    async with outsider(own_stack.endpoints) as client, alive(runtime):
        await broker.start()
        answers = await client.watch("desk.rejections")
        consumer = _consumer_of(broker)
        before = consumer._coordinator.generation
        await own_stack.children["database"].stop(5)
        body = {"customer_id": "C-long", "text": "hello"}
        await client.publish("desk.submissions", "C-long", body, event_headers(TYPE, "l-1"))
        await asyncio.sleep(13)
        away = set(runtime.health.away)
        await own_stack.start_again("database")
        [answer] = await collect(answers, 1, "C-long")
        after = consumer._coordinator.generation
        await broker.stop()
    assert away == {"mongodb"}
    assert headers_of(answer)["ce_causationid"] == "l-1"
    assert before == after


async def test_instances_that_join_and_leave_under_load_lose_and_double_nothing(
    endpoints: Endpoints, request: pytest.FixtureRequest
) -> None:
    """One instance, then two, then the other one alone: two rebalances in the middle of work."""
    if resolved(request.config.getoption("--infra")) == "embedded":
        pytest.skip("the embedded broker never expels a member; run this with: make test-kafka")
    name = f"join{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, batch_max_records=20)
    total = 600

    async def publish(client: Outsider) -> None:
        for number in range(total):
            customer = f"C-{name}-{number % 40}"
            body = {"customer_id": customer, "text": str(number)}
            await client.publish(
                "desk.submissions", customer, body, event_headers(TYPE, f"{name}-{number}")
            )
            await asyncio.sleep(0.005)

    seen: dict[str, set[str]] = {}
    async with outsider(endpoints) as client, AsyncExitStack() as first:
        instance = await first.enter_async_context(running(toy.build(), settings))
        answers = await client.watch("desk.rejections")
        publishing = asyncio.create_task(publish(client))
        await asyncio.sleep(1)
        async with running(toy.build(), settings):
            await asyncio.sleep(1)
            await first.aclose()
            await publishing
            async with asyncio.timeout(120):
                while len(seen) < total:
                    [record] = await collect(answers, 1, name)
                    found = headers_of(record)
                    seen.setdefault(found["ce_causationid"], set()).add(found["ce_id"])
    assert instance.stopping.is_set()
    assert set(seen) == {f"{name}-{number}" for number in range(total)}
    assert {len(ids) for ids in seen.values()} == {1}


@dataclass(frozen=True)
class Given:
    """A record as the stage gets it from a consumer."""

    offset: int
    value: bytes
    headers: Headers
    topic: str = "desk.submissions"
    partition: int = 0
    key: bytes | None = None
    timestamp: int = -1
    timestamp_type: int | None = None


class Dies:
    """A publisher whose process ends before anything is sent."""

    async def publish(self, _outgoing: Sequence[object]) -> None:
        raise Outage("kafka", "the process died")


class Remembers:
    """A publisher that keeps what it was given."""

    def __init__(self) -> None:
        self.causes: list[str] = []

    async def publish(self, outgoing: Sequence[Any]) -> None:
        self.causes += [dict(envelope.headers)["ce_causationid"].decode() for envelope in outgoing]


def _given(customer: str, name: str, offset: int) -> Given:
    body = json.dumps({"customer_id": customer, "text": "hello"}).encode()
    return Given(offset, body, event_headers(TYPE, name), key=customer.encode())


async def _settled(client: Outsider, runtime: Runtime, customer: str) -> int:
    """The offset of a first message of this customer, once it is decided, published, committed."""
    body = {"customer_id": customer, "text": "settled"}
    headers = event_headers(TYPE, "settled")
    sent = await client.publish("desk.submissions", customer, body, headers)
    place = RecordPosition(sent.topic, sent.partition, sent.offset)
    async with asyncio.timeout(90):
        while not runtime.health.batches or await runtime.progress.uncommitted([place]):
            await asyncio.sleep(0.02)
    return place.offset


def _stage(runtime: Runtime, publisher: Publisher) -> Stage:
    """The stage of another process of the same service."""
    progress, metrics = runtime.progress, runtime.health.metrics
    return Stage(runtime.service, runtime.store, publisher, progress, metrics)


async def test_what_another_process_stored_and_never_published_is_published_first(
    endpoints: Endpoints,
) -> None:
    """A process dies between store and publish; another one is first handed a later message."""
    name = f"order{uuid4().hex[:8]}"
    customer = f"C-{name}"
    settings = settings_for(endpoints, name)
    async with outsider(endpoints) as client, running(toy.build(), settings) as runtime:
        late, seen = await _settled(client, runtime, customer) + 10_000, Remembers()
        with pytest.raises(Outage):
            await _stage(runtime, Dies()).process([_given(customer, "died", late)])
        await _stage(runtime, seen).process([_given(customer, "later", late + 1)])
    assert seen.causes == ["died", "later"]


async def test_nothing_unpublished_leaves_its_document_however_many_wait(
    endpoints: Endpoints,
) -> None:
    """Two processes die between store and publish, each with more than a document should hold."""
    name = f"many{uuid4().hex[:8]}"
    customer = f"C-{name}"
    settings = settings_for(endpoints, name, history_bound=10)
    async with outsider(endpoints) as client, running(toy.build(), settings) as runtime:
        late, seen = await _settled(client, runtime, customer) + 10_000, Remembers()
        died = [_given(customer, f"died-{n}", late + n) for n in range(30)]
        for some in (died[:15], died[15:]):
            with pytest.raises(Outage):
                await _stage(runtime, Dies()).process(some)
        await _stage(runtime, seen).process([_given(customer, "later", late + 30)])
        document = await runtime.database.collection("seen").find_one({"_id": customer})
    assert seen.causes == [*(f"died-{n}" for n in range(30)), "later"]
    assert document is not None
    assert len(document["history"]) >= len(seen.causes)


async def test_two_writers_on_one_aggregate_lose_nothing(endpoints: Endpoints) -> None:
    """Two group names make two writers for the same messages and the same documents."""
    name = f"two{uuid4().hex[:8]}"
    customer = f"C-{name}"
    first = settings_for(endpoints, name)
    second = settings_for(endpoints, name, kafka_group_prefix=f"{name}-b")
    async with (
        outsider(endpoints) as client,
        running(toy.build(), first) as instance,
        running(toy.build(), second),
    ):
        answers = await client.watch("desk.rejections")
        for number in range(200):
            body = {"customer_id": customer, "text": str(number)}
            headers = event_headers(TYPE, f"{name}-{number}")
            await client.publish("desk.submissions", customer, body, headers)
        answered: dict[str, set[str]] = {}
        while len(answered) < 200:
            [found] = map(headers_of, await collect(answers, 1, name))
            answered.setdefault(found["ce_causationid"], set()).add(found["ce_id"])
        history = await instance.store.history("seen", customer)
    assert set(answered) == {f"{name}-{number}" for number in range(200)}
    assert {len(ids) for ids in answered.values()} == {1}
    assert len({entry["message_id"] for entry in history}) == len(history) == 200


def _due_once(state: toy.Seen) -> datetime | None:
    return datetime(2026, 1, 1, tzinfo=UTC) if state.count == 1 else None


def _decide_timed(message: Message, _state: toy.Seen | None, _now: datetime) -> list[Event]:
    number = message.key
    fields = {"contract_number": number, "customer_id": "C-1", "inquiry_id": message.type}
    return [ContractActivated(**fields)]


def timed(name: str) -> Service:
    """A toy that asks for a timer once, and for a document once after that."""

    def work_at(state: toy.Seen) -> datetime | None:
        return datetime(2026, 1, 1, tzinfo=UTC) if state.count == 2 else None

    def route(message: Message) -> Route:
        mine = message.key.startswith(name)
        return Route((Ref("seen", message.key),)) if mine else Route()

    @asynccontextmanager
    async def open_worker(*_given: object) -> AsyncIterator[Perform]:
        async def perform(work: Work) -> Outcome:
            return DocumentStored(contract_number=work.ref.id, document_id="d-1", sha256="00")

        yield perform

    decider = Decider(
        "seen", toy.Seen, _decide_timed, toy.evolve, due_at=_due_once, work_at=work_at
    )
    return Service(
        "contract_archive",
        (decider,),
        route,
        open_worker=open_worker,
    )


def registered(number: str) -> dict[str, Any]:
    """Returns the registry's data about a contract."""
    return {
        "contract_number": number,
        "customer_id": "C-1",
        "type": "servicepac",
        "title": "t",
        "starts_on": "2026-01-01",
        "auto_renewal": False,
    }


async def test_due_dates_and_side_effects_come_back_as_messages_once(endpoints: Endpoints) -> None:
    name = f"timed{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, clock_tick_seconds=0.1)
    headers = event_headers("registry.contract_recorded.v1", name, "/registry")
    async with outsider(endpoints) as client, running(timed(name), settings) as runtime:
        watched = await client.watch("desk.contracts")
        await client.publish("registry.contracts", name, registered(name), headers)
        records = await collect(watched, 3, name)
        await asyncio.sleep(0.5)
        more = await watched.getmany(timeout_ms=100)
        history = await runtime.store.history("seen", name)
    causes = ["registry.contract_recorded.v1", "timer.due.v1", "document.stored.v1"]
    assert [entry["events"][0]["data"]["inquiry_id"] for entry in history] == causes
    assert not more
    assert headers_of(records[0])["ce_causationid"] == name


async def test_what_is_reported_is_not_done_again_however_late_the_report_is_read(
    endpoints: Endpoints,
) -> None:
    """A backlog must not make customers get their mail once for every lease that runs out."""
    name = f"late{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, worker_lease_seconds=0.5, clock_tick_seconds=0.1)
    tries: list[str] = []

    @asynccontextmanager
    async def counting(*_given: object) -> AsyncIterator[Perform]:
        async def perform(work: Work) -> Outcome:
            tries.append(work.ref.id)
            return DocumentStored(contract_number=work.ref.id, document_id="d-1", sha256="00")

        yield perform

    def never_read(message: Message) -> Route:
        return Route() if message.type == DocumentStored.ce_type else timed(name).route(message)

    service = replace(timed(name), open_worker=counting, route=never_read)
    async with outsider(endpoints) as client, running(service, settings):
        outcomes = await client.watch("desk.outcomes")
        headers = event_headers("registry.contract_recorded.v1", name, "/registry")
        await client.publish("registry.contracts", name, registered(name), headers)
        await collect(outcomes, 1, name)
        await asyncio.sleep(2)
        again = await outcomes.getmany(timeout_ms=100)
    assert tries == [name]
    assert not again


async def test_who_is_told_to_stop_during_a_write_does_what_it_has_leased(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"stop{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, clock_tick_seconds=0.1)
    headers = event_headers("registry.contract_recorded.v1", name, "/registry")
    write, writing = Store.write, asyncio.Event()

    async def slowly(self: Store, aggregates: Iterable[Aggregate], *more: Any) -> None:
        aggregates = [*aggregates]
        if any(it.lease is not None for it in aggregates):
            writing.set()
            await asyncio.sleep(1)
        await write(self, aggregates, *more)

    monkeypatch.setattr(Store, "write", slowly)
    async with outsider(endpoints) as client:
        outcomes = await client.watch("desk.outcomes")
        async with running(timed(name), settings) as runtime:
            await client.publish("registry.contracts", name, registered(name), headers)
            async with asyncio.timeout(30):
                await writing.wait()
            runtime.stopping.set()
        await collect(outcomes, 1, name)
        ended = runtime.health.phase
    assert ended != FAILED


async def test_who_takes_over_reads_what_was_reported_first(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process died after its report and before it read that; the next one reads slowly."""
    name = f"over{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, worker_lease_seconds=5.0, clock_tick_seconds=0.1)
    headers = event_headers("registry.contract_recorded.v1", name, "/registry")
    report = DocumentStored(contract_number=name, document_id="d-1", sha256="00")
    tries: list[str] = []

    @asynccontextmanager
    async def counting(*_given: object) -> AsyncIterator[Perform]:
        async def perform(work: Work) -> Outcome:
            tries.append(work.ref.id)
            return report

        yield perform

    async def slowly(self: Stage, records: Sequence[Record]) -> Any:
        await asyncio.sleep(1)
        return await process(self, records)

    process = Stage.process
    async with outsider(endpoints) as client:
        watched = await client.watch("desk.contracts")
        async with running(replace(timed(name), open_worker=None), settings) as runtime:
            await client.publish("registry.contracts", name, registered(name), headers)
            await collect(watched, 2, name)
            left = {"$set": {"work_at": datetime.now(UTC), "lease": "of the dead"}}
            await runtime.database.collection("seen").update_one({"_id": name}, left)
        told = event_headers(report.ce_type, f"{name}-done", "/services/contract_archive/worker")
        await client.publish("desk.outcomes", name, codec.dump(report), told)
        monkeypatch.setattr(Stage, "process", slowly)
        async with running(replace(timed(name), open_worker=counting), settings) as runtime:
            await collect(watched, 1, name)
            await asyncio.sleep(1)
            document = await runtime.database.collection("seen").find_one({"_id": name})
    assert tries == []
    assert document is not None
    assert not {"work_at", "lease"} & set(document)


async def test_a_lease_runs_out_and_the_work_is_done_by_another(endpoints: Endpoints) -> None:
    name = f"lease{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, worker_lease_seconds=1.0, clock_tick_seconds=0.1)
    tries: list[str] = []

    @asynccontextmanager
    async def failing_first(*_given: object) -> AsyncIterator[Perform]:
        async def perform(work: Work) -> Outcome:
            tries.append(work.ref.id)
            if len(tries) == 1:
                raise ConnectionError
            return DocumentStored(contract_number=work.ref.id, document_id="d-1", sha256="00")

        yield perform

    service = replace(timed(name), open_worker=failing_first)
    body = registered(name) | {"invoice": "ignored"}
    started = datetime.now(UTC)
    async with outsider(endpoints) as client, running(service, settings):
        watched = await client.watch("desk.contracts")
        headers = event_headers("registry.contract_recorded.v1", name, "/registry")
        await client.publish("registry.contracts", name, body, headers)
        await collect(watched, 3, name)
    assert tries == [name, name]
    assert datetime.now(UTC) - started > timedelta(seconds=0.9)
