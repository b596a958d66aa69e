"""The embedded broker: noida-db's Kafka service, alone, as a process of its own."""

import importlib.util
import os
from collections.abc import Collection
from pathlib import Path

from desk.local.child import INSTALL_HINT, Child, ChildError
from desk.local.ports import accepts_connections
from shared.kafka.broker import broker_at
from shared.kafka.errors import kafka_errors_as_outage
from shared.outage import Outage
from shared.settings import RuntimeSettings

CONTROL_FILE = "noida.control.json"
PROBE_TIMEOUT_MS = 2000


def broker(directory: Path, port: int, *, inherit_fds: Collection[int] = ()) -> Child:
    """The broker on `127.0.0.1:port`, with its data in `directory/kafka`.

    The caller holds the directory's lock: no other broker runs on this data, so a control file
    found here was left by a crash and is removed.
    """
    data = directory / "kafka"
    data.mkdir(parents=True, exist_ok=True)
    (data / CONTROL_FILE).unlink(missing_ok=True)
    return Child(
        "broker",
        [
            _program(),
            "start",
            *("--only", "kafka"),
            *("--kafka-port", str(port)),
            *("--host", "127.0.0.1"),
            *("--data-dir", str(data)),
        ],
        log_file=directory / "logs" / "broker.log",
        inherit_fds=inherit_fds,
    )


def plain(address: str) -> RuntimeSettings:
    """How to reach an embedded broker: it has no security, whatever the environment says."""
    return RuntimeSettings(kafka_bootstrap_servers=address, kafka_security_protocol="PLAINTEXT")


async def broker_ready(settings: RuntimeSettings) -> bool:
    """Whether the broker at a local port answers a metadata request."""
    port = int(settings.kafka_bootstrap_servers.rpartition(":")[2])
    if not await accepts_connections(port):  # spares aiokafka's error log while it starts
        return False
    try:
        with kafka_errors_as_outage():
            async with broker_at(settings, timeout_ms=PROBE_TIMEOUT_MS) as found:
                await found.topics()
    except Outage:
        return False
    return True


def _program() -> str:
    """The executable inside the package, not the console script.

    The script starts the executable as a child of its own and does not pass signals on: a SIGTERM
    or the parent-death signal would end the script and leave the broker behind.
    """
    package = importlib.util.find_spec("noida_db")
    if package is None or package.origin is None:
        raise ChildError(f"the embedded broker is not installed; try: {INSTALL_HINT}")
    program = Path(package.origin).with_name("noida-db")
    if not os.access(program, os.X_OK):  # wheels do not always keep the mode
        program.chmod(0o755)
    return str(program)
