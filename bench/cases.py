"""How quickly the console finds a case beside many, and how many records a second it takes in.

Entries are made and stored by the projection's own code, without a broker; the last ones come from
Kafka, as at work. Pages are asked of the console's own application, without the services' internal
ports: what those take is theirs.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import httpx2
from limits.aio.storage import MemoryStorage

from bench.processes import cpu_seconds
from bench.servers import Servers
from desk.contract_docs.goldens import Golden, read_goldens
from services.operations_console.pages.cases import LOOKS_OF_ONE
from services.operations_console.projections import FOLDS, indexes
from services.operations_console.service import Process, utc_now, wire
from services.operations_console.settings import Settings
from shared.events.envelope import message_uuid
from shared.events.topics import CONSOLE
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.records import Envelope, Headers
from shared.operations.case_index import NAME, entry_of
from shared.operations.dead_letters.letter import Original
from shared.runtime.projections.generations import Generation
from shared.runtime.projections.projector import Projections, Projector
from shared.web.sessions import BY_CODE, Operator, Role, Session, Visitor, new_id

ROOT = Path(__file__).parent.parent
CHANNEL = "/channels/bench"
LIFE = (
    "submission.cancellation.v1",
    "inquiry.opened.v1",
    "cancellation.requested.v1",
    "cancellation.scheduled.v1",
    "inquiry.progressed.v1",
    "notification.sent.v1",
    "inquiry.state.v1",
)
"""The events of one ordinary inquiry on the topics."""
BATCH, PARTITIONS = 500, 6
LOOKS = 100
"""Pages that are asked for by each kind of id."""
FIRST_OFFSET = 10**9
"""Of what is stored without a broker: its own records come before."""
FROM_KAFKA = 1_500
"""Inquiries that come through the broker at the end."""
LONG_CASE = 1_000
SAID_EVERY = 50_000
READ_WITHIN_S = 600.0


@dataclass
class Measured:
    """Milliseconds by kind of id; records a second, by where they came from."""

    inquiries: int
    records: int = 0
    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    stored_per_s: float = 0.0
    read_per_s: float = 0.0
    own_cpu_us: float = 0.0
    database_cpu_us: float = 0.0
    """For each record that is stored."""
    bytes_an_entry: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "inquiries": self.inquiries,
            "records": self.records,
            "stored_per_s": round(self.stored_per_s),
            "read_from_kafka_per_s": round(self.read_per_s),
            "own_cpu_us": round(self.own_cpu_us),
            "database_cpu_us": round(self.database_cpu_us),
            "bytes_an_entry": round(self.bytes_an_entry),
            "pages": {name: figures(times) for name, times in self.pages.items()},
        }


def figures(times: Sequence[float]) -> list[float]:
    """[p50, p95, p99] in milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive")
    return [round(cuts[at], 1) for at in (49, 94, 98)]


@dataclass(frozen=True, slots=True)
class Case:
    """The ids of one inquiry."""

    number: int

    @property
    def ids(self) -> Mapping[str, str]:
        """By kind, what somebody may paste."""
        return {
            "reference": f"INQ-{self.number:05d}-00000-0",
            "inquiry": str(message_uuid(CHANNEL, f"s-{self.number}")),
            "submission": f"s-{self.number}",
            "contract": f"K-{self.number}",
            "customer": f"C-{self.number // 2}",
            "an event's id": self.event_id(3),
            "a mail address's hash": f"{self.number // 2:032x}",
        }

    def event_id(self, index: int) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self.number} {index}")) if index else self.submission

    @property
    def submission(self) -> str:
        return f"s-{self.number}"

    def values(self) -> dict[str, Any]:
        """Fields of its events that are its own."""
        ids = self.ids
        return {
            "inquiry_id": ids["inquiry"],
            "answers_inquiry_id": ids["inquiry"],
            "submission_id": ids["submission"],
            "submission_source": CHANNEL,
            "reference": ids["reference"],
            "customer_id": ids["customer"],
            "contract_number": ids["contract"],
            "contract_numbers": [ids["contract"]],
            "recipient_hash": ids["a mail address's hash"],
        }

    def records(self, goldens: Mapping[str, Golden], now: datetime) -> Iterator[Original]:
        """Its records as they lie on the topics, each topic with places of its own."""
        own = self.values()
        for index, ce_type in enumerate(LIFE):
            golden = goldens[ce_type]
            data = golden.value | {name: it for name, it in own.items() if name in golden.value}
            cause = {
                "ce_correlationid": self.submission,
                "ce_causationid": self.event_id(index - 1),
            }
            headers = golden.headers | {"ce_id": self.event_id(index)} | (cause if index else {})
            if not index:
                headers |= {"ce_source": CHANNEL}
            yield Original(
                golden.topic,
                self.number % PARTITIONS,
                FIRST_OFFSET + self.number * len(LIFE) + index,
                own["inquiry_id"].encode(),
                json.dumps(data).encode(),
                tuple((name, it.encode()) for name, it in headers.items()),
                int(now.timestamp() * 1000) + self.number,
            )


async def measure(servers: Servers, inquiries: int, say: Callable[[str], None]) -> Measured:
    """One run on an empty database."""
    settings = Settings(
        kafka_bootstrap_servers=servers.bootstrap,
        mongo_url=servers.mongo_url,
        development_defaults=True,
    )
    process, found = wire(settings, storage=MemoryStorage()), Measured(inquiries)
    await process.generations.begin()
    generation = process.generations.state.serving
    try:
        own, database = time.process_time(), cpu_seconds(servers.pids["database"])
        await _store(process, generation, found, say)
        database = cpu_seconds(servers.pids["database"]) - database
        found.own_cpu_us = (time.process_time() - own) * 1e6 / found.records
        found.database_cpu_us = database * 1e6 / found.records
        say(f"{found.records:,} entries, {found.stored_per_s:,.0f}/s")
        await _read(process, found)
        say(f"from Kafka: {found.read_per_s:,.0f} records/s")
        await _look(process, found)
    finally:
        await process.publisher.stop()
        process.client.close()
    return found


async def _store(
    process: Process, generation: Generation, found: Measured, say: Callable[[str], None]
) -> None:
    """Everything but what comes from Kafka, by the projection's own steps."""
    projector = Projector(
        process.settings, process.views, (), generation, indexes(process.settings)
    )
    await projector.prepare()
    goldens, began = read_goldens(ROOT), time.perf_counter()
    stored, next_said = 0, SAID_EVERY
    cases = (Case(number) for number in range(found.inquiries))
    records = (it for case in cases for it in case.records(goldens, datetime.now(UTC)))
    while batch := list(islice(records, BATCH)):
        await projector.keep(batch)
        stored += len(batch)
        if stored >= next_said:
            next_said += SAID_EVERY
            say(f"{stored:,} entries, {stored / (time.perf_counter() - began):,.0f}/s")
    found.records = stored
    found.stored_per_s = stored / (time.perf_counter() - began)
    sample = [
        entry_of(it, process.settings.cases_kept) for it in Case(1).records(goldens, utc_now())
    ]
    found.bytes_an_entry = sum(len(json.dumps(it, default=str)) for it in sample) / len(sample)
    await _long_case(projector, found.inquiries + FROM_KAFKA + 1, goldens)


async def _long_case(projector: Projector, number: int, goldens: Mapping[str, Golden]) -> None:
    """An inquiry with a thousand events: a quarrel, or a robot."""
    case, golden = Case(number), goldens["inquiry.progressed.v1"]
    headers = golden.headers | {"ce_correlationid": case.submission}
    value = json.dumps(golden.value | {"inquiry_id": case.ids["inquiry"]}).encode()
    await projector.keep(
        [
            Original(
                golden.topic,
                0,
                2 * FIRST_OFFSET + index,
                b"k",
                value,
                tuple(
                    (name, it.encode())
                    for name, it in (headers | {"ce_id": f"long-{index}"}).items()
                ),
                int(utc_now().timestamp() * 1000) + index,
            )
            for index in range(LONG_CASE)
        ]
    )


async def _read(process: Process, found: Measured) -> None:
    """A backlog on the broker, read by the projection beside all that is stored."""
    goldens, publisher = read_goldens(ROOT), KafkaPublisher(process.settings, ClockSkew(utc_now))
    await publisher.start()
    first = found.inquiries
    outgoing = [
        Envelope(it.topic, (it.key or b"").decode(), "", cast(Headers, it.headers), it.value or b"")
        for number in range(first, first + FROM_KAFKA)
        for it in Case(number).records(goldens, datetime.now(UTC))
    ]
    for begin in range(0, len(outgoing), BATCH):
        await publisher.publish(outgoing[begin : begin + BATCH])
    await publisher.stop()
    last = Case(first + FROM_KAFKA - 1)
    async with _projecting(process):
        began = time.perf_counter()
        collection = process.generations.serving(NAME)
        wanted = found.records + LONG_CASE + len(outgoing)
        while await collection.estimated_document_count() < wanted:
            assert time.perf_counter() - began < READ_WITHIN_S, last
            await asyncio.sleep(0.1)
        found.read_per_s = len(outgoing) / (time.perf_counter() - began)
    found.records = wanted


@asynccontextmanager
async def _projecting(process: Process) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    projections = Projections(
        process.settings,
        process.views,
        process.generations,
        (),
        folds=FOLDS,
        group=process.settings.group_of(CONSOLE),
        health=process.health,
        stopping=stopping,
        indexes=indexes(process.settings),
    )
    running = asyncio.create_task(projections.run())
    try:
        yield
    finally:
        stopping.set()
        await running


async def _look(process: Process, found: Measured) -> None:
    """Whole pages, as a member of staff gets them."""
    chance = random.Random(1)
    transport = httpx2.ASGITransport(process.app)
    async with httpx2.AsyncClient(
        transport=transport, base_url=process.settings.public_url
    ) as http:
        numbers = [chance.randrange(found.inquiries) for _ in range(LOOKS)]
        looks = [(kind, it) for number in numbers for kind, it in Case(number).ids.items()]
        longest = Case(found.inquiries + FROM_KAFKA + 1).ids["inquiry"]
        looks += [(f"a case of {LONG_CASE:,} events", longest)] * LOOKS
        cookie = {}
        for number, (kind, named) in enumerate(looks):
            if number % LOOKS_OF_ONE.amount == 0:
                cookie = await _signed_in(process, number)
            began = time.perf_counter()
            answer = await http.get("/en/cases", params={"q": named}, headers=cookie)
            found.pages[kind].append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (kind, named, answer.status_code)


async def _signed_in(process: Process, number: int) -> dict[str, str]:
    who = Operator(f"provider:bench-{number}", frozenset({Role.READER}))
    sessions = process.console.sessions
    session = await sessions.sign_in_staff(Session(new_id(), Visitor(new_id())), who, BY_CODE)
    return {"Cookie": f"{process.site.cookie}={session.id}"}


def table(found: Measured) -> str:
    """As Markdown."""
    rows = [
        "| pasted, beside " + f"{found.inquiries:,} inquiries | p50 ms | p95 ms | p99 ms |",
        "|---|--:|--:|--:|",
    ]
    for name, times in found.pages.items():
        rows.append(f"| {name} | " + " | ".join(f"{it:.1f}" for it in figures(times)) + " |")
    return "\n".join(rows)
