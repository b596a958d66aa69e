"""Free ports of 127.0.0.1, the same ones again when the same data is started again."""

import asyncio
import json
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

HOST = "127.0.0.1"

# Below the range that the kernel gives to outgoing connections (32768 and up on Linux). While a
# server is down its clients keep trying: on a port of that range such an attempt can connect to
# itself, and the server cannot have its port back.
CANDIDATES = range(20_000, 32_000)
ATTEMPTS = 50


def choose_ports(names: Iterable[str], record: Path) -> dict[str, int]:
    """One free port per name; the one written in `record` (JSON) if it still is free.

    Writes what it chose to `record`.
    """
    recorded = json.loads(record.read_text()) if record.exists() else {}
    with ExitStack() as held:  # held together, so that no port is given out twice
        chosen = {name: _take(held, recorded.get(name)) for name in names}
    record.write_text(json.dumps(recorded | chosen))
    return chosen


async def accepts_connections(port: int) -> bool:
    """Whether anything listens on the port."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _take(held: ExitStack, wanted: int | None) -> int:
    random_ports = SystemRandom().sample(CANDIDATES, ATTEMPTS)
    for port in random_ports if wanted is None else [wanted, *random_ports]:
        taken = held.enter_context(socket.socket())
        # As servers do: connections of the last run that linger in TIME_WAIT are no obstacle.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, port))
        except OSError:
            continue
        return port
    raise OSError(f"none of {ATTEMPTS} ports tried on {HOST} is free")
