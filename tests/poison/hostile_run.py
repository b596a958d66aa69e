"""One intake process, five hundred of the worst records, and six customers who did nothing wrong.

The process is run as the compose file runs it; its memory is read where the kernel counts it.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from aiokafka import AIOKafkaProducer

from desk.local.ports import choose_ports
from desk.local.stack import Endpoints
from shared.events.topics import INTAKE, TOPIC_OF
from tests.builders import clients
from tests.builders.users import environment_of
from tests.poison.inputs import Poison
from tests.poison.neighbours import Neighbour, neighbours
from tests.poison.shapes import LISTS
from tests.poison.worst import TYPES, UNKNOWN, with_field, with_headers

MB = 1024 * 1024
RECORDS = 500
NEIGHBOURS = 6
HEALTH_SECONDS = 0.2
HEALTH_TIMEOUT_SECONDS = 60.0
PATIENCE_SECONDS = 180.0
BOMBS = {"gzip": 64 * MB, "lz4": 64 * MB, "zstd": 64 * MB, "snappy": 15 * MB}
"""Decompressed; what is left of them passes the broker's bound."""


@dataclass
class Report:
    """The run seen from outside, in seconds; `memory_mb` is the process's peak."""

    alive: bool = True
    memory_mb: float = 0.0
    answers: list[float] = field(default_factory=list)
    """How long each request for the health page took."""
    computed: list[float] = field(default_factory=list)
    """How long the process computed meanwhile: what the answer takes on a machine of its own."""
    waited: dict[str, float] = field(default_factory=dict)
    """By its id, how long a neighbour waited for its inquiry."""
    answered: set[str] = field(default_factory=set)
    """The ids of the hostile records that were answered."""
    buried: list[str] = field(default_factory=list)
    """The errors of the dead letters."""
    seconds: float = 0.0


def hostile() -> Iterator[Poison]:
    """The worst submissions by turns: lists in a known and an unknown field, and headers."""
    types = [ce_type for ce_type in TYPES if TOPIC_OF[ce_type].name == "desk.submissions"]
    fields = cycle(("consents", "contact", UNKNOWN))
    for number, ce_type in enumerate(cycle(types)):
        name = list(LISTS)[number % len(LISTS)]
        record = with_field(ce_type, next(fields), LISTS[name])
        if number % 25 == 24:
            record = with_headers(ce_type, "", None, 100_000)
        own = {"ce_id": f"hostile-{number}".encode()}
        yield replace(record, headers=tuple((n, own.get(n, v)) for n, v in record.headers))


@asynccontextmanager
async def intake(
    endpoints: Endpoints, directory: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """The process and the port of its pages."""
    port = choose_ports([INTAKE], directory / "ports.json")[INTAKE]
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers,
        "MONGO_URL": endpoints.mongo_url,
        **environment_of(INTAKE, endpoints.mongo_url),
        "HTTP_PORT": str(port),
        "LOG_FORMAT": "json",
        "DEVELOPMENT_DEFAULTS": "true",
    }
    log = (directory / "intake.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", f"services.{INTAKE}"),
        env=os.environ | environment,
        stderr=log,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.to_thread(_health, port) != 200:
                await asyncio.sleep(HEALTH_SECONDS)
        yield process, port
    finally:
        log.close()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _health(port: int) -> int | None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/health", timeout=HEALTH_TIMEOUT_SECONDS) as page:
            return int(page.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return None


async def run(endpoints: Endpoints, directory: Path, *, records: int = RECORDS) -> Report:
    """Returns once every neighbour has its inquiry and every other record its answer.

    Sooner, if the process has ended, or after `PATIENCE_SECONDS`.
    """
    report = Report()
    async with intake(endpoints, directory) as (process, port):
        began = time.monotonic()
        asking = asyncio.create_task(_ask(process.pid, port, report))
        try:
            sent = await _send(endpoints.kafka_bootstrap_servers, records)
            ended = asyncio.create_task(process.wait())
            watching = asyncio.create_task(_watch(endpoints, sent, records, report))
            await asyncio.wait(
                [ended, watching], timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            ended.cancel()
        finally:
            asking.cancel()
        report.alive = process.returncode is None
        report.memory_mb = _most_memory_mb(process.pid) if report.alive else 0.0
        report.seconds = time.monotonic() - began
        watching.cancel()
        await asyncio.gather(watching, asking, return_exceptions=True)
    return report


async def _ask(pid: int, port: int, report: Report) -> None:
    while True:
        began, computed = time.monotonic(), cpu_seconds(pid)
        await asyncio.to_thread(_health, port)
        report.answers.append(time.monotonic() - began)
        report.computed.append(cpu_seconds(pid) - computed)
        await asyncio.sleep(HEALTH_SECONDS)


async def _send(bootstrap: str, records: int) -> dict[str, float]:
    """When each neighbour was sent, by its id. They come between the others."""
    sent: dict[str, float] = {}
    sound = questions()
    producer = clients.producer(bootstrap, max_request_size=2 * MB)
    await producer.start()
    try:
        for number, record in enumerate(islice(hostile(), records)):
            if number % (records // NEIGHBOURS) == records // NEIGHBOURS // 2:
                neighbour = next(sound)
                await _publish(producer, neighbour)
                assert neighbour.opens is not None
                sent[neighbour.opens] = time.monotonic()
            await _publish(producer, record)
    finally:
        await producer.stop()
    for compression, size in BOMBS.items():
        await _send_bomb(bootstrap, compression, size)
    return sent


def questions() -> Iterator[Neighbour]:
    found = (neighbour for neighbour in neighbours(1, datetime.now(UTC)) if neighbour.opens)
    return islice(found, NEIGHBOURS + 1)


async def _publish(producer: AIOKafkaProducer, record: Poison | Neighbour) -> None:
    await producer.send_and_wait(
        record.topic, value=record.value, key=record.key, headers=list(record.headers)
    )


async def _send_bomb(bootstrap: str, compression: str, size: int) -> None:
    producer = clients.producer(
        bootstrap,
        compression_type=compression,
        max_batch_size=2 * size,
        max_request_size=2 * size,
    )
    await producer.start()
    try:
        for number in range(3):
            await producer.send_and_wait(
                "desk.submissions", value=bytes(size), key=b"bomb-%d" % number, partition=number
            )
    finally:
        await producer.stop()


async def _watch(
    endpoints: Endpoints, sent: dict[str, float], records: int, report: Report
) -> None:
    consumer = clients.consumer(
        endpoints.kafka_bootstrap_servers,
        *("desk.inquiries", "desk.rejections", "desk.contract-requests", "desk.dead-letters"),
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        bombs = 3 * len(BOMBS)
        while (
            len(report.waited) < len(sent)
            or len(report.answered) + len(report.buried) < records + bombs
        ):
            record = await consumer.getone()
            headers = dict(record.headers)
            cause = (headers.get("ce_causationid") or b"").decode()
            if record.topic == "desk.dead-letters":
                report.buried.append((headers["dl_error"] or b"").decode())
            elif cause in sent:
                report.waited.setdefault(cause, time.monotonic() - sent[cause])
            else:
                report.answered.add(cause)
    finally:
        await consumer.stop()


def cpu_seconds(pid: int) -> float:
    """Of the process so far; 0 once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _most_memory_mb(pid: int) -> float:
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found is not None
    return int(found[1]) / 1024


def as_json(report: Report) -> dict[str, Any]:
    return {
        "records": RECORDS,
        "seconds": round(report.seconds, 1),
        "health_slowest_s": round(max(report.answers), 3),
        "health_slowest_cpu_s": round(max(report.computed), 3),
        "neighbour_slowest_s": round(max(report.waited.values()), 1),
        "memory_mb": round(report.memory_mb),
    }
