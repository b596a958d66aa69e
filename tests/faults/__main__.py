"""Injects faults into a working desk on Apache Kafka and counts what was lost: `make faults`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.apache_kafka.broker import missing
from tests.faults import report, scenarios, workload
from tests.faults.auditing import audit, compare, complete
from tests.faults.machine import Machine, machine
from tests.faults.report import Report, Row
from tests.faults.scenarios import Injected, Scenario
from tests.faults.watching import OUTPUT, Seen, watching
from tests.faults.workload import Channel, Expected

SETTLED_WITHIN_S = 600.0
POLL_S = 0.2
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it: `cases` are the least per scenario, `pause_s` is between groups of cases."""

    repeat: bool
    cases: int
    contracts: int
    pause_s: float
    only: str | None


async def run(plan: Plan, directory: Path) -> Report:
    """All scenarios on one machine, one after the other, then the audit of everything."""
    report_so_far = Report(began=time.time())
    async with machine(directory) as one, watching(one.bootstrap) as seen:
        channel = Channel(one.bootstrap)
        await channel.start()
        try:
            await _record_contracts(channel, plan.contracts, seen)
            begin = 0
            for scenario in scenarios.SCENARIOS:
                if plan.only and plan.only not in scenario.name:
                    continue
                row, begin = await _play(scenario, plan, one, channel, seen, begin)
                report_so_far.rows.append(row)
                report.say(row)
            report_so_far.findings = await audit(one, seen)
            report_so_far.repeats = seen.repeats
            report_so_far.mails = len(one.mails_taken())
            report_so_far.mails_again = report_so_far.mails - len(set(one.mails_taken()))
            report_so_far.seconds = time.time() - report_so_far.began
        finally:
            await channel.stop()
    return report_so_far


async def _record_contracts(channel: Channel, count: int, seen: Seen) -> None:
    """Contracts come first: a case must not depend on which of two topics is read first."""
    for begin in range(0, count, 500):
        await channel.publish([workload.contract(f"K-{n}") for n in range(begin, begin + 500)])
    async with asyncio.timeout(SETTLED_WITHIN_S):
        while len(seen.recorded) < count:
            await asyncio.sleep(POLL_S)
    await asyncio.sleep(5)  # the cancellation service reads what the archive has published


async def _play(
    scenario: Scenario, plan: Plan, one: Machine, channel: Channel, seen: Seen, begin: int
) -> tuple[Row, int]:
    """Cases are published as long as faults are injected; then everything must come in."""
    injected, expected = Injected(), Expected()
    began, repeats = time.time(), seen.repeats
    taken = len(one.mails_taken())
    injecting = asyncio.create_task(_inject(scenario, plan, one, injected))
    try:
        end = await _publish(plan, channel, expected, scenario.name, begin, injecting)
    finally:
        injecting.cancel()
        await asyncio.gather(injecting, return_exceptions=True)
    published = time.time()
    await _settled(expected, seen)
    findings = compare(expected, seen)
    failed = None if injecting.cancelled() else injecting.exception()
    if failed is not None:
        findings.lost.append(f"the scenario itself: {failed!r}")
    mails = one.mails_taken()[taken:]
    row = Row(
        scenario=scenario.name,
        faults=0 if scenario is scenarios.SCENARIOS[0] else len(injected.faults),
        submissions=expected.submissions,
        lost=len(findings.lost),
        doubled=len(findings.doubled),
        out_of_order=len(findings.out_of_order),
        stall_s=_longest_stall(seen, began, published),
        recovered_s=_slowest_recovery(injected, seen),
        repeats=seen.repeats - repeats,
        mails_again=len(mails) - len(set(mails)),
        settled_s=time.time() - published,
        details=[*findings][:SHOWN],
    )
    return row, end


async def _inject(scenario: Scenario, plan: Plan, one: Machine, injected: Injected) -> None:
    await asyncio.sleep(scenarios.BETWEEN_S)
    for _ in range(scenario.times if plan.repeat else 1):
        await scenario.inject(one, injected)
        await asyncio.sleep(scenarios.BETWEEN_S)


async def _publish(
    plan: Plan,
    channel: Channel,
    expected: Expected,
    name: str,
    begin: int,
    injecting: asyncio.Task[None],
) -> int:
    """Publish cases until the faults are done; the first case that was not begun."""
    slug = name.replace(" ", "-")
    number = begin
    source = workload.cases(slug, begin)
    while not injecting.done() or number < begin + plan.cases:
        group = [next(source) for _ in range(workload.AT_ONCE)]
        number += len(group)
        if number > plan.contracts:
            raise RuntimeError(f"more contracts are needed than {plan.contracts}: --contracts")
        await channel.publish([record for case in group for record in case], expected)
        await asyncio.sleep(plan.pause_s)
    for case in workload.last_steps(slug, begin, number):
        await channel.publish(case, expected)
        await asyncio.sleep(plan.pause_s / workload.AT_ONCE)
    return number


async def _settled(expected: Expected, seen: Seen) -> None:
    """Return once all has come that must come, or when it has had time enough."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < deadline:
        if complete(expected, seen):
            await asyncio.sleep(1)  # what comes too often needs a moment to show
            return
        await asyncio.sleep(POLL_S)


def _longest_stall(seen: Seen, began: float, published: float) -> float:
    """The longest time in which some service showed nothing, while work was coming in; seconds."""
    longest = 0
    for topic in OUTPUT.values():
        inside = [at for at in seen.times[topic] if began * 1000 <= at <= published * 1000]
        longest = max([longest, *(b - a for a, b in pairwise(inside))])
    return longest / 1000


def _slowest_recovery(injected: Injected, seen: Seen) -> float:
    """From the end of a fault until every service it met showed something new; seconds."""
    slowest = 0
    for fault in injected.faults:
        for service in fault.services:
            after = [at for at in seen.times[OUTPUT[service]] if at >= fault.over_at]
            slowest = max(slowest, min(after, default=fault.over_at) - fault.over_at)
    return slowest / 1000


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="repeat each scenario's faults")
    parser.add_argument("--cases", type=int, default=40, help="least cases per scenario")
    parser.add_argument("--contracts", type=int, default=4_000, help="contracts to work on")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between groups of cases")
    parser.add_argument("--only", help="scenarios whose name has this in it")
    parser.add_argument("--seed", type=int, default=0, help="for the random moments")
    parser.add_argument("--directory", type=Path, help="keep data and logs here (must be empty)")
    parser.add_argument("--report", type=Path, help="write the table there, as Markdown")
    options = parser.parse_args(argv)
    if lack := missing():
        sys.exit(lack)
    random.seed(options.seed)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    plan = Plan(options.long, options.cases, options.contracts, options.pause, options.only)
    with tempfile.TemporaryDirectory(prefix="desk-faults-") as temporary:
        done = asyncio.run(run(plan, options.directory or Path(temporary)))
    report.show(done)
    if options.report:
        options.report.write_text(report.as_markdown(done))
    return 0 if done.holds else 1


if __name__ == "__main__":
    sys.exit(main())
