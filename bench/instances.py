"""How many instances does a day need? A simulation of the queue: `python -m bench.instances`.

A day of arrivals by the minute, with a morning and an afternoon peak; an outage in the morning
peak; keys spread over partitions by chance, as Kafka's partitioner does, and partitions over
instances. The slowest instance decides how long a customer waits.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 16, 14, 12, 10, 9, 12, 14, 13, 10, 7, 5, 4, 3, 2, 1)
"""Requests per hour of an office day, in arbitrary units."""
MINUTES = 24 * 60
OUTAGE = range(9 * 60 + 30, 9 * 60 + 40)
"""Ten minutes in which nothing is decided."""


@dataclass(frozen=True, slots=True)
class Day:
    """`backlog` is the most that waited at any time; `recovered_in` is minutes after the outage."""

    busiest_per_second: float
    used_at_peak: float
    backlog: int
    longest_wait_s: float
    recovered_in: int | None


def arrivals(per_day: float) -> list[float]:
    """Requests in each minute of the day."""
    whole = sum(HOURS)
    return [per_day * HOURS[minute // 60] / whole / 60 for minute in range(MINUTES)]


def shares(partitions: int, instances: int, keys: int, chance: random.Random) -> list[float]:
    """Returns each instance's share of all requests, with keys hashed to partitions at random."""
    mean = keys / partitions
    loads = [max(0.0, chance.gauss(mean, math.sqrt(mean))) for _ in range(partitions)]
    per_instance = [0.0] * instances
    for number, load in enumerate(loads):
        per_instance[number * instances // partitions] += load
    return [load / sum(loads) for load in per_instance]


def simulate(per_day: float, rate: float, partitions: int, instances: int, seed: int = 1) -> Day:
    """One day. `rate` is what one instance decides a second."""
    coming = arrivals(per_day)
    parts = shares(partitions, instances, 1_000_000, random.Random(seed))
    waiting = [0.0] * instances
    most, longest, recovered = 0.0, 0.0, None
    for minute, count in enumerate(coming):
        can = 0.0 if minute in OUTAGE else rate * 60
        waiting = [max(0.0, w + count * part - can) for w, part in zip(waiting, parts, strict=True)]
        most = max(most, sum(waiting))
        longest = max(longest, max(waiting) / rate)
        if recovered is None and minute >= OUTAGE.stop and max(waiting) < rate:
            recovered = minute - OUTAGE.stop
    busiest = max(coming) / 60
    return Day(busiest, busiest * max(parts) / rate, round(most), longest, recovered)


def table(per_day: float, rate: float, partitions: int, instances: Sequence[int]) -> str:
    """A Markdown table, a row for each number of instances."""
    lines = [
        "| instances | busiest second | used at the peak | most waiting | longest wait "
        "| over after the outage |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for count in instances:
        day = simulate(per_day, rate, partitions, count)
        over = "not that day" if day.recovered_in is None else f"{day.recovered_in} min"
        lines.append(
            f"| {count} | {day.busiest_per_second:,.0f} | {day.used_at_peak:.0%} "
            f"| {day.backlog:,} | {day.longest_wait_s / 60:.0f} min | {over} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.instances", description=__doc__)
    parser.add_argument("--per-day", type=float, default=50e6)
    parser.add_argument("--rate", type=float, required=True, help="what one instance decides a s")
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--instances", type=int, nargs="+", default=[2, 3, 4, 6])
    asked = parser.parse_args()
    print(table(asked.per_day, asked.rate, asked.partitions, asked.instances))


if __name__ == "__main__":
    main()
