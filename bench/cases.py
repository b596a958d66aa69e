"""How quickly a case is found beside many, and how many records a second the console takes in.

Entries are those that the projection would store, put there in bulk (`case_stock`); the last ones
come from Kafka, as at work. Pages are asked of the console's own application, and look-ups of what
`desk case` calls, without the services' internal ports: what those take is theirs.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import fmean, quantiles
from typing import Any, cast

import httpx2
from limits.aio.storage import MemoryStorage

from bench.case_records import FIRST_OFFSET, LIFE, ROOT, Case
from bench.case_stock import Stock
from bench.processes import cpu_seconds
from bench.servers import Servers
from desk.contract_docs.goldens import Golden, read_goldens
from services.operations_console.boards import PROJECTIONS as BOARDS
from services.operations_console.pages.cases import LOOKS_OF_ONE
from services.operations_console.projections import FOLDS, VIEWS, indexes
from services.operations_console.service import Process, utc_now, wire
from services.operations_console.settings import Settings
from shared.events.topics import CONSOLE
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.records import Envelope, Headers
from shared.operations.case_index import NAME
from shared.operations.dead_letters.letter import Original
from shared.operations.kept_cases import find_kept
from shared.runtime.projections.generations import Generation
from shared.runtime.projections.projector import Projections, Projector
from shared.web.sessions import BY_CODE, Operator, Role, Session, Visitor, new_id

BATCH = 500
LOOKS = 100
"""Pages that are asked for by each kind of id."""
LOOK_UPS = 20
"""Look-ups of each kind: each waits for the broker to say that there is nothing new."""
FROM_KAFKA = 1_500
"""Inquiries that come through the broker at the end."""
FEW = 20
"""Inquiries that come through it, and are looked at, before there are many."""
LONG_CASE = 1_000
LONGEST = Case(9_999_999)
LONG = f"a case of {LONG_CASE:,} events", LONGEST.ids["inquiry"]
READ_WITHIN_S = 600.0
Looks = Sequence[tuple[str, str]]
"""Kinds of ids, and an id of each."""


@dataclass(frozen=True, slots=True)
class Look:
    """One answer: milliseconds until it was there, and of CPU, the database's included."""

    ms: float
    cpu_ms: float


@dataclass
class Measured:
    """Looks by kind of id; records a second, by where they came from."""

    inquiries: int
    records: int = 0
    pages: dict[str, list[Look]] = field(default_factory=lambda: defaultdict(list))
    look_ups: dict[str, list[Look]] = field(default_factory=lambda: defaultdict(list))
    stored_per_s: float = 0.0
    read_per_s: float = 0.0
    own_cpu_us: float = 0.0
    database_cpu_us: float = 0.0
    """For each record that is read from Kafka."""
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
            "pages": _as_json(self.pages),
            "look_ups": _as_json(self.look_ups),
        }


def _as_json(looks: Mapping[str, Sequence[Look]]) -> dict[str, list[float]]:
    """By kind of id: [p50, p95, p99, CPU] in milliseconds."""
    return {name: [*figures([it.ms for it in some]), cpu_of(some)] for name, some in looks.items()}


def cpu_of(looks: Sequence[Look]) -> float:
    """Milliseconds of one, on average: the kernel counts in hundredths of a second."""
    return round(fmean(it.cpu_ms for it in looks), 1)


def figures(times: Sequence[float]) -> list[float]:
    """[p50, p95, p99] in milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive")
    return [round(cuts[at], 1) for at in (49, 94, 98)]


async def measure(servers: Servers, inquiries: int, say: Callable[[str], None]) -> Measured:
    """One run on an empty database."""
    settings = Settings(
        kafka_bootstrap_servers=servers.bootstrap,
        mongo_url=servers.mongo_url,
        development_defaults=True,
        **{name.lower(): value for name, value in servers.suited.items()},  # type: ignore[arg-type]
    )
    process, found = wire(settings, storage=MemoryStorage()), Measured(inquiries)
    await process.generations.begin()
    generation = process.generations.state.serving
    try:
        await _begin(process, servers, inquiries)
        await _store(process, servers, generation, found)
        say(f"{found.records:,} entries, {found.stored_per_s:,.0f}/s")
        await _read(process, servers, found, range(inquiries, inquiries + FROM_KAFKA))
        say(f"from Kafka: {found.read_per_s:,.0f} records/s")
        await _look(process, servers, found, [*_looks(range(inquiries), LOOKS), *[LONG] * LOOKS])
        say("pages are read; looking cases up")
        looks = [*_looks(range(inquiries), LOOK_UPS), *[LONG] * LOOK_UPS]
        await _look_up(process, servers, found, looks)
    finally:
        await process.publisher.stop()
        process.client.close()
    return found


async def _begin(process: Process, servers: Servers, inquiries: int) -> None:
    """The console works before it has much, as every console did once.

    The faster database reads a whole collection into memory at the first question after one of
    its collections was made: 8 GB of 7 million entries, for a minute.
    """
    numbers = range(inquiries + FROM_KAFKA + 1, inquiries + FROM_KAFKA + 1 + FEW)
    few = Measured(0)
    await _read(process, servers, few, numbers)
    await _look(process, servers, few, _looks(numbers, 1))
    await _look_up(process, servers, few, _looks(numbers, 1))


async def _store(
    process: Process,
    servers: Servers,
    generation: Generation,
    found: Measured,
) -> None:
    """Everything but what comes from Kafka; the projection prepares the collection.

    Nobody asks the database how many there are: the faster one counts millions one by one, and
    gives no answer meanwhile.
    """
    projector = Projector(
        process.settings, process.views, (), generation, indexes(process.settings)
    )
    await projector.prepare()
    name, began = generation.collection(NAME), time.perf_counter()
    await asyncio.to_thread(_fill, process.settings, servers.mongo_url, name, found.inquiries)
    found.records = found.inquiries * len(LIFE)
    found.stored_per_s = found.records / (time.perf_counter() - began)
    entries = [*Stock(utc_now(), process.settings.cases_kept_days).entries(1)]
    found.bytes_an_entry = sum(map(len, entries)) / len(entries)
    await _long_case(projector, read_goldens(ROOT))


def _fill(settings: Settings, mongo_url: str, collection: str, inquiries: int) -> None:
    """Two processes, each with half of them. Raises CalledProcessError."""
    database, half = settings.database_of(VIEWS), inquiries // 2
    at_ms = str(int(utc_now().timestamp() * 1000))
    command = [sys.executable, "-m", "bench.case_stock", mongo_url, database, collection]
    kept = str(settings.cases_kept_days)
    filling = [
        subprocess.Popen([*command, str(first), str(last), at_ms, kept], cwd=ROOT)
        for first, last in ((0, half), (half, inquiries))
    ]
    for it in filling:
        if it.wait():
            raise subprocess.CalledProcessError(it.returncode, command)


async def _long_case(projector: Projector, goldens: Mapping[str, Golden]) -> None:
    """An inquiry with a thousand events: a quarrel, or a robot."""
    case, golden = LONGEST, goldens["inquiry.progressed.v1"]
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


async def _read(
    process: Process, servers: Servers, found: Measured, numbers: Iterable[int]
) -> None:
    """A backlog on the broker, read by the projections beside all that is stored.

    Measured from the first entries, so without the group's start, until the last ones.
    """
    goldens, publisher = read_goldens(ROOT), KafkaPublisher(process.settings, ClockSkew(utc_now))
    await publisher.start()
    outgoing = [
        Envelope(it.topic, (it.key or b"").decode(), "", cast(Headers, it.headers), it.value or b"")
        for number in numbers
        for it in Case(number).records(goldens, datetime.now(UTC))
    ]
    for begin in range(0, len(outgoing), BATCH):
        await publisher.publish(outgoing[begin : begin + BATCH])
    await publisher.stop()
    before = _kept(process)
    async with _projecting(process):
        read, began = await _beyond(process, before)
        own, database = time.process_time(), cpu_seconds(servers.pids["database"])
        end, ended = await _beyond(process, before + len(outgoing) - 1)
        own = time.process_time() - own
        database = cpu_seconds(servers.pids["database"]) - database
    found.records += end - before
    if end == read:
        return  # all of it came at once
    found.read_per_s = (end - read) / (ended - began)
    found.own_cpu_us = own * 1e6 / (end - read)
    found.database_cpu_us = database * 1e6 / (end - read)


async def _beyond(process: Process, records: int) -> tuple[int, float]:
    """How many records are kept once they are more than these, and when."""
    deadline = time.perf_counter() + READ_WITHIN_S
    while (there := _kept(process)) <= records:
        assert time.perf_counter() < deadline, there
        await asyncio.sleep(0.05)
    return there, time.perf_counter()


def _kept(process: Process) -> int:
    """The projector says so itself: a database that counts beside it would be measured, too."""
    return int(process.health.metrics.registry.get_sample_value("desk_batch_records_sum") or 0)


@asynccontextmanager
async def _projecting(process: Process) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    projections = Projections(
        process.settings,
        process.views,
        process.generations,
        BOARDS,
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


async def _look(process: Process, servers: Servers, found: Measured, looks: Looks) -> None:
    """Whole pages, as a member of staff gets them."""
    transport = httpx2.ASGITransport(process.app)
    async with httpx2.AsyncClient(
        transport=transport, base_url=process.settings.public_url
    ) as http:
        cookie: dict[str, str] = {}
        for number, (kind, named) in enumerate(looks):
            if number % LOOKS_OF_ONE.amount == 0:
                cookie = await _signed_in(process)
            with _timed(servers, found.pages[kind]):
                answer = await http.get("/en/cases", params={"q": named}, headers=cookie)
            assert answer.status_code == 200, (kind, named, answer.status_code)


async def _look_up(process: Process, servers: Servers, found: Measured, looks: Looks) -> None:
    """Looks cases up as a loaded `desk case` does: in the index, and beyond it on the topics."""
    settings = process.settings
    for kind, named in looks:
        with _timed(servers, found.look_ups[kind]):
            fresh = await find_kept(named, settings, settings.mongo_url, {}, within_s=60.0)
        assert fresh.behind == 0, (kind, named, fresh.behind)
        assert fresh.timeline.complete


def _looks(inquiries: range, of_each: int) -> Looks:
    """Kinds of ids and one of each, of inquiries by chance."""
    chance = random.Random(1)
    numbers = [chance.choice(inquiries) for _ in range(of_each)]
    return [(kind, it) for number in numbers for kind, it in Case(number).ids.items()]


@contextmanager
def _timed(servers: Servers, looks: list[Look]) -> Iterator[None]:
    """Adds what was done meanwhile."""
    database = servers.pids["database"]
    began, own, theirs = time.perf_counter(), time.process_time(), cpu_seconds(database)
    yield
    cpu = time.process_time() - own + cpu_seconds(database) - theirs
    looks.append(Look((time.perf_counter() - began) * 1000, cpu * 1000))


async def _signed_in(process: Process) -> dict[str, str]:
    """The cookie of one more member of staff."""
    who = Operator(f"provider:bench-{new_id()}", frozenset({Role.READER}))
    sessions = process.console.sessions
    session = await sessions.sign_in_staff(Session(new_id(), Visitor(new_id())), who, BY_CODE)
    return {"Cookie": f"{process.site.cookie}={session.id}"}


def table(found: Measured) -> str:
    """As Markdown: pages, then look-ups."""
    return "\n\n".join(
        _rows(f"{what}, beside {found.inquiries:,} inquiries", looks)
        for what, looks in (("page", found.pages), ("look-up", found.look_ups))
    )


def _rows(what: str, looks: Mapping[str, Sequence[Look]]) -> str:
    rows = [f"| {what} | p50 ms | p95 ms | p99 ms | CPU ms |", "|---|--:|--:|--:|--:|"]
    for name, some in looks.items():
        cells = [f"{it:.1f}" for it in (*figures([it.ms for it in some]), cpu_of(some))]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)
