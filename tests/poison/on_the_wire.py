"""A desk of real processes eats poison; then everything about it is looked at from outside."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from desk.local.supervisor import Desk, desk_up
from shared.events.topics import SERVICES
from tests.infra import local_kafka
from tests.poison import audit
from tests.poison.audit import Findings
from tests.poison.processes import Memory, Offsets, drained, sample
from tests.poison.publish import UNDECODABLE, Sent, send, send_rolled_back, send_undecodable
from tests.poison.trial import built

QUICK = {
    "CONTRACT_GRACE_SECONDS": "1",
    "ACCESS_GRACE_SECONDS": "1",
    "MAX_PAUSE_SECONDS": "1",
    "UNREGISTERED_MAILS_PER_HOUR": "5000",
    "UNREGISTERED_MAILS_PER_DAY": "5000",
}
MOST_MEMORY_MB = 400.0
MOST_GROWTH_MB = 100.0
STALLED_S = 120.0


@dataclass(slots=True)
class Report:
    """A run's results. Times are seconds; `wrong` lists the faults."""

    broker: str
    sent: Sent
    findings: Findings
    memory: dict[str, Memory] = field(default_factory=dict)
    sending: float = 0.0
    eating: float = 0.0
    auditing: float = 0.0

    @property
    def wrong(self) -> list[str]:
        return self.findings.wrong


async def run(
    inputs: int, seed: int, directory: Path, *, broker: str, undecodable: int = UNDECODABLE
) -> Report:
    """`broker` is `kafka` or `embedded`; everything that is started here is ended here.

    Each of the `undecodable` header names costs a service seconds to get past.
    """
    async with AsyncExitStack() as until_left:
        kafka = await until_left.enter_async_context(local_kafka(broker, directory))
        desk = await until_left.enter_async_context(
            desk_up(directory / ".desk", kafka=kafka, overrides=QUICK, say=_quiet)
        )
        return await _feed(desk, inputs, seed, broker, undecodable)


def _quiet(_line: str) -> None:
    """A restart is counted, and said in the report."""


async def _feed(desk: Desk, inputs: int, seed: int, broker: str, undecodable: int) -> Report:
    bootstrap = desk.endpoints.kafka_bootstrap_servers
    at = datetime.now(UTC)
    pids = {name: service.pid for name, service in desk.services.items()}
    report = Report(broker, Sent(seed, at), Findings())
    watching = asyncio.create_task(sample(desk, report.memory))
    begun = time.monotonic()
    # The embedded broker confuses one producer's commits and rollbacks.
    rolled_back = await send_rolled_back(bootstrap, seed, at) if broker == "kafka" else []
    report.sent = await send(bootstrap, inputs, seed, at, keeps_repeated=broker == "kafka")
    report.sent.rolled_back = rolled_back
    report.sent.undecodable = await send_undecodable(bootstrap, undecodable)
    report.sending = time.monotonic() - begun
    async with Offsets(bootstrap) as offsets:
        _, left = await drained(offsets, SERVICES, STALLED_S)
    report.eating = time.monotonic() - begun
    watching.cancel()
    stuck = [f"{name}: {count}" for name, count in left.items()]
    report.findings.add("records that nobody consumes", stuck)
    await _audit(desk, report, pids)
    report.auditing = time.monotonic() - begun - report.eating
    return report


async def _audit(desk: Desk, report: Report, pids: dict[str, int | None]) -> None:
    findings = report.findings
    public = await audit.read_public(desk.endpoints.kafka_bootstrap_servers)
    known = await audit.read_histories(desk.endpoints.mongo_url, findings)
    audit.account(report.sent, public, known, built(), findings)
    await audit.look_at_services(desk, pids, findings)
    for name, memory in report.memory.items():
        if memory.last > MOST_MEMORY_MB or memory.growth > MOST_GROWTH_MB:
            now, more = f"{memory.last:.0f}", f"{memory.growth:.0f}"
            findings.wrong.append(f"{name} needs {now} MB at the end, {more} MB more than at first")
