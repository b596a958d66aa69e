"""A long backlog: how fast it goes down, and what memory that takes, from start to end."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from bench import load, throughput
from bench.drain import at_work, new_prefix
from bench.processes import memory_mb
from bench.servers import Servers
from shared.events.topics import INTAKE, topics_read_by

LOOK_EVERY_S = 1.0
STANDS_STILL_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at it: seconds since the start, submissions still waiting, memory held."""

    at_s: float
    waiting: int
    memory_mb: float


async def drained(servers: Servers, submissions: int) -> list[Look]:
    """One intake process on that number of submissions. Raises RuntimeError if it stands still."""
    async with load.producing(servers.bootstrap) as producer:
        backlog = (load.submission(number, "b") for number in range(submissions))
        await load.publish(producer, load.SUBMISSIONS, backlog)
    prefix = new_prefix()
    others = [topic for topic in topics_read_by(INTAKE) if topic != load.SUBMISSIONS]
    await load.begin_at_end(servers.bootstrap, f"{prefix}.{INTAKE}", others)
    looks: list[Look] = []
    async with at_work(servers, throughput.product(INTAKE, load.SUBMISSIONS), prefix) as under_load:
        began = (await under_load.mark()).at
        moved = began
        while not looks or looks[-1].waiting:
            await asyncio.sleep(LOOK_EVERY_S)
            mark = await under_load.mark()
            memory = max(
                memory_mb(child.pid) for child in under_load.children.values() if child.pid
            )
            waiting = submissions - mark.done
            if not looks or waiting < looks[-1].waiting:
                moved = mark.at
            elif mark.at - moved > STANDS_STILL_AFTER_S:
                raise RuntimeError(f"it stands still; see {servers.directory / 'logs'}")
            looks.append(Look(round(mark.at - began, 1), waiting, round(memory, 1)))
    return looks


def as_json(looks: list[Look]) -> dict[str, Any]:
    """Every look, and what they come to."""
    seconds = looks[-1].at_s
    return {
        "submissions": looks[0].waiting,
        "seconds": seconds,
        "most_memory_mb": max(look.memory_mb for look in looks),
        "looks": [asdict(look) for look in looks],
    }
