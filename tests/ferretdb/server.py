"""FerretDB on SQLite: a second, independent implementation of MongoDB's protocol.

`make ferretdb` builds the program with Go; its own command line does not run on SQLite.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from desk.local.child import Child
from desk.local.database import database_ready, database_url
from desk.local.ports import HOST, choose_ports

PROGRAM = Path(__file__).parent / "target" / "ferretdb"
READY_WITHIN_S = 30.0
STOP_GRACE_S = 10.0


def missing() -> str | None:
    """Names the tools missing to run FerretDB, and how to get them; None if all are there."""
    return None if PROGRAM.exists() else "FerretDB is not built; install Go and run: make ferretdb"


@asynccontextmanager
async def ferretdb(directory: Path) -> AsyncIterator[str]:
    """A running FerretDB's connection string; its data stays in `directory`.

    Raises `ChildError` if it cannot run, with the end of its log.
    """
    data = directory / "data"
    data.mkdir(parents=True, exist_ok=True)
    port = choose_ports(["ferretdb"], directory / "ports.json")["ferretdb"]
    server = Child(
        "ferretdb",
        [str(PROGRAM), f"{HOST}:{port}", str(data)],
        log_file=directory / "logs" / "ferretdb.log",
    )
    try:
        server.start()
        await server.wait_ready(partial(database_ready, port), READY_WITHIN_S)
        yield database_url(port)
    finally:
        await server.stop(STOP_GRACE_S)
