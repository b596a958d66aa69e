"""`python -m tests.poison --inputs N --seed S`: feeds a desk with poison, tells what came of it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.apache_kafka.broker import missing
from tests.poison.on_the_wire import Report, run


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.poison", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=("auto", "kafka", "embedded"), default="auto")
    parser.add_argument("--directory", type=Path, help="kept afterwards; else a temporary one")
    options = parser.parse_args(argv)
    broker = _broker(options.broker)
    print(f"{options.inputs:,} inputs with seed {options.seed} …", flush=True)
    with tempfile.TemporaryDirectory(prefix="poison-") as directory:
        where = options.directory or Path(directory)
        report = asyncio.run(run(options.inputs, options.seed, where, broker=broker))
    show(report)
    return 1 if report.wrong else 0


def _broker(wanted: str) -> str:
    lack = missing()
    if wanted == "embedded" or (wanted == "auto" and lack):
        print(f"On the embedded broker{f': {lack}' if wanted == 'auto' else ''}.")
        return "embedded"
    print("On Apache Kafka.")
    return "kafka"


def show(report: Report) -> None:
    print(f"{'kind':<20} {'inputs':>8} {'decided':>8} {'rejected':>8} {'dead':>8}")
    tallies = report.findings.tallies
    for kind in sorted(tallies):
        tally = tallies[kind]
        print(
            f"{kind:<20} {tally.inputs:>8} {tally.decided:>8} {tally.rejected:>8} {tally.dead:>8}"
        )
    columns = [[getattr(t, name) for t in tallies.values()] for name in _COLUMNS]
    print(f"{'all':<20} " + " ".join(f"{sum(column):>8}" for column in columns))
    sent = report.sent
    print(
        f"{len(sent.neighbours)} sound neighbours, {sent.undecodable} undecodable header names,"
        f" {sent.refused} refused by the broker"
    )
    print(
        f"sent in {report.sending:.0f} s, consumed in {report.eating:.0f} s,"
        f" audited in {report.auditing:.0f} s"
    )
    for name, memory in report.memory.items():
        print(
            f"{name:<18} {memory.last:5.0f} MB at the end, {memory.peak:5.0f} MB at most,"
            f" {memory.growth:+5.0f} MB from the first third to the last"
        )
    for wrong in report.wrong:
        print(f"WRONG: {wrong}", file=sys.stderr)
    print("Nothing is wrong." if not report.wrong else f"{len(report.wrong)} things are wrong.")


_COLUMNS = ("inputs", "decided", "rejected", "dead")

if __name__ == "__main__":
    sys.exit(main())
