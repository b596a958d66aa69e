"""Free ports of 127.0.0.1, the same ones again when the same data is started again."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Collection, Iterable
from pathlib import Path
from random import SystemRandom

HOST = "127.0.0.1"

# Below the range that the kernel gives to outgoing connections (32768 and up on Linux). While a
# server is down its clients keep trying: on a port of that range such an attempt can connect to
# itself, and the server cannot have its port back.
CANDIDATES = range(20_000, 32_000)
ATTEMPTS = 50

_claims: dict[int, socket.socket] = {}
"""By port: a datagram socket on it, held until this process ends. It keeps other processes that
choose from choosing the same before a server listens there, and is in no server's way."""


def choose_ports(names: Iterable[str], record: Path) -> dict[str, int]:
    """One free port per name; the one written in `record` (JSON) if it still is free.

    Writes what it chose to `record`.
    """
    recorded = json.loads(record.read_text()) if record.exists() else {}
    chosen: dict[str, int] = {}
    for name in names:
        chosen[name] = _free(recorded.get(name), chosen.values())
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


def _free(wanted: int | None, taken: Collection[int]) -> int:
    random_ports = SystemRandom().sample(CANDIDATES, min(ATTEMPTS, len(CANDIDATES)))
    for port in random_ports if wanted is None else [wanted, *random_ports]:
        if port in taken:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            # As servers do: connections of the last run that linger in TIME_WAIT are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            _claim(port)
            return port
    raise OSError(f"none of {len(random_ports)} ports tried on {HOST} is free")


def _claim(port: int) -> None:
    """Raises OSError if another process has it."""
    if port in _claims:
        return
    claim = socket.socket(type=socket.SOCK_DGRAM)
    try:
        claim.bind((HOST, port))
    except OSError:
        claim.close()
        raise
    _claims[port] = claim
