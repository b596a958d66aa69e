"""Real service processes whose clock is wrong, by libfaketime; the broker's is right."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from desk.local.ports import choose_ports
from desk.local.stack import Endpoints, Stack
from services.cancellation.service import FILE, build
from services.cancellation.settings import Settings
from shared.mongo.client import Database, connect
from tests.builders.users import environment_of
from tests.integration.runtime.wire import collect, event_headers, headers_of, outsider, running

FAKETIME = shutil.which("faketime")
NUMBER, UNKNOWN = "LIC-2027/0001", "LIC-2027/0404"
CUSTOMER = "C-1001"
WITHIN_S = 120.0
"""On a busy machine a service alone takes half a minute to start."""

pytestmark = [
    pytest.mark.skipif(
        FAKETIME is None, reason="faketime is missing; get it with: apt-get install faketime"
    ),
    pytest.mark.long("servers of their own, and processes whose clocks are wrong"),
]


@asynccontextmanager
async def service(
    name: str, offset: str, endpoints: Endpoints, directory: Path
) -> AsyncIterator[Callable[[], Any]]:
    """The service with its clock off by `offset` (`+40d`); yields what asks its health page."""
    port = choose_ports([name], directory / "ports.json")[name]
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers,
        "MONGO_URL": endpoints.mongo_url,
        **environment_of(name, endpoints.mongo_url),
        "HTTP_PORT": str(port),
        "LOG_FORMAT": "json",
        "DEVELOPMENT_DEFAULTS": "true",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    started = await asyncio.create_subprocess_exec(
        *("faketime", "-f", offset, sys.executable, "-m", f"services.{name}"),
        env=os.environ | environment,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield lambda: page(port, "/health")
    finally:
        if started.returncode is None:  # faketime is the service's parent, and passes nothing on
            os.killpg(started.pid, signal.SIGTERM)
        async with asyncio.timeout(WITHIN_S):
            await started.wait()


def page(port: int, path: str) -> Any:
    """A JSON page whatever its status; None while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return json.load(answer)
    except HTTPError as error:
        with error:
            return json.loads(error.read())
    except OSError:
        return None


async def until_the_clock_is_named(health: Callable[[], Any]) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = await asyncio.to_thread(health)
            if found and "clock" in found["away"]:
                return dict(found)
            await asyncio.sleep(0.1)


async def file_of(endpoints: Endpoints, number: str = NUMBER) -> dict[str, Any]:
    """The contract's file, as soon as there is one."""
    client = connect(endpoints.mongo_url)
    try:
        files = Database(client, "desk_cancellation").collection(FILE)
        async with asyncio.timeout(WITHIN_S):
            while (document := await files.find_one({"_id": number})) is None:
                await asyncio.sleep(0.1)
    finally:
        client.close()
    return dict(document)


async def test_an_instance_forty_days_ahead_brings_nothing_about_and_says_so(
    own_stack: Stack, tmp_path: Path
) -> None:
    endpoints = own_stack.endpoints
    settings = Settings(
        kafka_bootstrap_servers=endpoints.kafka_bootstrap_servers, mongo_url=endpoints.mongo_url
    )
    now = datetime.now(UTC)
    contract = {
        "contract_number": NUMBER,
        "customer_id": CUSTOMER,
        "type": "monthly_licence",
        "title": "t",
        "starts_on": "2026-01-01",
        "auto_renewal": False,
    }
    request = {
        "inquiry_id": "0f5f2f1e-0000-5000-8000-000000000001",
        "customer_id": CUSTOMER,
        "contract_number": NUMBER,
        "channel": "web",
        "received_at": now.isoformat(),
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.org"},
        "destruction_confirmed": True,
    }
    async with outsider(endpoints) as client:
        async with running(build(settings), settings):
            decided = await client.watch("desk.cancellations")
            archive = event_headers("contract.recorded.v1", "c-1", "/services/contract_archive")
            await client.publish("desk.contracts", NUMBER, contract, archive)
            intake = event_headers("cancellation.requested.v1", "r-1", "/services/inquiry_intake")
            await client.publish("desk.cancellation-requests", NUMBER, request, intake)
            [scheduled] = await collect(decided, 1, NUMBER, within=WITHIN_S)
        before = (await file_of(endpoints))["history"]

        async with service("cancellation", "+40d", endpoints, tmp_path) as health:
            said = await until_the_clock_is_named(health)
            unknown = request | {"contract_number": UNKNOWN}
            intake = event_headers("cancellation.requested.v1", "r-2", "/services/inquiry_intake")
            await client.publish("desk.cancellation-requests", UNKNOWN, unknown, intake)
            held = await file_of(endpoints, UNKNOWN)
            effects = await decided.getmany(timeout_ms=500)
        after = (await file_of(endpoints))["history"]

    assert (
        json.loads(scheduled.value)["effective_on"] > (now + timedelta(days=29)).date().isoformat()
    )
    assert said["status"] == "degraded"
    assert said["clock_skew_seconds"] == pytest.approx(40 * 86_400, abs=60)
    assert not effects
    assert after == before
    assert held["due_at"] < now + timedelta(hours=1)  # the grace time begins at the broker's time


async def test_an_instance_ahead_that_finds_nothing_due_knows_it_before_it_decides_anything(
    own_stack: Stack, tmp_path: Path
) -> None:
    """By the database's clock: no record has told the broker's time yet."""
    endpoints = own_stack.endpoints
    request = {
        "inquiry_id": "0f5f2f1e-0000-5000-8000-000000000002",
        "customer_id": CUSTOMER,
        "contract_number": UNKNOWN,
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(),
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.org"},
        "destruction_confirmed": True,
    }
    async with outsider(endpoints) as client:
        intake = event_headers("cancellation.requested.v1", "r-3", "/services/inquiry_intake")
        await client.publish("desk.cancellation-requests", UNKNOWN, request, intake)
        async with service("cancellation", "+40d", endpoints, tmp_path):
            held = await file_of(endpoints, UNKNOWN)
        async with service("notification", "+40d", endpoints, tmp_path) as idle:
            said = await until_the_clock_is_named(idle)

    assert held["due_at"] < datetime.now(UTC) + timedelta(hours=1)
    assert said["clock_skew_seconds"] == pytest.approx(40 * 86_400, abs=60)
    assert said["clock_compared_with"] == "database"


async def test_an_intake_ten_minutes_behind_says_so_and_rejects_nobody(
    own_stack: Stack, tmp_path: Path
) -> None:
    """To it alone, every submission would come from the future."""
    endpoints = own_stack.endpoints
    async with (
        outsider(endpoints) as client,
        service("inquiry_intake", "-10m", endpoints, tmp_path) as health,
    ):
        async with asyncio.timeout(WITHIN_S):
            while (await asyncio.to_thread(health) or {}).get("status") not in ("ok", "degraded"):
                await asyncio.sleep(0.1)
        answers = await client.watch("desk.inquiries", "desk.rejections")
        asked = {
            "customer_id": CUSTOMER,
            "channel": "web",
            "received_at": datetime.now(UTC).isoformat(),
            "request_type": "contracts",
            "subject": "Prueba",
            "text": "Una pregunta de prueba.",
            "contact": {"name": "Cliente de Prueba", "email": "cliente@example.org"},
        }
        headers = event_headers("submission.inquiry.v1", "s-1", "/channels/web")
        await client.publish("desk.submissions", CUSTOMER, asked, headers)
        [answer] = await collect(answers, 1, "", within=WITHIN_S)
        said = await until_the_clock_is_named(health)

    assert headers_of(answer)["ce_type"] == "inquiry.opened.v1"
    assert said["status"] == "degraded"
    assert said["clock_skew_seconds"] == pytest.approx(-600, abs=60)
