"""Broker, database and mailbox together: whatever is not given from outside is started here."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from desk.local.broker import broker, broker_ready, plain
from desk.local.child import Child, ChildError, Probe
from desk.local.database import database, database_ready, database_url
from desk.local.mailbox import mailbox, mailbox_ready
from desk.local.ports import HOST, choose_ports

READY_TIMEOUT_S = 120.0
STOP_GRACE_S = 10.0
LOCK_WAIT_S = 10.0
PRIVATE = 0o700
"""Only the owner reads a desk's mails, records and keys."""
OWNERS_FILE = 0o600


class Endpoints(BaseModel):
    """Where the services connect; written as `endpoints.json`, with exactly these keys."""

    model_config = ConfigDict(frozen=True)

    kafka_bootstrap_servers: str
    mongo_url: str
    smtp_url: str
    mailbox: Path | None
    """The directory of received `.eml` files; `None` if mail goes to an SMTP server of yours."""
    internal: dict[str, str] = {}
    """The services' internal ports by name, `http://host:port`; empty until they are started."""
    internal_credential: str | None = Field(None, repr=False)
    """The credential that the services require of their callers."""
    portal: str | None = None
    """Where the customer portal's pages are; `None` where it was not started."""
    console: str | None = None
    """Where the operations console's pages are; `None` where it was not started."""


@dataclass(frozen=True)
class Stack:
    """A running stack: its addresses and the processes that were started for it."""

    endpoints: Endpoints
    children: Mapping[str, Child]
    """By name: `broker`, `database`, `mailbox`; only those started here."""
    probes: Mapping[str, Probe]

    async def start_again(self, name: str) -> None:
        """Start a child that has died or was killed, and wait until it serves."""
        self.children[name].start()
        await self.children[name].wait_ready(self.probes[name], READY_TIMEOUT_S)


@asynccontextmanager
async def embedded_stack(
    directory: Path, *, kafka: str | None = None, mongo: str | None = None, smtp: str | None = None
) -> AsyncIterator[Stack]:
    """Start what has no address given, with data, logs and `endpoints.json` in `directory`.

    Ready when entered; everything started is stopped when left, however it is left.
    Raises `ChildError` if the directory is in use or a process cannot be started.
    """
    directory = _created(directory)
    lock = await _lock(directory)
    try:
        stack = _plan(directory, lock, kafka=kafka, mongo=mongo, smtp=smtp)
        try:
            await _start(stack)
            write_endpoints(directory, stack.endpoints)
            yield stack
        finally:
            await asyncio.gather(*(child.stop(STOP_GRACE_S) for child in stack.children.values()))
    finally:
        os.close(lock)


def _plan(
    directory: Path, lock: int, *, kafka: str | None, mongo: str | None, smtp: str | None
) -> Stack:
    given = {"broker": kafka, "database": mongo, "mailbox": smtp}
    wanted = [name for name, address in given.items() if not address]
    ports = choose_ports(wanted, directory / "ports.json")
    mail = directory / "mail"
    children: dict[str, Child] = {}
    probes: dict[str, Probe] = {}
    if not kafka:
        kafka = f"{HOST}:{ports['broker']}"
        children["broker"] = broker(directory, ports["broker"], inherit_fds=(lock,))
        probes["broker"] = partial(broker_ready, plain(kafka))
    if not mongo:
        mongo = database_url(ports["database"])
        children["database"] = database(directory, ports["database"], inherit_fds=(lock,))
        probes["database"] = partial(database_ready, ports["database"])
    if not smtp:
        smtp = f"smtp://{HOST}:{ports['mailbox']}"
        children["mailbox"] = mailbox(directory, ports["mailbox"], mail, inherit_fds=(lock,))
        probes["mailbox"] = partial(mailbox_ready, ports["mailbox"])
    endpoints = Endpoints(
        kafka_bootstrap_servers=kafka,
        mongo_url=mongo,
        smtp_url=smtp,
        mailbox=mail if "mailbox" in children else None,
    )
    return Stack(endpoints, children, probes)


async def _start(stack: Stack) -> None:
    for child in stack.children.values():
        child.start()
    await asyncio.gather(
        *(
            child.wait_ready(stack.probes[name], READY_TIMEOUT_S)
            for name, child in stack.children.items()
        )
    )


async def _lock(directory: Path) -> int:
    """Take the directory for this stack alone; the lock ends when the descriptor is closed.

    The children inherit it: after a `kill -9` of this process the directory stays taken until the
    last of them has saved its data and ended, and a stack started meanwhile waits for that.
    """
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + LOCK_WAIT_S
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ChildError(
                        f"{directory} is in use: stop the `desk` that runs there or take another"
                        " directory"
                    ) from None
                await asyncio.sleep(0.1)
            else:
                return lock
    except BaseException:
        os.close(lock)
        raise


def _created(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(PRIVATE)
    return directory.absolute()  # the children and readers of endpoints.json may run elsewhere


def write_endpoints(directory: Path, endpoints: Endpoints) -> None:
    """Replace `endpoints.json` in one step, readable by its owner alone: it holds a credential."""
    partial_file = directory / "endpoints.tmp"
    partial_file.unlink(missing_ok=True)
    partial_file.touch(mode=OWNERS_FILE, exist_ok=False)
    partial_file.write_text(endpoints.model_dump_json(indent=2))
    partial_file.rename(directory / "endpoints.json")
