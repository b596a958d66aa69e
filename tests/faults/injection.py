"""Defines faults, their size, and the load that an injection adds to the workload."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from desk.local.child import Child
from shared.events.topics import SERVICES
from tests.faults.audit import Findings
from tests.faults.machine import Machine
from tests.faults.watch import Seen
from tests.faults.workload import Channel, Expected


@dataclass(frozen=True, slots=True)
class Scale:
    """How long the faults last, in seconds, and how many records or services they take."""

    frozen_s: float
    down_s: float
    slow_s: float
    stopped_s: float
    """Longer than the session timeout: the group gives the partitions away meanwhile."""
    hostile: int
    strangers: int
    killed: int
    """Services that are killed after each step, in turn."""
    equals_apart: bool
    """Whether equal kinds of fault are a scenario each."""


SHORT = Scale(
    frozen_s=20,
    down_s=3,
    slow_s=15,
    stopped_s=15,
    hostile=240,
    strangers=450,
    killed=1,
    equals_apart=False,
)
LONG = Scale(
    frozen_s=40,
    down_s=5,
    slow_s=30,
    stopped_s=600,
    hostile=500,
    strangers=2_000,
    killed=len(SERVICES),
    equals_apart=True,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """When it was over (milliseconds since 1970), and the services that had to recover."""

    over_at: int
    services: Sequence[str]


@dataclass
class Injected:
    """The faults of one scenario, and the means to add records of its own to the workload."""

    scale: Scale
    channel: Channel
    expected: Expected
    seen: Seen
    faults: list[Fault] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    """The faults that the scenario itself found."""
    publishing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The workload holds it while it publishes a group of cases."""

    def note(self, *services: str) -> None:
        """One more fault is over now; all services had to do with it if none is named."""
        self.faults.append(Fault(int(time.time() * 1000), services or SERVICES))


Inject = Callable[[Machine, Injected], Awaitable[None]]


def nothing_is_missing() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults of one kind. `inject` brings them about once; a long run repeats it `times`.

    `missing` says what this machine lacks for it, and how to get it. `pace` multiplies the pause
    between groups of cases, for a scenario that lasts.
    """

    name: str
    inject: Inject
    times: int = 1
    missing: Callable[[], str | None] = nothing_is_missing
    pace: float = 1.0


def together(name: str, *parts: Scenario) -> Scenario:
    """Equal kinds, one after the other: a short run has no time for a scenario of each."""

    async def inject(machine: Machine, injected: Injected) -> None:
        for part in parts:
            await part.inject(machine, injected)

    return Scenario(f"{name}: {', '.join(part.name for part in parts)}", inject)


@asynccontextmanager
async def each_beside(machine: Machine, *services: str) -> AsyncIterator[Sequence[Child]]:
    """A second instance of each service while inside."""
    try:
        yield [machine.another(service, 2) for service in services]
    finally:
        await asyncio.gather(*(machine.more.pop(f"{name}-2").stop(20) for name in services))
