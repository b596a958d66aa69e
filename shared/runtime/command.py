"""The command `python -m services.<name>`: runs the service, or checks its records offline.

`verify` checks that every record follows from its history, `verify --topics` compares the records
with the topics, `restore` brings the records of an older backup forward from them. Each prints
JSON; the exit code is 1 where something is left to do.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from shared.mongo.client import Database, connect
from shared.runtime.aggregates.store import Store
from shared.runtime.comparison import compare
from shared.runtime.decider import Service
from shared.runtime.process import outages_end_process
from shared.runtime.restoration import Running, restore
from shared.runtime.verification import audit
from shared.settings import RuntimeSettings
from shared.telemetry import logging

FAULTS = 1
Answer = tuple[Any, bool]
"""The text to print, and whether no fault was found."""


def main(service: Service, settings: RuntimeSettings, arguments: Sequence[str]) -> None:
    """Ends the process with a code unless it runs the service."""
    match arguments:
        case []:
            # What looks after records needs neither subscriber nor web server: half of a start.
            importlib.import_module("shared.runtime.app").run(service, settings)
        case ["verify"]:
            _look_after(service, settings, _verified)
        case ["verify", "--topics"]:
            _look_after(service, settings, _compared)
        case ["restore"]:
            _look_after(service, settings, _restored)
        case _:
            sys.exit(f"usage: python -m services.{service.name} [verify [--topics] | restore]")


Look = Callable[[Service, RuntimeSettings, Database, Store], Awaitable[Answer]]


def _look_after(service: Service, settings: RuntimeSettings, look: Look) -> None:
    logging.configure(service.name, level="ERROR", style=settings.log_format)
    try:
        with outages_end_process():
            found, well = asyncio.run(_with_records(service, settings, look))
    except Running as group:
        sys.exit(f"error: consumer group {group} has members; stop {service.name} first")
    sys.stdout.write(json.dumps(found) + "\n")
    sys.exit(0 if well else FAULTS)


async def _with_records(service: Service, settings: RuntimeSettings, look: Look) -> Answer:
    client = connect(settings.mongo_url)
    try:
        database = Database(
            client, settings.database_of(service.name), journal=settings.mongo_journal
        )
        store = Store(
            database,
            service.deciders,
            history_bound=settings.history_bound,
            read_chunk=settings.mongo_read_chunk,
        )
        return await look(service, settings, database, store)
    finally:
        client.close()


async def _verified(
    service: Service, _settings: RuntimeSettings, database: Database, store: Store
) -> Answer:
    audits = [await audit(service, database, store, decider) for decider in service.deciders]
    return [asdict(result) for result in audits], not any(result.fault_count for result in audits)


async def _compared(
    service: Service, settings: RuntimeSettings, database: Database, store: Store
) -> Answer:
    found = await compare(service, settings, database, store, datetime.now(UTC))
    return asdict(found), not found.count


async def _restored(
    service: Service, settings: RuntimeSettings, database: Database, store: Store
) -> Answer:
    restored = await restore(service, settings, database, store)
    return asdict(restored), not restored.lost
