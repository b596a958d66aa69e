"""A partner's submission on a running desk is one trace, and a silent collector stops nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from desk.commands.samples import fill
from desk.local.supervisor import Desk
from shared.events.topics import PORTAL, SERVICES
from tests.builders.clients import settings_at
from tests.builders.collector import Sent, sent_to
from tests.builders.partners import partner_of, until
from tests.builders.traces import SAMPLED, SENDERS, TRACE
from tests.builders.webhook_receiver import Received, Receiver, receiver
from tests.conftest import QUICK, quiet
from tests.infra import Given, desk_on

pytestmark = pytest.mark.long("a desk with its portal, which sends traces")

WAYS = {
    (PORTAL, "POST api.submit"),
    ("inquiry_intake", "process desk.submissions"),
    ("cancellation", "process desk.cancellation-requests"),
    ("contract_archive", "process desk.cancellations"),
    ("notification", "process desk.cancellations"),
    ("notification", "perform notification"),
    ("inquiry_intake", "process desk.notifications"),
}
PERSONAL = (b"Cliente", b"cliente@", b"C-1001", b"Cerramos")


async def test_one_submission_is_one_trace_and_a_silent_collector_stops_nobody(
    given: Given, tmp_path: Path
) -> None:
    async with receiver() as collector:
        told = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        async with desk_on(
            given, tmp_path / ".desk", portal=True, overrides=QUICK | told, say=quiet
        ) as desk:
            await fill(desk, settings_at(desk.endpoints.kafka_bootstrap_servers))
            async with await partner_of(desk, "traced") as partner:
                await cancelled(partner, "first", traceparent=SAMPLED)
                await until(lambda: has_arrived(collector))
                the_same_trace(collector)
                await still_answered(desk, collector, partner)
    assert {it.watched.child.exit_code for it in desk.services.values()} == {0}


async def cancelled(partner: httpx2.AsyncClient, name: str, **headers: str) -> str:
    """Ask for the sample licence to be cancelled. Returns where its state is told."""
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "/channels/partners/traced/crm",
        "type": "submission.cancellation.v1",
        "data": {
            "customer_id": "C-1001",
            "channel": "partner",
            "received_at": datetime.now(UTC).isoformat(),
            "contract_numbers": ["K-2001"],
            "contact": {"name": "Cliente de Prueba", "email": "cliente@example.test"},
            "destruction_confirmed": True,
            "comment": "Cerramos la oficina.",
        },
    }
    headers["content-type"] = "application/cloudevents+json"
    answer = await partner.post("/submissions", content=json.dumps(event), headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["status_url"])


def of_trace(collector: Receiver) -> Sequence[Sent]:
    return [it for it in sent_to(collector) if it.trace == TRACE]


async def has_arrived(collector: Receiver) -> bool:
    """Whether every way is there, and each span's parent: that may end, and be sent, later."""
    found = of_trace(collector)
    ways = {(it.service, it.span.name) for it in found}
    return ways >= WAYS and parents_elsewhere(found) == {SENDERS}


def parents_elsewhere(found: Sequence[Sent]) -> set[str]:
    """The ids of parents that are none of these spans."""
    ids = {it.span.span_id for it in found}
    return {it.span.parent_span_id.hex() for it in found if it.span.parent_span_id not in ids}


def the_same_trace(collector: Receiver) -> None:
    """It begins at the partner, each step leads to another one of it, and it names nobody."""
    found = of_trace(collector)
    assert {it.service for it in found} == {PORTAL, *SERVICES}
    assert len({it.span.span_id for it in found}) == len(found)
    assert parents_elsewhere(found) == {SENDERS}
    references = {
        attribute.value.string_value
        for it in found
        for attribute in it.span.attributes
        if attribute.key == "desk.reference"
    }
    assert len(references) == 1
    assert not [word for word in PERSONAL for request in collector.got if word in request.body]


async def still_answered(desk: Desk, collector: Receiver, partner: httpx2.AsyncClient) -> None:
    async def hang(_request: Received) -> None:
        await asyncio.Event().wait()

    collector.before_answer = hang
    url = await cancelled(partner, "second", traceparent=SAMPLED)

    async def opened() -> Any:
        return (await partner.get(url)).json().get("inquiry")

    await until(opened)
    await desk.healthy()
