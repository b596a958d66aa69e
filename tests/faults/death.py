"""A service that dies exactly where it is told to: `python -m tests.faults.death <service>`.

The product's own process, with its stage's steps watched from outside. To order a death, put a file
`<service>.<step>` into the directory FAULTS_ORDERS; the process takes it away and sends
itself SIGKILL (or, for `<service>.<step>.TERM`, SIGTERM) as it leaves that step. The product knows
nothing of this: what it costs there is nothing.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaStorageError

from shared.events.topics import PORTAL
from shared.kafka.publisher import KafkaPublisher
from shared.runtime import app, wiring
from shared.runtime.aggregates import queries
from shared.runtime.aggregates.aggregate import Aggregate
from shared.runtime.aggregates.archive import Archive
from shared.runtime.consumption import Consumption
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.stage.stage import Stage
from shared.runtime.stage.steps import Steps

STEPS = ("read", "decide", "archive", "store", "half of publish", "publish", "commit")
"""After which of its acts a process may be told to die; the last two of them lose nothing new."""
PORTAL_STEPS = ("keep", "publish")
"""Of the portal: once a submission is kept, and once it is published but not yet marked so."""
ORDERS = "FAULTS_ORDERS"
REFUSAL = "no dead letters"
"""While a file of this name is there, sending a dead letter fails as on a disk that is full."""


class Orders:
    """The deaths that are wanted of one service."""

    def __init__(self, directory: Path, service: str) -> None:
        self._directory = directory
        self._service = service

    @property
    def no_dead_letters(self) -> bool:
        return (self._directory / REFUSAL).exists()

    def obey(self, step: str) -> None:
        """Die here, or begin to stop, if that is wanted. Each order is obeyed once."""
        for suffix, number in (("", signal.SIGKILL), (".TERM", signal.SIGTERM)):
            try:
                (self._directory / f"{self._service}.{step}{suffix}").unlink()
            except FileNotFoundError:
                continue
            os.kill(os.getpid(), number)


def watch(orders: Orders) -> None:
    """Put the orders between the runtime's parts, in this process alone."""

    class WatchedStage(Stage):
        @contextmanager
        def _timed(self, step: str, steps: Steps) -> Iterator[None]:
            with super()._timed(step, steps):
                yield
            orders.obey(step)

    class WatchedArchive(Archive):
        async def add_oldest(self, kind: str, aggregates: Iterable[Aggregate]) -> None:
            aggregates = [*aggregates]
            await super().add_oldest(kind, aggregates)
            if any(aggregate.leaving for aggregate in aggregates):
                orders.obey("archive")

    class WatchedPublisher(KafkaPublisher):
        async def publish(self, outgoing: Sequence[Any]) -> None:
            half = len(outgoing) // 2
            if half:
                await super().publish(outgoing[:half])
                orders.obey("half of publish")
            await super().publish(outgoing[half:])

        async def _send(self, outgoing: Any) -> Any:
            if isinstance(outgoing, DeadLetter) and orders.no_dead_letters:
                raise KafkaStorageError
            return await super()._send(outgoing)

    class WatchedConsumption(Consumption):
        async def _commit(self, consumer: Any, offsets: Mapping[Any, int]) -> bool:
            committed = await super()._commit(consumer, offsets)
            orders.obey("commit")
            return committed

    queries.Archive = WatchedArchive  # type: ignore[attr-defined]
    wiring.Stage = WatchedStage  # type: ignore[attr-defined]
    wiring.KafkaPublisher = WatchedPublisher  # type: ignore[attr-defined]
    app.Consumption = WatchedConsumption  # type: ignore[attr-defined]


def watch_portal(orders: Orders) -> None:
    """The same between the parts of the portal, which no other service loads."""
    portal: Any = importlib.import_module("services.customer_portal.service")

    class WatchedOutbox(portal.Outbox):  # type: ignore[misc]
        async def keep(self, *asked: Any, **named: Any) -> Any:
            kept = await super().keep(*asked, **named)
            orders.obey("keep")
            return kept

    class WatchedPatientPublisher(portal.PatientPublisher):  # type: ignore[misc]
        async def publish(self, outgoing: list[Any]) -> None:
            await super().publish(outgoing)
            orders.obey("publish")

    portal.Outbox = WatchedOutbox
    portal.PatientPublisher = WatchedPatientPublisher


def main() -> None:
    [service] = sys.argv[1:]
    orders = Orders(Path(os.environ[ORDERS]), service)
    (watch_portal if service == PORTAL else watch)(orders)
    importlib.import_module(f"services.{service}.__main__").main()


if __name__ == "__main__":
    main()
