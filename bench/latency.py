"""Latency: from a submission published to each thing that follows, seen from outside.

The clock is one process's: it publishes, reads the topics and is the mail server. Submissions come
at even intervals whether or not the desk keeps up, so waiting in a queue counts.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiosmtpd.smtp import SMTP

from bench import load, throughput
from bench.drain import environment, new_prefix
from bench.mail_sink import Pipelining
from bench.processes import cpu_seconds
from bench.servers import Servers
from bench.throughput import CHAIN, NOTIFICATIONS, mail_server
from desk.local.child import Child
from desk.local.ports import HOST, choose_ports
from shared.events.topics import topics_read_by

INQUIRIES, DECISIONS = "desk.inquiries", "desk.cancellations"
CONTRACTS = "desk.contracts"
DECIDED = "cancellation.scheduled.v1"
DECISION_MAIL = "cancellation_scheduled"
STAGES = ("inquiry opened", "decided", "mail handed over")
MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)
WARM, WARM_RATE = 3_000, 40.0
QUIET_S = 2.0
SETTLES_WITHIN_S = 600.0

Figures = Mapping[str, Sequence[float]]
"""[p50, p95, p99] of each stage in milliseconds."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Processes that answer submissions down to the mails.

    `knows_contracts`: it has to hear of the contracts first.
    """

    name: str
    commands: Mapping[str, Sequence[str]]
    knows_contracts: bool = True


DESK = Chain("contract-desk", throughput.DESK)


@dataclass
class Seen(Pipelining):
    """When each submission was published and what followed it, by its id; seconds."""

    published: dict[str, float] = field(default_factory=dict)
    opened: dict[str, float] = field(default_factory=dict)
    decided: dict[str, float] = field(default_factory=dict)
    mails: dict[str, float] = field(default_factory=dict)
    mail_of: dict[str, str] = field(default_factory=dict)
    recorded: int = 0

    def note(self, record: Any) -> None:
        """An event that the desk has published."""
        at = time.perf_counter()
        headers = {name: value.decode() for name, value in record.headers}
        begun, ce_type = headers.get("ce_correlationid", ""), headers["ce_type"]
        if record.topic == CONTRACTS:
            self.recorded += 1
        elif begun not in self.published:
            return
        elif ce_type == "inquiry.opened.v1":
            self.opened.setdefault(begun, at)
        elif ce_type == DECIDED:
            self.decided.setdefault(begun, at)
        elif ce_type == "notification.sent.v1":
            sent = json.loads(record.value)
            if sent["template"] == DECISION_MAIL:
                self.mail_of.setdefault(begun, sent["notification_id"])

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """A mail that the desk has handed over; what aiosmtpd calls."""
        at = time.perf_counter()
        found = MESSAGE_ID.search(envelope.content)
        assert found is not None
        self.mails.setdefault(found[1].decode(), at)
        return "250 OK"

    def delays_ms(self, since: float) -> Mapping[str, list[float]]:
        """Of each stage, of the submissions published after `since`."""
        mailed = {begun: self.mails[mail] for begun, mail in self.mail_of.items()}
        stages = dict(zip(STAGES, (self.opened, self.decided, mailed), strict=True))
        return {
            stage: [
                (at - self.published[begun]) * 1000
                for begun, at in times.items()
                if self.published[begun] >= since
            ]
            for stage, times in stages.items()
        }

    def quiet(self) -> bool:
        """Whether no mail has come for a while: what the warm-up queued is gone."""
        return time.perf_counter() - max(self.mails.values(), default=0.0) > QUIET_S

    def done(self, count: int) -> bool:
        return min(len(self.opened), len(self.decided), len(self.mail_of)) >= count


@asynccontextmanager
async def watched(servers: Servers, port: int) -> AsyncIterator[Seen]:
    """Reads the topics from their end on, and takes the mails."""
    seen = Seen()
    loop = asyncio.get_running_loop()
    consumer = AIOKafkaConsumer(
        INQUIRIES, DECISIONS, NOTIFICATIONS, CONTRACTS, bootstrap_servers=servers.bootstrap
    )
    mail = await loop.create_server(
        lambda: SMTP(seen, hostname="localhost", loop=loop), host=HOST, port=port
    )
    await consumer.start()
    await consumer.seek_to_end()  # and not whenever the first fetch happens to be

    async def read() -> None:
        async for record in consumer:
            seen.note(record)

    reading = asyncio.create_task(read())
    try:
        yield seen
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await consumer.stop()
        mail.close()


@asynccontextmanager
async def at_work(
    chain: Chain, servers: Servers, prefix: str, port: int, own: Mapping[str, str]
) -> AsyncIterator[Mapping[str, int]]:
    """Its processes, told to send their mail to `port`; `own` is added to their environment.

    Yields their process ids by name.
    """
    env = environment(servers, prefix) | mail_server(port) | dict(own)
    logs = servers.directory / "logs"
    children = [
        Child(name, command, log_file=logs / f"{prefix}-{name}.log", env=env)
        for name, command in chain.commands.items()
    ]
    for child in children:
        child.start()
    try:
        yield {child.name: child.pid for child in children if child.pid is not None}
    finally:
        await asyncio.gather(*(child.stop(20) for child in children))


async def measure(
    servers: Servers,
    rates: Mapping[float, float],
    say: Callable[[float, Figures], None],
    *,
    chain: Chain = DESK,
    stored: int = 0,
    own: Mapping[str, str] = MappingProxyType({}),
    warm: int = WARM,
    cpu: dict[float, Mapping[str, float]] | None = None,
) -> dict[float, Figures]:
    """Each stage at each of these rates (submissions a second), each for its seconds.

    One desk for all of them: broker, database and services are warm, as they are in operation.
    `stored` inquiries and contracts are there before. `own` is the services' further environment.
    `cpu` takes the milliseconds that each process computed for a submission, by rate.
    """
    run, found = new_prefix(), dict[float, Figures]()
    if stored:
        await throughput.stocked_inquiries(servers, run, f"{run}-stored", stored)
        await throughput.stocked_files(servers, run, f"{run}-stored", stored, own)
    counts = {rate: max(2, int(rate * seconds)) for rate, seconds in rates.items()}
    port = choose_ports(["mail"], servers.directory / "mail.json")["mail"]
    for name in CHAIN:  # what an earlier chain was asked is no matter of this one
        await load.begin_at_end(servers.bootstrap, f"{run}.{name}", topics_read_by(name))
    async with (
        watched(servers, port) as seen,
        at_work(chain, servers, run, port, own) as own_pids,
        load.producing(servers.bootstrap, linger_ms=0) as producer,
    ):
        pids = {**own_pids, **servers.pids}
        total = warm + sum(counts.values())
        if chain.knows_contracts:
            registry = (load.registered(number, run) for number in range(total))
            await load.publish(producer, load.REGISTRY, registry)
            await _until(lambda: seen.recorded >= total)
        await asyncio.sleep(5)  # the cancellation service reads what the archive has published
        await _paced(producer, seen, run, range(warm), WARM_RATE)
        first = warm
        for rate, count in counts.items():
            start, spent = time.perf_counter(), _cpu(pids)
            await _paced(producer, seen, run, range(first, first + count), rate)
            found[rate] = {stage: _percentiles(d) for stage, d in seen.delays_ms(start).items()}
            if cpu is not None:
                cpu[rate] = {
                    name: (seconds - spent[name]) * 1000 / count
                    for name, seconds in _cpu(pids).items()
                }
            say(rate, found[rate])
            first += count
    return found


def _cpu(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


async def _paced(producer: Any, seen: Seen, run: str, numbers: range, rate: float) -> None:
    """Publish at even intervals, and return when everything that follows is done."""
    start = time.perf_counter()
    for place, number in enumerate(numbers):
        await asyncio.sleep(start + place / rate - time.perf_counter())
        await _publish(producer, seen, number, run)
    await _until(lambda: seen.done(numbers.stop))
    await _until(seen.quiet)


async def _publish(producer: Any, seen: Seen, number: int, run: str) -> None:
    submission = load.submission(number, run)
    seen.published[load.submission_id(number, run)] = time.perf_counter()
    await producer.send(
        load.SUBMISSIONS,
        key=submission.key.encode(),
        value=submission.value,
        headers=submission.headers,
    )


async def _until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(SETTLES_WITHIN_S):
        while not there():
            await asyncio.sleep(0.05)


def _percentiles(delays: list[float]) -> list[float]:
    cuts = quantiles(delays, n=100, method="inclusive")
    return [round(cuts[49], 1), round(cuts[94], 1), round(cuts[98], 1)]
