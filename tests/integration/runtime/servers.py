"""A broker and a database for one test alone, each of which may be stopped and frozen."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from desk.local.child import Child
from desk.local.stack import Endpoints, embedded_stack
from tests.apache_kafka.broker import prepared
from tests.apache_kafka.security import ADMIN
from tests.builders import fetch_pace
from tests.secure.servers import secured


@dataclass(frozen=True)
class Servers:
    """By the names that health pages use: `kafka` and `mongodb`."""

    endpoints: Endpoints
    children: Mapping[str, Child]
    starts: Mapping[str, Callable[[], Awaitable[None]]]

    async def stop(self, name: str) -> None:
        await self.children[name].stop(10)

    async def freeze(self, name: str) -> None:
        """It keeps its connections and answers nothing."""
        self._signal(name, signal.SIGSTOP)

    async def thaw(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)

    async def start_again(self, name: str) -> None:
        await self.starts[name]()

    def _signal(self, name: str, number: signal.Signals) -> None:
        pid = self.children[name].pid
        assert pid is not None
        os.kill(pid, number)


@asynccontextmanager
async def own_servers(choice: str, directory: Path) -> AsyncIterator[Servers]:
    """`choice`: `kafka` for Apache Kafka on a local JVM, `secure` for that and a database with
    users, anything else for embedded servers.
    """
    if choice == "secure":
        async with (
            secured(directory) as servers,
            embedded_stack(
                directory, kafka=servers.address, mongo=servers.mongo_url(ADMIN)
            ) as stack,
        ):
            yield Servers(
                stack.endpoints,
                {"kafka": servers.broker.child, "mongodb": servers.database},
                {"kafka": servers.broker.start, "mongodb": servers.start_database},
            )
        return
    if choice != "kafka":
        fetch_pace.install()
        async with embedded_stack(directory) as stack:
            yield Servers(
                stack.endpoints,
                {"kafka": stack.children["broker"], "mongodb": stack.children["database"]},
                {
                    "kafka": partial(stack.start_again, "broker"),
                    "mongodb": partial(stack.start_again, "database"),
                },
            )
        return
    broker = await prepared(directory / "apache-kafka")
    try:
        await broker.start()
        async with embedded_stack(directory, kafka=broker.address) as stack:
            yield Servers(
                stack.endpoints,
                {"kafka": broker.child, "mongodb": stack.children["database"]},
                {"kafka": broker.start, "mongodb": partial(stack.start_again, "database")},
            )
    finally:
        await broker.stop()
