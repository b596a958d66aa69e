"""Measures the cost of a parked contract for its neighbours: `make bench-parking`.

The cancellation service works on 200 contracts, once with a defect on one further contract and
once without, in turn, in one call; every round has contracts of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from desk.local.database import SUITED_SETTINGS
from desk.local.stack import Endpoints, embedded_stack
from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.events.contracts import ContractRecorded
from shared.events.envelope import Event, Message
from shared.events.requests import CancellationRequested
from shared.events.topics import TOPIC_OF
from shared.events.values import Channel, Contact
from shared.kafka.topic_creation import create_missing_topics
from shared.runtime import codec
from shared.runtime.app import build_broker
from shared.runtime.background import alive
from shared.runtime.codec import Envelope
from shared.runtime.decider import Service
from shared.runtime.wiring import wire
from shared.settings import RuntimeSettings
from shared.telemetry import logging
from tests.apache_kafka.broker import AS_IN_PRODUCTION, apache_kafka, missing
from tests.builders import fetch_pace

CONTRACTS = 200
REQUESTS = 20
ROUNDS = 5
WITHIN_S = 300
DEFECTIVE = "with-a-defect"


@dataclass(frozen=True, slots=True)
class Round:
    """`seconds` until every neighbour's last answer; `delays_s` from sending to each answer."""

    seconds: float
    delays_s: tuple[float, ...]
    parked: int


def defective(service: Service) -> Service:
    """The service, with a bug that shows on the requests for one contract."""
    [file] = service.deciders

    def decide(message: Message, state: Any, now: datetime) -> Sequence[Event]:
        if message.key.endswith(DEFECTIVE) and isinstance(message.data, CancellationRequested):
            raise ZeroDivisionError
        return file.decide(message, state, now)

    return replace(service, deciders=(replace(file, decide=decide),))


def _event(event: Event, number: str) -> Envelope:
    return codec.envelope(
        str(uuid4()),
        event.ce_type,
        codec.dump(event),
        source=TOPIC_OF[event.ce_type].takes_from[0],
        subject=number,
        at=datetime.now(UTC),
        causation_id=None,
        correlation_id=None,
        traceparent=None,
    )


def _contract(number: str) -> Envelope:
    return _event(
        ContractRecorded(
            contract_number=number,
            customer_id=f"C-{number}",
            type="monthly_licence",
            title="Licencia de prueba",
            starts_on=date(2025, 1, 1),
            auto_renewal=False,
        ),
        number,
    )


def _request(number: str) -> Envelope:
    return _event(
        CancellationRequested(
            inquiry_id=str(uuid4()),
            customer_id=f"C-{number}",
            channel=Channel.WEB,
            received_at=datetime.now(UTC),
            contract_number=number,
            contact=Contact(name="Cliente de Prueba", email="cliente@example.test"),
            destruction_confirmed=True,
        ),
        number,
    )


async def play(endpoints: Endpoints, *, defect: bool) -> Round:
    """Contracts of its own first, then every contract's requests, round and round."""
    name = f"park{uuid4().hex[:8]}"
    numbers = [f"{name}-{n}" for n in range(CONTRACTS)] + [f"{name}-{DEFECTIVE}"]
    settings = Settings(
        kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers,
        mongo_url=endpoints.mongo_url,
        mongo_journal=SUITED_SETTINGS["MONGO_JOURNAL"] == "true",
        mongo_read_chunk=int(SUITED_SETTINGS["MONGO_READ_CHUNK"]),
    )
    service = build(settings)
    runtime = wire(defective(service) if defect else service, settings)
    broker = build_broker(runtime)
    async with alive(runtime), _producer(endpoints) as producer, _answers(endpoints) as answers:
        await broker.start()
        try:
            await _send(producer, [_contract(number) for number in numbers])
            files = runtime.database.collection("file")
            while await files.count_documents({"_id": {"$in": numbers}}) < len(numbers):
                await asyncio.sleep(0.05)
            began, sent_at = time.perf_counter(), dict[str, float]()
            sending = asyncio.create_task(_send_all(producer, numbers, sent_at))
            delays = await _delays(answers, sent_at, CONTRACTS * REQUESTS)
            seconds = time.perf_counter() - began
            await sending
            query = {"_id": {"$in": numbers}, "parked.at": {"$exists": True}}
            parked = await files.count_documents(query)
        finally:
            await broker.stop()
    return Round(seconds, tuple(delays), parked)


async def _send_all(
    producer: AIOKafkaProducer, numbers: Sequence[str], sent_at: dict[str, float]
) -> None:
    """Note when each request of a neighbour is sent, by its id."""
    for _ in range(REQUESTS):
        requests = [_request(number) for number in numbers]
        now = time.perf_counter()
        sent_at |= {
            _id(request): now for request in requests if not request.key.endswith(DEFECTIVE)
        }
        await _send(producer, requests)


def _id(envelope: Envelope) -> str:
    return dict(envelope.headers)["ce_id"].decode()


async def _send(producer: AIOKafkaProducer, records: Sequence[Envelope]) -> None:
    sent = [
        await producer.send(record.topic, record.value, record.key.encode(), headers=record.headers)
        for record in records
    ]
    await asyncio.gather(*sent)


async def _delays(
    answers: AIOKafkaConsumer, sent_at: Mapping[str, float], count: int
) -> list[float]:
    """From sending each request to seeing its answer; seconds."""
    delays: list[float] = []
    async with asyncio.timeout(WITHIN_S):
        while len(delays) < count:
            for records in (await answers.getmany(timeout_ms=100)).values():
                now = time.perf_counter()
                causes = [dict(record.headers)["ce_causationid"].decode() for record in records]
                delays += [now - sent_at[cause] for cause in causes if cause in sent_at]
    return delays


@asynccontextmanager
async def _producer(endpoints: Endpoints) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=endpoints.kafka_bootstrap_servers, acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def _answers(endpoints: Endpoints) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        "desk.cancellations",
        bootstrap_servers=endpoints.kafka_bootstrap_servers,
        group_id=None,
        auto_offset_reset="latest",
    )
    await consumer.start()
    try:
        await consumer.seek_to_end()
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _servers(directory: Path) -> AsyncIterator[Endpoints]:
    """Apache Kafka where it can be had, else the embedded broker."""
    async with contextlib.AsyncExitStack() as stack:
        lack = missing()
        broker = apache_kafka(directory / "kafka", jvm=AS_IN_PRODUCTION)
        kafka = None if lack else await stack.enter_async_context(broker)
        if lack:
            fetch_pace.install()
        print(f"broker: {'embedded; ' + lack if lack else 'Apache Kafka'}", flush=True)
        yield (await stack.enter_async_context(embedded_stack(directory, kafka=kafka))).endpoints


async def compare(rounds: int) -> None:
    """Both in turn, and their medians."""
    played: dict[bool, list[Round]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as directory:
        async with _servers(Path(directory)) as endpoints:
            await create_missing_topics(
                RuntimeSettings(kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers)
            )
            await play(endpoints, defect=False)  # warm-up
            for _ in range(rounds):
                for defect in (False, True):
                    played[defect].append(await play(endpoints, defect=defect))
                    _say(defect, played[defect][-1])
    without, beside = (_medians(played[defect]) for defect in (False, True))
    print(f"{CONTRACTS} contracts with {REQUESTS} requests each, {rounds} rounds of each; medians:")
    for what, a, b in zip(("requests/s", "p50 ms", "p99 ms"), without, beside, strict=True):
        print(f"  {what:<11} no defect {a:8.1f}   one parked {b:8.1f}   ratio {b / a:.2f}")


def _say(defect: bool, measured: Round) -> None:
    rate, p50, p99 = _figures(measured)
    what = f"{measured.parked} parked" if defect else "no defect"
    print(f"  {what:<10} {rate:8.1f} requests/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms", flush=True)


def _figures(measured: Round) -> tuple[float, float, float]:
    cuts = statistics.quantiles(measured.delays_s, n=100)
    return len(measured.delays_s) / measured.seconds, cuts[49] * 1000, cuts[98] * 1000


def _medians(rounds: Sequence[Round]) -> tuple[float, ...]:
    return tuple(map(statistics.median, zip(*map(_figures, rounds), strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-parking", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    logging.configure("bench", level="ERROR", style="console")
    asyncio.run(compare(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
