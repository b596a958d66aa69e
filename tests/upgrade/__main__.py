"""Upgrades a desk under load, service by service, and audits it: `make upgrade`.

The four services of the previous release work on an embedded broker and database. One after the
other is stopped and started from this tree while submissions come in, in both orders: readers of
new events first, as the CHANGELOG asks, and last. Then the records, the topics and the mails are
audited; in the wrong order, dead letters of event types that were not known yet are replayed first.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import cast

from desk.local.supervisor import Desk, desk_up
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION
from shared.kafka.topic_creation import create_missing_topics
from shared.settings import RuntimeSettings
from tests.faults import workload
from tests.faults.audit import Findings, audit, compare, complete
from tests.faults.machine import Machine
from tests.faults.watch import Seen, watching
from tests.faults.workload import Channel, Expected
from tests.upgrade.releases import PREVIOUS, ROOT, Missing, Releases, extract

READERS_FIRST = (NOTIFICATION, INTAKE, CANCELLATION, ARCHIVE)
ORDERS = {"readers first": READERS_FIRST, "readers last": READERS_FIRST[::-1]}
SETTINGS = {
    "UNREGISTERED_MAILS_PER_HOUR": "5000",
    "UNREGISTERED_MAILS_PER_DAY": "5000",
    "CONTRACT_GRACE_SECONDS": "5",
    "WORKER_LEASE_SECONDS": "10",
    "SMTP_TIMEOUT_SECONDS": "5",
    "MAX_PAUSE_SECONDS": "3",
}
CONTRACTS = 1_000
PAUSE_S = 1.5
BETWEEN_S = 6.0
SETTLED_WITHIN_S = 900.0
"""On a busy machine mails go out long after the last submission."""
REPLACED_WITHIN_S = 300.0
POLL_S = 0.2
SHOWN = 20


@dataclass
class Upgraded:
    """Holds the desk that the audit looks at, and the results of its upgrade."""

    desk: Desk
    order: str
    submissions: int = 0
    replayed: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)
    slowest_s: float = 0.0

    @property
    def bootstrap(self) -> str:
        return self.desk.endpoints.kafka_bootstrap_servers

    def mails_taken(self) -> list[str]:
        assert self.desk.endpoints.mailbox is not None
        mails = self.desk.endpoints.mailbox.glob("*.eml")
        return [message_from_bytes(mail.read_bytes())["Message-ID"] for mail in mails]

    def __str__(self) -> str:
        found = self.findings
        return (
            f"{self.order}: {self.submissions:,} submissions, {len(found.lost)} lost,"
            f" {len(found.doubled)} doubled, {len(found.out_of_order)} out of order;"
            f" dead letters {dict(self.dead) or 'none'}, {self.replayed} of them replayed;"
            f" slowest restart {self.slowest_s:.1f} s"
        )


async def upgrade(order: str, previous: Path, directory: Path) -> Upgraded:
    """One desk, from the previous release to this one."""
    releases = Releases(directory / "releases")
    for service in READERS_FIRST:
        releases.install(service, previous)
    own = {name: {"PYTHONPATH": str(releases.link(name))} for name in READERS_FIRST}
    async with desk_up(directory / "desk", overrides=SETTINGS, own=own, say=_quiet) as desk:
        done = Upgraded(desk, order)
        await create_missing_topics(RuntimeSettings(kafka_bootstrap_servers=done.bootstrap))
        async with watching(done.bootstrap) as seen:
            channel = Channel(done.bootstrap)
            await channel.start()
            try:
                await _work(done, releases, channel, seen)
            finally:
                await channel.stop()
            done.findings += await audit(cast(Machine, done), seen)
    return done


def _quiet(_line: str) -> None:
    """Every restart is ours."""


async def _work(done: Upgraded, releases: Releases, channel: Channel, seen: Seen) -> None:
    """Submissions come in as long as services are replaced; then everything must come in."""
    for begin in range(0, CONTRACTS, 500):
        await channel.publish([workload.contract(f"K-{n}") for n in range(begin, begin + 500)])
    async with asyncio.timeout(SETTLED_WITHIN_S):
        while len(seen.recorded) < CONTRACTS:
            await asyncio.sleep(POLL_S)
    await asyncio.sleep(5)  # the cancellation service reads what the archive has published
    expected = Expected()
    replacing = asyncio.create_task(_replace_each(done, releases))
    name = done.order.replace(" ", "-")
    source, number = workload.cases(name, 0), 0
    while not replacing.done():
        group = [next(source) for _ in range(workload.AT_ONCE)]
        number += len(group)
        fresh = [workload.contract(f"N-{number}")]  # the archive has news for everybody, too
        await channel.publish([record for case in group for record in case], expected)
        await channel.publish(fresh)
        await asyncio.sleep(PAUSE_S)
    await replacing
    for case in workload.last_steps(name, 0, number):
        await channel.publish(case, expected)
    await _settled(expected, seen)
    done.submissions = expected.submissions
    own = {
        message: reason for message, reason in seen.dead.items() if message not in expected.poison
    }
    done.dead = Counter(own.values())
    if own:
        done.replayed = await _replay(done)
        await _settled(expected, seen)
    done.findings += compare(expected, seen)


async def _replace_each(done: Upgraded, releases: Releases) -> None:
    for service in ORDERS[done.order]:
        await asyncio.sleep(BETWEEN_S)
        began = time.monotonic()
        releases.install(service, ROOT)
        restarts = done.desk.services[service].restarts
        pid = done.desk.services[service].pid
        assert pid is not None
        os.killpg(pid, signal.SIGTERM)
        async with asyncio.timeout(REPLACED_WITHIN_S):
            while done.desk.services[service].restarts == restarts:
                await asyncio.sleep(POLL_S)
        await done.desk.healthy(within_s=REPLACED_WITHIN_S)
        done.slowest_s = max(done.slowest_s, time.monotonic() - began)
    await asyncio.sleep(BETWEEN_S)


async def _settled(expected: Expected, seen: Seen) -> None:
    """Return once all has come that must come, or when it has had time enough."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < deadline and not complete(expected, seen):
        await asyncio.sleep(POLL_S)
    await asyncio.sleep(2)  # what comes too often needs a moment to show


async def _replay(done: Upgraded) -> int:
    """As the runbook says: what an earlier release did not know is replayed after the upgrade."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk.cli", "dead-letters", "replay"),
        *("--reason", "unknown_type", "--why", "the upgrade is done"),
        *("--kafka", done.bootstrap),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    print(said.decode())
    return done.dead["unknown_type"] if process.returncode == 0 else 0


async def _run(orders: Sequence[str], revision: str, directory: Path) -> bool:
    previous = extract(revision, directory / "previous")
    holds = True
    for order in orders:
        done = await upgrade(order, previous, directory / order.replace(" ", "-"))
        print(done)
        print(*[f"  {finding}" for finding in done.findings][:SHOWN], sep="\n")
        holds = holds and not [*done.findings]
    return holds


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make upgrade", description=__doc__)
    parser.add_argument("--from", dest="revision", default=PREVIOUS, help="the previous release")
    parser.add_argument("--order", choices=ORDERS, help="this order alone")
    parser.add_argument("--directory", type=Path, help="keep data and logs here (must be empty)")
    options = parser.parse_args(argv)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    with tempfile.TemporaryDirectory(prefix="desk-upgrade-") as temporary:
        directory = options.directory or Path(temporary)
        orders = [options.order] if options.order else [*ORDERS]
        try:
            holds = asyncio.run(_run(orders, options.revision, directory))
        except Missing as missing:
            sys.exit(f"skipped: {missing}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
