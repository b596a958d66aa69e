"""Every service ends in the middle of submissions, under `desk up`'s supervisor."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from desk.local.supervisor import Desk
from shared.events.envelope import message_uuid
from tests.builders import clients
from tests.builders.desk_command import environment
from tests.infra import Given, desk_on

pytestmark = pytest.mark.long("ten ends of processes of a desk of its own")

KILLS = 10
WITHIN_SECONDS = 240
SOURCE = "/channels/kill-test"
REGISTRY = "/registry/kill-test"
WATCHED = ("desk.inquiries", "desk.cancellations", "desk.notifications", "desk.dead-letters")
QUICK = {
    "WORKER_LEASE_SECONDS": "20",
    "SMTP_TIMEOUT_SECONDS": "10",
    "SMTP_UNREPORTED": "5",
    "CONTRACT_GRACE_SECONDS": "5",
    "UNREGISTERED_MAILS_PER_HOUR": "5000",
    "UNREGISTERED_MAILS_PER_DAY": "5000",
}


def headers(ce_type: str, ce_id: str, source: str = SOURCE) -> list[tuple[str, bytes]]:
    values = {
        "ce_specversion": "1.0",
        "ce_id": ce_id,
        "ce_source": source,
        "ce_type": ce_type,
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in values.items()]


def contract_of(number: int) -> dict[str, Any]:
    return {
        "contract_number": f"K-{number}",
        "customer_id": f"C-{number}",
        "type": "monthly_licence",
        "title": "Licencia de prueba",
        "starts_on": "2025-01-01",
        "auto_renewal": False,
    }


SUBMISSIONS = 500
CONTRACTS = SUBMISSIONS // 2
"""The first half of the submissions cancels a contract each; the others ask a question each."""
MAILS = SUBMISSIONS + CONTRACTS
"""Each inquiry's opening and each decision."""


def submission(number: int) -> tuple[str, dict[str, Any]]:
    common = {
        "customer_id": f"C-{number}",
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(),
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.test"},
    }
    if number < CONTRACTS:
        asked = {"contract_numbers": [f"K-{number}"], "destruction_confirmed": True}
        return "submission.cancellation.v1", common | asked
    question = {"request_type": "contracts", "subject": "Una pregunta", "text": "¿Cómo se hace?"}
    return "submission.inquiry.v1", common | question


@dataclass
class Seen:
    """The public topics' events as consumers see them, without repeats of an id."""

    ids: set[str] = field(default_factory=set)
    by_type: Counter[str] = field(default_factory=Counter)
    inquiries: Counter[str] = field(default_factory=Counter)
    decisions: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    notifications: Counter[str] = field(default_factory=Counter)

    def note(self, record: Any) -> None:
        found = {name: value.decode() for name, value in record.headers}
        if found["ce_id"] in self.ids:
            return
        self.ids.add(found["ce_id"])
        data = json.loads(record.value)
        kind = found["ce_type"] if "dl_reason" not in found else f"dead: {found['dl_reason']}"
        self.by_type[kind] += 1
        if kind == "inquiry.opened.v1":
            self.inquiries[data["inquiry_id"]] += 1
        if record.topic == "desk.cancellations":
            self.decisions[data["contract_number"]].append((kind, data["sequence"]))
        if kind.startswith("notification."):
            self.notifications[data["notification_id"]] += 1

    @property
    def complete(self) -> bool:
        decided, mails = len(self.decisions), len(self.notifications)
        wanted = (SUBMISSIONS, CONTRACTS, MAILS)
        return (len(self.inquiries), decided, mails) == wanted


async def publish_and_end(desk: Desk, number_sent: signal.Signals) -> Mapping[str, int]:
    """In the middle of every tenth of the submissions a service ends, each at least twice."""
    tenth = SUBMISSIONS // KILLS
    producer = clients.producer(desk.endpoints.kafka_bootstrap_servers)
    await producer.start()
    ends: Counter[str] = Counter()
    try:
        for number in range(CONTRACTS):
            value = json.dumps(contract_of(number)).encode()
            head = headers("registry.contract_recorded.v1", f"contract-{number}", REGISTRY)
            await producer.send("registry.contracts", value, f"K-{number}".encode(), headers=head)
        for number in range(SUBMISSIONS):
            ce_type, data = submission(number)
            value, key = json.dumps(data).encode(), data["customer_id"].encode()
            head = headers(ce_type, f"submission-{number}")
            await producer.send("desk.submissions", value, key, headers=head)
            if number % tenth == tenth // 2:
                await asyncio.sleep(1)  # let the last tenth get to work
                await desk.healthy()
                service = [*desk.services.values()][number // tenth % len(desk.services)]
                assert service.pid is not None
                os.kill(service.pid, number_sent)
                ends[service.name] += 1
        await producer.flush()
    finally:
        await producer.stop()
    return ends


def mails_by_message_id(mailbox: Path) -> Counter[str]:
    return Counter(
        message_from_bytes(file.read_bytes())["Message-ID"] for file in mailbox.glob("*.eml")
    )


async def verify(directory: Path) -> tuple[int, str]:
    """`desk verify`, as an operator runs it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk.cli", "verify", "--directory", str(directory)),
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "restart"])
async def test_every_service_ends_under_load_and_nothing_is_lost_or_doubled(
    sent: signal.Signals, tmp_path: Path, given: Given
) -> None:
    said: list[str] = []
    async with desk_on(given, tmp_path / "desk", overrides=QUICK, say=said.append) as desk:
        consumer = clients.consumer(
            desk.endpoints.kafka_bootstrap_servers, *WATCHED, auto_offset_reset="earliest"
        )
        await consumer.start()
        seen = Seen()
        try:
            ends = await publish_and_end(desk, sent)
            async with asyncio.timeout(WITHIN_SECONDS):
                while not seen.complete:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        for record in records:
                            seen.note(record)
        except TimeoutError:
            raise AssertionError(f"not all came: {seen.by_type}, {len(said)} restarts") from None
        finally:
            await consumer.stop()
        verified, report = await verify(desk.directory)
        assert desk.endpoints.mailbox is not None
        mails = mails_by_message_id(desk.endpoints.mailbox)

    expected = {str(message_uuid(SOURCE, f"submission-{n}")) for n in range(SUBMISSIONS)}
    assert min(ends.values()) >= 2
    assert len(said) == sum(ends.values()), said
    assert seen.inquiries == Counter(expected)
    assert dict(seen.decisions) == {
        f"K-{n}": [("cancellation.scheduled.v1", 1)] for n in range(CONTRACTS)
    }
    assert set(seen.notifications.values()) == {1}
    assert seen.by_type["notification.failed.v1"] == 0
    assert not [kind for kind in seen.by_type if kind.startswith("dead")]
    assert len(mails) == len(seen.notifications)
    # SMTP is not exactly once: mails that were taken and not reported yet at a kill come again,
    # with the same Message-ID. Who is told to stop reports them before the end.
    unreported = int(QUICK["SMTP_UNREPORTED"]) if sent is signal.SIGKILL else 0
    logs = {it.stem: it.read_text() for it in (tmp_path / "desk" / "logs").glob("*.log")}
    # So do those of which a busy machine did not hear in time whether they were taken.
    unheard = sum(map(logs["notification"].count, ("side effect put off", "mail not sent")))
    assert sum(mails.values()) - len(mails) <= unreported * ends["notification"] + unheard
    if sent is signal.SIGTERM:
        assert not [name for name, log in logs.items() if "critical" in log]
    assert verified == 0, report
