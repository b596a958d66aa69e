"""Do intake and cancellation slow down beside the console's projector? In turns, in one call.

The services drain the same backlog of submissions with and without a console process; the console
reads the submissions and everything that comes of them meanwhile. On cores of its own it takes
none of theirs: so CPU per record of the services' own processes is what counts, and beside it
stands what the console itself takes of the cores that they share here.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from bench import load
from bench.drain import Contender, Run, new_prefix
from bench.servers import Servers
from bench.throughput import Say, Sizes, drained, published, service, stocked_files
from desk.local.ports import choose_ports
from services.operations_console.projections import FOLDS
from shared.events.topics import CANCELLATION, CATALOGUE, CONSOLE, INTAKE, topics_read_by
from shared.runtime.projections.generations import Generation

SERVICES = (INTAKE, CANCELLATION)
ALONE, BESIDE = "intake and cancellation", "the same beside the console"


async def beside(servers: Servers, run: str, rounds: int, sizes: Sizes, say: Say) -> list[Run]:
    """Both in turn, `rounds` times: until the last submission's request is decided."""
    port = str(choose_ports(["console"], servers.directory / "console.json")["console"])
    commands = {name: service(name) for name in SERVICES}
    console = {CONSOLE: service(CONSOLE)}
    contenders = (
        Contender(ALONE, load.REQUESTS, CANCELLATION, commands),
        Contender(BESIDE, load.REQUESTS, CANCELLATION, commands | console, {"WEB_PORT": port}),
    )
    backlog = (load.submission(number, run) for number in range(sizes.backlog))
    await published(servers, load.SUBMISSIONS, backlog)
    runs = []
    for contender in contenders * rounds:
        prefix = new_prefix()
        await stocked_files(servers, prefix, run, sizes.backlog, contender.environment)
        await _begin_at_ends(servers, prefix)
        runs.append(await drained(servers, contender, prefix, sizes))
        say(runs[-1])
    return runs


async def _begin_at_ends(servers: Servers, prefix: str) -> None:
    """Every group begins behind earlier runs, but with the submissions."""
    groups = {f"{prefix}.{name}": topics_read_by(name) for name in SERVICES}
    groups[Generation(1, FOLDS).group(f"{prefix}.{CONSOLE}")] = tuple(it.name for it in CATALOGUE)
    for group, topics in groups.items():
        others = [it for it in topics if it != load.SUBMISSIONS]
        await load.begin_at_end(servers.bootstrap, group, others)


def as_json(runs: Sequence[Run]) -> Mapping[str, Any]:
    """Medians of both, and the ratios of the second to the first."""
    alone, both = (_medians(runs, name) for name in (ALONE, BESIDE))
    ratios = {name: round(both[name] / alone[name], 3) for name in ("rate", *SERVICES)}
    return {ALONE: alone, BESIDE: both, "ratio": ratios}


def _medians(runs: Sequence[Run], contender: str) -> dict[str, float]:
    own = [it for it in runs if it.contender == contender]
    names = own[0].cpu_us
    cpu = {name: round(statistics.median(it.cpu_us[name] for it in own)) for name in names}
    return {"rate": round(statistics.median(it.rate for it in own), 1), **cpu}


def table(runs: Sequence[Run]) -> str:
    """As Markdown: decided requests a second, and microseconds of CPU for each, by process."""
    found = as_json(runs)
    names = ["rate", *SERVICES, CONSOLE, "database", "kafka"]
    rows = [f"| | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for name, figures in found.items():
        cells = [str(figures.get(it, "")) for it in names]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)
