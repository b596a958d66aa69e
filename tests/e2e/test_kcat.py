"""A client that no one here wrote: Debian's kcat, as a channel and as billing."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from desk.local.supervisor import Desk
from shared.operations.rights import OPERATORS
from tests.builders import clients

KCAT = shutil.which("kcat")

pytestmark = pytest.mark.skipif(
    KCAT is None, reason="kcat is missing; get it with: apt-get install kcat"
)


SOURCES = {"desk.submissions": "/channels/web", "registry.contracts": "/registry"}
"""Who publishes on a topic; a record of anyone else becomes a dead letter."""
USERS = {
    "desk.submissions": "channels",
    "registry.contracts": "registry",
    "desk.contracts": OPERATORS,
    "desk.cancellations": "billing",
}
"""Who writes or reads a topic here, on a secured broker."""


def publish(
    desk: Desk, topic: str, key: str, ce_type: str, data: dict[str, Any], file: Path
) -> str:
    """Publish one event from a file, as the README tells a channel team to."""
    event_id = str(uuid4())
    file.write_text(json.dumps(data))
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": SOURCES[topic],
        "ce_type": ce_type,
        "content-type": "application/json",
    }
    options = [part for name, value in headers.items() for part in ("-H", f"{name}={value}")]
    broker = desk.endpoints.kafka_bootstrap_servers
    record = ("-P", "-t", topic, "-k", key, *options, str(file))
    command = clients.kcat(broker, *record, user=USERS[topic])
    subprocess.run(command, check=True, timeout=30)
    return event_id


def told_about(desk: Desk, contract: str, topic: str) -> list[dict[str, Any]]:
    """Wait up to 30 seconds for events about one contract; return all of them."""
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    told = read_from(desk, topic, contract)
    while not told and datetime.now(UTC) < deadline:
        told = read_from(desk, topic, contract)
    return told


def read_from(desk: Desk, topic: str, key: str) -> list[dict[str, Any]]:
    """Every record of a topic under one key, from the beginning."""
    broker = desk.endpoints.kafka_bootstrap_servers
    everything = ("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J")
    command = clients.kcat(broker, *everything, user=USERS[topic])
    printed = subprocess.run(command, check=True, timeout=30, capture_output=True, text=True).stdout
    records = [json.loads(line) for line in printed.splitlines()]
    return [record for record in records if record["key"] == key]


async def test_kcat_submits_a_cancellation_and_reads_the_decision_as_billing(
    running_desk: Desk, tmp_path: Path
) -> None:
    contract, customer = f"K-{uuid4().hex[:8]}", f"C-{uuid4().hex[:8]}"
    received = datetime.now(UTC)
    recorded = {
        "contract_number": contract,
        "customer_id": customer,
        "type": "monthly_licence",
        "title": "Licencia de prueba",
        "starts_on": "2025-01-01",
        "auto_renewal": False,
    }
    request = {
        "customer_id": customer,
        "channel": "web",
        "received_at": received.isoformat(),
        "contract_numbers": [contract],
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.test"},
        "destruction_confirmed": True,
    }
    file = tmp_path / "event.json"
    publish(
        running_desk,
        "registry.contracts",
        contract,
        "registry.contract_recorded.v1",
        recorded,
        file,
    )
    # A customer asks about a contract that is on record already: without it the request is held
    # for the grace time and then referred.
    assert told_about(running_desk, contract, "desk.contracts")
    submission = publish(
        running_desk, "desk.submissions", customer, "submission.cancellation.v1", request, file
    )
    [decision] = told_about(running_desk, contract, "desk.cancellations")
    headers = dict(zip(decision["headers"][::2], decision["headers"][1::2], strict=True))
    data = json.loads(decision["payload"])
    assert headers["ce_type"] == "cancellation.scheduled.v1"
    assert headers["ce_source"] == "/services/cancellation"
    assert headers["ce_correlationid"] == submission
    assert data["sequence"] == 1
    assert (data["contract_number"], data["customer_id"]) == (contract, customer)
    effective, billable = (data[name] for name in ("effective_on", "last_billable_on"))
    assert datetime.fromisoformat(effective) - datetime.fromisoformat(billable) == timedelta(days=1)
