"""The cost of records that a service never decides: CPU each. `make bench BENCH=ignored`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench import stage, stock
from desk.contract_docs.goldens import read_goldens
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE, NOTIFICATION
from shared.runtime.decider import Service
from tests.poison.trial import built

RECORDS, WARM = 5_000, 1_000
TYPES = {
    ARCHIVE: "mail.attempted.v1",
    INTAKE: "contract.status_changed.v1",
    CANCELLATION: "contract.copy_ready.v1",
    NOTIFICATION: "renewal.watched.v1",
}


def measure(rounds: int) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Microseconds of CPU per record, by service and type; both ways in turn in each round."""
    services = {service.name: service for service in built()}
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for name, ce_type in TYPES.items():
            of_type = found.setdefault(f"{name}: {ce_type}", {"read": [], "passed over": []})
            of_type["read"].append(_spent(replace(services[name], ignores=()), ce_type))
            of_type["passed over"].append(_spent(services[name], ce_type))
    return found


def _spent(service: Service, ce_type: str) -> float:
    golden = read_goldens(Path())[ce_type]
    headers = [(name, value.encode()) for name, value in golden.headers.items()]
    value = json.dumps(golden.value).encode()
    record = stock.Read(golden.topic, golden.key.encode(), value, headers)
    records = [replace(record, offset=offset) for offset in range(RECORDS + WARM)]
    return asyncio.run(stage.measured(service, stage.Database(), records, WARM))
