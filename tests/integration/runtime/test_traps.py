"""The harmful defaults of FastStream and aiokafka do no harm here, on the real wire."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3

from desk.local.stack import Endpoints, Stack
from shared.kafka.client_options import consumer_options
from shared.kafka.consumer import TolerantConsumer
from shared.kafka.records import UndecodableRecord
from shared.kafka.topic_records import records_on
from tests.builders import clients
from tests.builders.clients import settings_at
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

TYPE = "submission.inquiry.v1"
GOOD = {"customer_id": "C-trap", "text": "hello"}


def bad_records(name: str) -> list[tuple[str, object, list[tuple[str, bytes | None]], str]]:
    """(what, value, headers, expected reason)"""
    sound = event_headers("agent.inquiry_answered.v1", f"{name}-x", "/agents")
    return [
        ("another's source", GOOD, event_headers("agent.inquiry_answered.v1", "u"), "unreadable"),
        ("tombstone", None, sound, "unreadable"),
        ("not JSON", b"{", sound, "unreadable"),
        ("not an object", b"[1]", sound, "unreadable"),
        ("not UTF-8", b'{"a":"\xff"}', sound, "unreadable"),
        ("NaN", b'{"customer_id":NaN}', sound, "unreadable"),
        ("deep", b"[" * 10_000, sound, "unreadable"),
        ("no headers", GOOD, [], "unreadable"),
        ("unknown type", GOOD, event_headers("agent.unknown.v1", "u", "/agents"), "unknown_type"),
        ("another's type", GOOD, event_headers(TYPE, "u", "/agents"), "unknown_type"),
        ("300 KB", {**GOOD, "text": "x" * 300_000}, sound, "too_large"),
    ]


def what_of(record: Any) -> str:
    """Which of the bad records this is: its key says so after the test's name."""
    return str(record.key.decode().split(" ", 1)[1])


async def test_bad_records_become_dead_letters_and_their_neighbours_are_decided(
    endpoints: Endpoints,
) -> None:
    name = f"trap{uuid4().hex[:8]}"
    bad = bad_records(name)
    async with outsider(endpoints) as client:
        async with running(toy.build(), settings_for(endpoints, name)):
            pass  # creates the topics
        answers = await client.watch("desk.rejections")
        dead = await client.watch("desk.dead-letters")
        customer = f"C-{name}"
        sent = {}
        for number, (what, value, headers, _) in enumerate(bad):
            good = {"customer_id": customer, "text": what}
            good_headers = event_headers(TYPE, f"{name}-{number}")
            await client.publish("desk.submissions", customer, good, good_headers, partition=0)
            place = await client.publish(
                "desk.agent-actions", f"{name} {what}", value, headers, partition=0
            )
            sent[what] = place.offset
        async with running(toy.build(), settings_for(endpoints, name)):
            decided = await collect(answers, len(bad), name)
            letters = await collect(dead, len(bad), name)

    assert [headers_of(r)["ce_causationid"] for r in decided] == [
        f"{name}-{number}" for number in range(len(bad))
    ]
    found = {what_of(r): headers_of(r) for r in letters}
    assert {what: found[what]["dl_reason"] for what, *_ in bad} == {
        what: reason for what, _, _, reason in bad
    }
    assert {what: int(found[what]["dl_offset"]) for what, *_ in bad} == sent
    assert all(letter["dl_topic"] == "desk.agent-actions" for letter in found.values())
    assert all(letter["dl_service"] == "inquiry_intake" for letter in found.values())
    values = {what_of(r): r.value for r in letters}
    assert values["not JSON"] == b"{"
    assert values["tombstone"] is None
    assert len(values["300 KB"]) > 300_000


def publish_undecodable(endpoints: Endpoints, key: str, partition: int) -> None:
    """A header name that is not UTF-8: aiokafka can neither write nor read one, kcat can."""
    broker = endpoints.kafka_bootstrap_servers
    command = clients.kcat(broker, "-P", "-t", "desk.submissions")
    options: list[str | bytes] = ["-k", key, "-p", str(partition), "-H", b"\xff\xfe=1"]
    subprocess.run([*command, *options], input=b"{}", check=True, timeout=30)


def is_undecodable(record: Any) -> bool:
    return record.key is None and "not UTF-8" in headers_of(record)["dl_error"]


@pytest.mark.skipif(not shutil.which("kcat"), reason="kcat is missing: apt-get install kcat")
async def test_a_header_name_that_is_not_utf_8_stops_no_partition_and_loses_no_neighbour(
    own_stack: Stack,
) -> None:
    """On servers of its own: every later group would have to get past these records, too."""
    endpoints = own_stack.endpoints
    name = f"name{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name, batch_max_records=3)
    customer = f"C-{name}"
    async with outsider(endpoints) as client:
        async with running(toy.build(), settings):
            pass  # creates the topics
        answers = await client.watch("desk.rejections")
        dead = await client.watch("desk.dead-letters")
        for number in range(20):
            body = {"customer_id": customer, "text": str(number)}
            headers = event_headers(TYPE, f"{name}-{number}")
            partition = number % 2
            await client.publish("desk.submissions", customer, body, headers, partition=partition)
            if number in (6, 7, 8):
                await asyncio.to_thread(publish_undecodable, endpoints, customer, partition)
        async with running(toy.build(), settings):
            decided = await collect(answers, 20, name)
            letters = [headers_of(r) for r in await collect(dead, 3, "", of=is_undecodable)]
        read = [
            r
            async for r in records_on(
                settings_at(endpoints.kafka_bootstrap_servers), ["desk.submissions"]
            )
        ]

    assert {headers_of(r)["ce_causationid"] for r in decided} == {f"{name}-{n}" for n in range(20)}
    assert {(letter["dl_reason"], letter["dl_topic"]) for letter in letters} == {
        ("unreadable", "desk.submissions")
    }
    undecodable = {(int(letter["dl_partition"]), int(letter["dl_offset"])) for letter in letters}
    assert len(undecodable) == 3
    # Comparing and restoring records reads past them as well.
    assert {
        (r.partition, r.offset) for r in read if isinstance(r, UndecodableRecord)
    } == undecodable
    assert sorted((r.partition, r.offset) for r in read) == [
        (partition, offset) for partition, count in ((0, 12), (1, 11)) for offset in range(count)
    ]


async def test_channels_may_compress_as_they_like(endpoints: Endpoints) -> None:
    name = f"zip{uuid4().hex[:8]}"
    async with outsider(endpoints) as client, running(toy.build(), settings_for(endpoints, name)):
        answers = await client.watch("desk.rejections")
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            producer = clients.producer(endpoints.kafka_bootstrap_servers, compression_type=codec)
            await producer.start()
            body = {"customer_id": f"C-{name}", "text": codec * 100}
            value, headers = json.dumps(body).encode(), event_headers(TYPE, f"{name}-{codec}")
            await producer.send_and_wait(
                "desk.submissions", value, f"C-{name}".encode(), headers=headers
            )
            await producer.stop()
        records = await collect(answers, 4, name)
    assert {headers_of(r)["ce_causationid"].split("-")[1] for r in records} == {
        "gzip",
        "snappy",
        "lz4",
        "zstd",
    }


async def test_a_defect_parks_its_aggregate_alone_and_tells_nothing_personal(
    endpoints: Endpoints,
) -> None:
    name = f"park{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name)
    stumbling, other = f"C-{name}-a", f"C-{name}-b"
    texts = [(stumbling, "one"), (stumbling, "stumble"), (other, "two"), (stumbling, "three")]
    async with outsider(endpoints) as client, running(toy.build(), settings) as runtime:
        answers = await client.watch("desk.rejections")
        dead = await client.watch("desk.dead-letters")
        for number, (customer, text) in enumerate(texts):
            await client.publish(
                "desk.submissions",
                customer,
                {"customer_id": customer, "text": text},
                event_headers(TYPE, f"{name}-{number}"),
                partition=0,
            )
        decided = await collect(answers, 2, name)
        letters = [headers_of(r) for r in await collect(dead, 2, name)]
        parked = await runtime.database.collection("seen").find_one({"_id": stumbling})

    assert {headers_of(r)["ce_causationid"] for r in decided} == {f"{name}-0", f"{name}-2"}
    assert [(x["ce_id"], x["dl_reason"]) for x in letters] == [
        (f"{name}-1", "defect"),
        (f"{name}-3", "blocked"),
    ]
    assert "own words" not in letters[0]["dl_error"]
    assert letters[0]["dl_error"].startswith("ZeroDivisionError")
    assert parked is not None
    waiting = [f"/channels/test {name}-1", f"/channels/test {name}-3"]
    assert parked["parked"]["waiting"] == waiting


async def test_after_the_fix_what_waited_is_let_through_in_its_order_and_in_no_other(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"fix{uuid4().hex[:8]}"
    customer = f"C-{name}"

    async def publish(number: int) -> None:
        body = {"customer_id": customer, "text": "stumble" if number == 0 else "go on"}
        headers = event_headers(TYPE, f"{name}-{number}")
        await client.publish("desk.submissions", customer, body, headers)

    async with (
        outsider(endpoints) as client,
        running(toy.build(), settings_for(endpoints, name)) as runtime,
    ):
        answers = await client.watch("desk.rejections")
        dead = await client.watch("desk.dead-letters")
        for number in (0, 1, 2):
            await publish(number)
        await collect(dead, 3, name)
        monkeypatch.setattr(toy, "FIXED", ["yes"])
        for number in (2, 0, 3, 1, 2, 3):
            await publish(number)
        decided = await collect(answers, 4, name)
        blocked = await collect(dead, 2, name)
        stored = await runtime.database.collection("seen").find_one({"_id": customer})

    order = [headers_of(r)["ce_causationid"].removeprefix(f"{name}-") for r in decided]
    assert order == ["0", "1", "2", "3"]
    assert [headers_of(r)["ce_id"].removeprefix(f"{name}-") for r in blocked] == ["2", "3"]
    assert stored is not None
    assert "parked" not in stored


async def test_a_repeated_message_is_answered_again_from_the_history_with_the_same_id(
    endpoints: Endpoints,
) -> None:
    name = f"rep{uuid4().hex[:8]}"
    customer = f"C-{name}"
    body = {"customer_id": customer, "text": "once"}
    async with (
        outsider(endpoints) as client,
        running(toy.build(), settings_for(endpoints, name)) as runtime,
    ):
        answers = await client.watch("desk.rejections")
        await client.publish("desk.submissions", customer, body, event_headers(TYPE, name))
        [first] = await collect(answers, 1, name)
        await client.publish("desk.submissions", customer, body, event_headers(TYPE, name))
        [second] = await collect(answers, 1, name)
        stored = await runtime.database.collection("seen").find_one({"_id": customer})

    assert (first.value, first.headers) == (second.value, second.headers)
    assert stored is not None
    assert (stored["version"], stored["state"], len(stored["history"])) == (1, {"count": 1}, 1)


async def test_offsets_are_committed_exactly_behind_what_was_published(
    endpoints: Endpoints,
) -> None:
    name = f"off{uuid4().hex[:8]}"
    customer = f"C-{name}"
    settings = settings_for(endpoints, name)
    async with outsider(endpoints) as client, running(toy.build(), settings):
        answers = await client.watch("desk.rejections")
        body = {"customer_id": customer, "text": "hello"}
        place = await client.publish("desk.submissions", customer, body, event_headers(TYPE, name))
        await collect(answers, 1, name)
    async with outsider(endpoints) as client:
        committed = await client.committed(settings.group_of("inquiry_intake"))
    assert committed[TopicPartition("desk.submissions", place.partition)] == place.offset + 1


async def test_a_long_history_is_archived_and_still_recognises_its_oldest_message(
    endpoints: Endpoints,
) -> None:
    name = f"long{uuid4().hex[:8]}"
    customer = f"C-{name}"
    settings = settings_for(endpoints, name, history_bound=10, batch_max_records=7)
    async with outsider(endpoints) as client, running(toy.build(), settings) as runtime:
        answers = await client.watch("desk.rejections")
        for number in [*range(25), 0]:
            await client.publish(
                "desk.submissions",
                customer,
                {"customer_id": customer, "text": str(number)},
                event_headers(TYPE, f"{name}-{number}"),
            )
        records = await collect(answers, 26, name)
        stored = await runtime.database.collection("seen").find_one({"_id": customer})
        history = await runtime.store.history("seen", customer)
        folded = runtime.store.fold("seen", history)

    first = [
        record.headers for record in records if headers_of(record)["ce_causationid"] == f"{name}-0"
    ]
    assert len(first) == 2
    assert first[0] == first[1]
    assert stored is not None
    assert 5 <= len(stored["history"]) <= 10
    assert len(stored["history"]) + stored["archived"] == 25
    assert [entry["message_id"].split("-")[-1] for entry in history] == [str(n) for n in range(25)]
    assert folded == toy.Seen(count=25)


LOADING, NOT_COORDINATOR = 14, 16


@pytest.mark.parametrize("error", [LOADING, NOT_COORDINATOR])
async def test_a_broker_that_is_coming_back_does_not_make_a_group_begin_anew(
    endpoints: Endpoints, error: int
) -> None:
    """Its error is the answer as a whole, which the client takes for "never committed"."""
    group, partition = f"trap{uuid4().hex[:8]}", TopicPartition("desk.submissions", 0)
    asked: list[Any] = []

    def member() -> TolerantConsumer:
        return TolerantConsumer(
            partition.topic,
            **consumer_options(settings_at(endpoints.kafka_bootstrap_servers)),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )

    async with outsider(endpoints), started(member()) as first:
        await first.commit({partition: 7})
    second = member()
    send = second._client.send

    async def coming_back(node_id: int, request: Any, **options: Any) -> Any:
        if isinstance(request, OffsetFetchRequest):
            asked.append(request)
            if len(asked) == 1:
                return OffsetFetchResponse_v3(0, [], error)
        return await send(node_id, request, **options)

    second._client.send = coming_back
    async with started(second):
        assert await second.committed(partition) == 7
    assert len(asked) > 1


async def test_a_consumer_stops_although_its_partitions_change_in_that_moment(
    endpoints: Endpoints,
) -> None:
    """Its fetching waits for a fetch to give up, and takes its own end for the end of that."""

    async def gives_up_slowly() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    consumer = TolerantConsumer(
        "desk.submissions",
        **consumer_options(settings_at(endpoints.kafka_bootstrap_servers)),
        group_id=f"trap{uuid4().hex[:8]}",
    )
    async with outsider(endpoints), started(consumer):
        while not consumer.assignment():
            await asyncio.sleep(0.01)
        await asyncio.gather(*map(consumer.position, consumer.assignment()))  # it is fetching
        consumer._fetcher._pending_tasks.add(asyncio.create_task(gives_up_slowly()))
        consumer._subscription.assign_from_subscribed(set(consumer.assignment()))
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(consumer.stop())
        ended, _ = await asyncio.wait([stopping], timeout=10)
        stopping.cancel()
    assert ended == {stopping}


async def test_what_comes_fast_comes_together_where_fetches_keep_an_interval(
    endpoints: Endpoints,
) -> None:
    def reader(interval_ms: int) -> TolerantConsumer:
        return TolerantConsumer(
            "desk.submissions",
            interval_ms=interval_ms,
            **consumer_options(settings_at(endpoints.kafka_bootstrap_servers)),
        )

    async with running(toy.build(), settings_for(endpoints, f"trap{uuid4().hex[:8]}")):
        pass  # creates the topics
    async with (
        outsider(endpoints) as client,
        started(reader(0)) as eager,
        started(reader(2_000)) as patient,
    ):
        batches: dict[TolerantConsumer, list[int]] = {eager: [], patient: []}

        async def read(consumer: TolerantConsumer) -> None:
            while sum(batches[consumer]) < 4:
                found = await consumer.getmany(timeout_ms=10_000)
                batches[consumer].append(sum(map(len, found.values())))

        for consumer in batches:
            await consumer.seek_to_end()
        reading = [asyncio.create_task(read(consumer)) for consumer in batches]
        for number in range(4):
            await client.publish("desk.submissions", "C-trap", GOOD, [], partition=number)
            while sum(batches[eager]) <= number:
                await asyncio.sleep(0.01)
        await asyncio.gather(*reading)
    assert batches[eager] == [1, 1, 1, 1]
    assert len(batches[patient]) <= 2


@asynccontextmanager
async def started(consumer: TolerantConsumer) -> AsyncIterator[TolerantConsumer]:
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
