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
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from tests.apache_kafka.broker import missing
from tests.faults import report, scenarios, workload
from tests.faults.audit import audit, compare, complete, given_up
from tests.faults.groups import until_read
from tests.faults.injection import LONG, SHORT, Injected, Scale, Scenario
from tests.faults.machine import Machine, machine
from tests.faults.patience import Patience
from tests.faults.report import Audit, Report, Row
from tests.faults.watch import OUTPUT, Seen, watching
from tests.faults.workload import Channel, Expected

RECORDED_WITHIN_S = 600.0
STALLED_S = 240.0
"""Longer than any pause between two attempts to send a mail that these faults bring about."""
POLL_S = 0.2
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it: `cases` are the least per scenario, `pause_s` is between groups of cases."""

    repeat: bool
    scale: Scale
    cases: int
    contracts: int
    pause_s: float
    kept: Path | None
    """Where each row is noted as it ends."""


@dataclass
class Part:
    """Scenarios that are played on one machine and audited together."""

    plan: Plan
    machine: Machine
    channel: Channel
    seen: Seen
    name: str = field(default_factory=lambda: uuid4().hex[:8])
    begin: int = 0
    """The first case that was not begun."""
    everything: Expected = field(default_factory=Expected)


async def run(plan: Plan, played: Sequence[Scenario], directory: Path) -> Report:
    """Scenarios on one machine, one after the other, then the audit of everything."""
    began, commit, done = time.time(), report.commit(), Report()
    async with machine(directory) as running, watching(running.bootstrap) as seen:
        channel = Channel(running.bootstrap)
        await channel.start()
        try:
            await _record_contracts(channel, plan.contracts, seen)
            part = Part(plan, running, channel, seen)
            for scenario in played:
                row = replace(await _play(part, scenario), part=part.name, commit=commit)
                done.rows.append(row)
                report.note(plan.kept, row)
                report.say(row)
            findings = await audit(running, seen, part.everything.nothing)
            findings += compare(part.everything, seen)
            findings += given_up(part.everything, seen)
            mails = running.mails_taken()
            audited = Audit(
                part=part.name,
                commit=commit,
                began=began,
                findings=findings,
                repeats=seen.repeats,
                mails=len(mails),
                mails_again=len(mails) - len({*mails}),
                seconds=time.time() - began,
            )
        finally:
            await channel.stop()
    done.audits.append(audited)
    report.note(plan.kept, audited)
    return done


async def _record_contracts(channel: Channel, count: int, seen: Seen) -> None:
    """Contracts come first: a case must not depend on which of two topics is read first."""
    for begin in range(0, count, 500):
        await channel.publish([workload.contract(f"K-{n}") for n in range(begin, begin + 500)])
    async with asyncio.timeout(RECORDED_WITHIN_S):
        while len(seen.recorded) < count:
            await asyncio.sleep(POLL_S)
    await asyncio.sleep(5)  # the cancellation service reads what the archive has published


async def _play(part: Part, scenario: Scenario) -> Row:
    """Cases are published as long as faults are injected; then everything must come in."""
    running, seen, expected = part.machine, part.seen, Expected()
    injected = Injected(part.plan.scale, part.channel, expected, seen)
    began, repeats = time.time(), seen.repeats
    taken = len(running.mails_taken())
    injecting = asyncio.create_task(_inject(scenario, part.plan, running, injected))
    try:
        await _publish(part, scenario, injected, injecting)
    finally:
        injecting.cancel()
        await asyncio.gather(injecting, return_exceptions=True)
    published = time.time()
    await _settled(running, expected, seen)
    findings = compare(expected, seen)
    findings += injected.findings
    failed = None if injecting.cancelled() else injecting.exception()
    if failed is not None:
        findings.lost.append(f"the scenario itself: {failed!r}")
    mails = running.mails_taken()[taken:]
    part.everything += expected
    return Row(
        scenario=scenario.name,
        faults=0 if scenario.name == scenarios.NO_FAULT else len(injected.faults),
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


async def _inject(scenario: Scenario, plan: Plan, machine: Machine, injected: Injected) -> None:
    await asyncio.sleep(scenarios.BETWEEN_S)
    for _ in range(scenario.times if plan.repeat else 1):
        await scenario.inject(machine, injected)
        await asyncio.sleep(scenarios.BETWEEN_S)


async def _publish(
    part: Part, scenario: Scenario, injected: Injected, injecting: asyncio.Task[None]
) -> None:
    """Publish cases until the faults are done, and then their last steps."""
    plan, channel, expected = part.plan, part.channel, injected.expected
    slug = scenario.name.replace(" ", "-")
    pause_s = plan.pause_s * scenario.pace
    begin = number = part.begin
    source = workload.cases(slug, begin)
    while not injecting.done() or number < begin + plan.cases:
        group = [next(source) for _ in range(workload.AT_ONCE)]
        number += len(group)
        if number > plan.contracts:
            raise RuntimeError(f"more contracts are needed than {plan.contracts}: --contracts")
        async with injected.publishing:
            await channel.publish([record for case in group for record in case], expected)
        await asyncio.sleep(pause_s)
    for case in workload.last_steps(slug, begin, number):
        await channel.publish(case, expected)
        await asyncio.sleep(plan.pause_s / workload.AT_ONCE)
    part.begin = number


async def _settled(machine: Machine, expected: Expected, seen: Seen) -> None:
    """Return once all has come that must come and all is read, or when nothing comes any more.

    Of what is read nothing more may come; that needs a moment to show.
    """
    patience = Patience(STALLED_S)
    while not complete(expected, seen) and not patience.is_over(len(seen.first)):
        await asyncio.sleep(POLL_S)
    await until_read(machine.bootstrap, STALLED_S)
    await asyncio.sleep(1)


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


def chosen(all_: Sequence[Scenario], only: Sequence[str], done: Report) -> list[Scenario]:
    """Those with one of `only` in their name that this machine can play and that are not done."""
    over = {row.scenario for row in done.sound.rows}
    found = []
    for scenario in all_:
        if scenario.name in over or (only and not any(part in scenario.name for part in only)):
            continue
        if lack := scenario.missing():
            print(f"not played: {scenario.name}: {lack}")
        else:
            found.append(scenario)
    return found


def _play_all(plan: Plan, played: Sequence[Scenario], options: argparse.Namespace) -> Report:
    """In parts, each on a machine of its own; the report is written again after each."""
    done = Report()
    for start in range(0, len(played), options.part):
        with tempfile.TemporaryDirectory(prefix="desk-faults-") as temporary:
            directory = options.directory or Path(temporary)
            part = played[start : start + options.part]
            found = asyncio.run(run(plan, part, directory / f"part-{start}"))
        report.show(found)
        done.rows += found.rows
        done.audits += found.audits
        if options.report:
            names = [scenario.name for scenario in scenarios.scenarios(plan.scale)]
            whole = report.read(options.kept)
            options.report.write_text(report.as_markdown(whole, names, report.versions()))
    return done


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="longer faults, each repeated")
    parser.add_argument("--cases", type=int, default=16, help="least cases per scenario")
    parser.add_argument("--contracts", type=int, default=2_500, help="contracts of each part")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between groups of cases")
    parser.add_argument(
        "--only", action="append", help="scenarios whose name has this in it; may be repeated"
    )
    parser.add_argument("--seed", type=int, default=0, help="for the random moments")
    parser.add_argument("--part", type=int, default=1_000, help="scenarios on one machine")
    parser.add_argument("--directory", type=Path, help="keep data and logs here (must be empty)")
    parser.add_argument(
        "--kept", type=Path, help="append each row to this file, and continue where it ends"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what is kept; start over")
    parser.add_argument("--report", type=Path, help="write what is kept there, as Markdown")
    options = parser.parse_args(argv)
    if (options.report or options.fresh) and not options.kept:
        parser.error("--report and --fresh need --kept")
    if lack := missing():
        sys.exit(lack)
    if options.fresh:
        options.kept.unlink(missing_ok=True)
    random.seed(options.seed)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    scale = LONG if options.long else SHORT
    plan = Plan(options.long, scale, options.cases, options.contracts, options.pause, options.kept)
    before = report.read(options.kept) if options.kept else Report()
    played = chosen(scenarios.scenarios(scale), options.only or (), before)
    return 0 if _play_all(plan, played, options).holds else 1


if __name__ == "__main__":
    sys.exit(main())
