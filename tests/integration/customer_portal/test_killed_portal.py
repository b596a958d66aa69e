"""A real portal is killed while it hands an attachment to the archive; another one goes on."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from desk.local.child import Child
from desk.local.database import SUITED_SETTINGS
from desk.local.ports import HOST, choose_ports
from desk.local.stack import Endpoints
from desk.local.supervisor import STOP_GRACE_S, Desk, command, health_url, portal_url
from shared.events.topics import ARCHIVE, PORTAL
from shared.kafka.topic_records import records_on
from shared.operations.service_health import is_healthy
from shared.settings import DEVELOPMENT_DEFAULTS
from tests.builders.clients import settings_at
from tests.builders.portal import TICKET, multipart
from tests.builders.users import environment_of
from tests.conftest import QUICK

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.long("a desk with its portal, killed twice"),
]

WITHIN_S = 120.0
STARTED_WITHIN_S = 180.0
LETTER = b"%PDF-1.7\n%a letter of the killed portal\n%%EOF\n"
FORM = "/es/contacto/contratos"
TOPICS = ("desk.documents", "desk.submissions", "desk.inquiries")
BEFORE, AFTER = "before the archive has it", "after the archive has it"


class Gate:
    """Stands before the archive, and kills the portal while it waits for an answer.

    `deaths` are used up one by one; then it hands on what it is sent.
    """

    def __init__(self, ends: Endpoints, portal: Child, deaths: list[str]) -> None:
        self.deaths, self.handed_on = deaths, 0
        self._portal, self._url = portal, ends.internal[ARCHIVE]
        self._credential = {"authorization": f"Bearer {ends.internal_credential}"}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split()[1]
        named = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(named.get("content-length", "0")))
        death = self.deaths.pop(0) if path == "/attachment" and self.deaths else None
        answer = None if death == BEFORE else await self._hand_on(path, body)
        if death is not None:
            self._portal.kill()
        elif answer is not None:
            length = f"content-length: {len(answer.content)}\r\nconnection: close\r\n\r\n"
            writer.write(f"HTTP/1.1 {answer.status_code} -\r\n{length}".encode() + answer.content)
            await writer.drain()
        writer.close()

    async def _hand_on(self, path: str, body: bytes) -> httpx2.Response:
        headers = self._credential | {"content-type": "application/json"}
        async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
            self.handed_on += 1
            return await http.post(f"{self._url}{path}", content=body, headers=headers)


@asynccontextmanager
async def gated(desk: Desk, directory: Path, deaths: list[str]) -> AsyncIterator[tuple[Any, ...]]:
    """A portal of the desk whose archive is behind a gate: how to start it, and its address."""
    ends = desk.endpoints
    ports = choose_ports(("pages", "health", "archive"), directory / "ports.json")
    child = Child(
        "killed portal",
        command(PORTAL),
        log_file=directory / "portal.log",
        env={
            **os.environ,
            **SUITED_SETTINGS,
            **QUICK,
            DEVELOPMENT_DEFAULTS: "true",
            "KAFKA_BOOTSTRAP_SERVERS": ends.kafka_bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
            "MONGO_URL": ends.mongo_url,
            **environment_of(PORTAL, ends.mongo_url),
            "SMTP_URL": ends.smtp_url,
            "PORTAL_CREDENTIAL": "the-credential-that-the-gate-replaces-by-its-own",
            "CONTRACT_ARCHIVE_URL": f"http://{HOST}:{ports['archive']}",
            "WEB_PORT": str(ports["pages"]),
            "PUBLIC_URL": portal_url(ports["pages"]),
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(ports["health"]),
            "KAFKA_GROUP_INSTANCE_ID": "killed",
        },
    )
    gate = Gate(ends, child, deaths)
    server = await asyncio.start_server(gate.serve, HOST, ports["archive"])

    async def start() -> None:
        child.start()
        await child.wait_ready(partial(is_healthy, health_url(ports["health"])), STARTED_WITHIN_S)

    try:
        yield gate, child, start, portal_url(ports["pages"])
    finally:
        await child.stop(STOP_GRACE_S)
        server.close()


async def ask(url: str) -> None:
    """Send a question with a letter; no answer comes from a portal that dies over it."""
    async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as browser:
        page = await browser.get(FORM)
        fields = {
            "ticket": TICKET.findall(page.text)[-1],
            "subject": "Una carta",
            "text": "La adjunto.",
            "name": "Cliente de Prueba",
            "email": "cliente@example.test",
        }
        body, kind = multipart(fields, [("files", "carta.pdf", "application/pdf", LETTER)])
        # A browser sends secure cookies to localhost without TLS, too; httpx does not.
        cookies = "; ".join(f"{it.name}={it.value}" for it in browser.cookies.jar)
        headers = {"content-type": kind, "sec-fetch-site": "same-origin", "cookie": cookies}
        with pytest.raises(httpx2.TransportError):
            await browser.post(FORM, content=body, headers=headers)


async def dead(child: Child) -> None:
    async with asyncio.timeout(WITHIN_S):
        while child.alive:
            await asyncio.sleep(0.05)


async def told(ends: Endpoints, before: set[tuple[str, int, int]]) -> list[tuple[str, str, Any]]:
    """Every record that came since: its type, its id and its data."""
    found = []
    async for it in records_on(settings_at(ends.kafka_bootstrap_servers), TOPICS):
        if (it.topic, it.partition, it.offset) not in before:
            named = {name: value.decode() for name, value in it.headers}
            found.append((named["ce_type"], named["ce_id"], json.loads(it.value)))
    return found


async def test_a_portal_that_is_killed_over_an_attachment_loses_nothing_and_doubles_nothing(
    running_desk: Desk, tmp_path: Path
) -> None:
    ends = running_desk.endpoints
    settings = settings_at(ends.kafka_bootstrap_servers)
    before = {(it.topic, it.partition, it.offset) async for it in records_on(settings, TOPICS)}
    async with gated(running_desk, tmp_path, [BEFORE, AFTER]) as (gate, child, start, url):
        await start()
        await ask(url)
        await dead(child)
        assert await told(ends, before) == [], "nothing names what the archive does not have"

        child.start()  # its relay hands the letter over, and dies over the answer
        await dead(child)
        assert (gate.deaths, gate.handed_on) == ([], 1)
        assert await told(ends, before) == []

        await start()
        async with asyncio.timeout(WITHIN_S):
            while not {"document.kept.v1", "inquiry.opened.v1"} <= {
                ce_type for ce_type, *_ in await told(ends, before)
            }:
                await asyncio.sleep(0.2)

    records = await told(ends, before)
    ids = Counter(ce_type for ce_type, _ in {(ce_type, ce_id) for ce_type, ce_id, _ in records})
    assert ids["submission.inquiry.v1"] == ids["document.received.v1"] == 1
    assert ids["document.kept.v1"] == ids["inquiry.opened.v1"] == 1
    data = {ce_type: data for ce_type, _, data in records}
    assert data["inquiry.opened.v1"]["documents"] == [data["document.kept.v1"]["document_id"]]
    assert data["document.kept.v1"]["document_id"] == data["document.received.v1"]["document_id"]
