"""The embedded database: SecantusDB (MongoDB's protocol on WiredTiger) as its own process."""

import sys
from collections.abc import Collection
from pathlib import Path

from desk.local.child import INSTALL_HINT, Child, ChildError
from desk.local.ports import accepts_connections
from shared.mongo.client import Database, connect
from shared.mongo.errors import mongodb_errors_as_outage
from shared.outage import Outage

CACHE_SIZE = "1G"
"""At most: once it is full of what an idle connection's snapshot pins, the server stands still for
good (seen at 256M: WiredTiger's eviction waits, and the server's one lock is held)."""
PROBE_TIMEOUT_MS = 2000
SUITED_SETTINGS = {"MONGO_READ_CHUNK": "25", "MONGO_JOURNAL": "false"}
"""Its `$in` slows down with the number of documents found, and a journaled update costs it a disk
flush each. Without the journal it may lose its last writes at a power cut or its own `kill -9`."""


def database(
    directory: Path, port: int, *, inherit_fds: Collection[int] = (), options: Collection[str] = ()
) -> Child:
    """The database on `127.0.0.1:port`, with its data in `directory/mongo`.

    `options` are further ones of its command line: `--auth` lets in users alone.

    It runs on an empty configuration file of ours: without one it would read whatever
    `secantusd.toml` lies in the working or home directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "secantusd.toml"
    config.touch()
    return Child(
        "database",
        [
            _program(),
            *("--config", str(config)),
            *("--host", "127.0.0.1"),
            *("--port", str(port)),
            *("--storage-path", str(directory / "mongo")),
            *("--cache-size", CACHE_SIZE),
            *("--log-level", "WARNING"),
            *options,
        ],
        log_file=directory / "logs" / "database.log",
        inherit_fds=inherit_fds,
    )


def database_url(port: int) -> str:
    """A direct connection: it spares the driver the search for the replica set's members."""
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"


async def database_ready(port: int) -> bool:
    """Whether the database answers."""
    if not await accepts_connections(port):
        return False
    client = connect(database_url(port), timeout_ms=PROBE_TIMEOUT_MS)
    try:
        with mongodb_errors_as_outage():
            await Database(client, "admin").clock(PROBE_TIMEOUT_MS / 1000)
    except Outage:
        return False
    finally:
        client.close()
    return True


def _program() -> str:
    program = Path(sys.executable).with_name("secantusd-py")
    if not program.exists():
        raise ChildError(f"the embedded database is not installed; try: {INSTALL_HINT}")
    return str(program)
