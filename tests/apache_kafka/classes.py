"""Keeps the broker's classes as the JVM lays them out: a start from them costs half the CPU.

`python -m tests.apache_kafka.classes` writes them, by a secured broker that starts and ends. A JVM
that finds none, or those of another version, loads them from the jars.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from desk.local.child import ChildError
from tests.apache_kafka.broker import CLASSES, COMPILED_ONCE, prepared
from tests.apache_kafka.security import new_security


async def keep() -> None:
    """Raises `ChildError` if the broker cannot run, with the end of its log."""
    CLASSES.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="desk-classes-") as folder:
        security = new_security(Path(folder) / "security", [])
        writes = (*COMPILED_ONCE, f"-XX:ArchiveClassesAtExit={CLASSES}")
        broker = await prepared(Path(folder) / "broker", security, jvm=writes)
        try:
            await broker.start()
        finally:
            await broker.stop()


if __name__ == "__main__":
    try:
        asyncio.run(keep())
    except ChildError as cannot:  # a Java runtime without an archive of its own writes none
        print(f"the tests' brokers start from their jars, at twice the CPU: {cannot}")
