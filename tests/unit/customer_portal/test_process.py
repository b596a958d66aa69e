"""A portal process: how it begins, what it does without broker and database, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from services.customer_portal import __main__ as portal_command
from services.customer_portal import service
from services.customer_portal.api import __main__ as description_command
from services.customer_portal.service import Process, run_until_stopped
from services.customer_portal.settings import Settings
from shared.mongo.client import connect
from shared.runtime.projections import generations
from shared.web import server
from tests.builders.few_documents import FewDocuments
from tests.builders.portal import portal_of_few

NOWHERE = "127.0.0.1:1"
DESCRIPTION = Path(__file__).parents[3] / "docs/openapi.json"


@pytest.mark.parametrize("creates", [True, False])
async def test_topics_are_created_only_where_the_portal_may(
    creates: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[Settings]()

    async def created(settings: Settings) -> None:
        asked.append(settings)

    monkeypatch.setattr(service, "create_missing_topics", created)
    with portal_of_few(create_topics=creates) as portal:
        *steps, _start_of_the_publisher = service._starting_steps(portal.process)
        for step in steps:
            await step()

    assert len(asked) == creates


async def test_without_broker_and_database_pages_are_there_and_the_process_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serving, processes, wired = list[server.PageServer](), list[Process](), service.wire

    class Pages(server.PageServer):
        """Leaves pytest's signals alone."""

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            serving.append(self)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    def wire(settings: Settings) -> Process:
        processes.append(wired(settings))
        return processes[0]

    monkeypatch.setattr(server, "PageServer", Pages)
    monkeypatch.setattr(service, "wire", wire)
    monkeypatch.setattr(service, "connect", lambda url: connect(url, timeout_ms=100))
    settings = Settings(
        mongo_url=f"mongodb://{NOWHERE}", kafka_bootstrap_servers=NOWHERE, web_port=0
    )
    running = asyncio.create_task(run_until_stopped(settings))
    while not (serving and serving[0].started and "mongodb" in processes[0].health.away):
        await asyncio.sleep(0.01)
    port = serving[0].servers[0].sockets[0].getsockname()[1]
    async with httpx2.AsyncClient(trust_env=False) as browser:
        home = await browser.get(f"http://127.0.0.1:{port}/es")
    serving[0].handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(60):
        await running

    assert home.status_code == 200
    assert processes[0].health.phase == "stopping"


async def test_a_rebuild_that_is_asked_for_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    views = FewDocuments()
    monkeypatch.setattr(generations, "Database", lambda *_a, **_k: views)

    asked = [await service.rebuild(Settings()) for _ in range(2)]

    assert asked == [2, 2]


def test_the_command_runs_rebuilds_and_registers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = list[object]()

    async def rebuilt(_settings: Settings) -> int:
        return 7

    async def answered(_settings: Settings, asked: str) -> object:
        return json.loads(asked)

    monkeypatch.setenv("DEVELOPMENT_DEFAULTS", "true")
    monkeypatch.setattr(portal_command, "run", ran.append)
    monkeypatch.setattr(portal_command, "rebuild", rebuilt)
    monkeypatch.setattr(portal_command, "command", SimpleNamespace(answer=answered))

    portal_command.main()
    portal_command.main("rebuild")
    portal_command.main("partner", '{"act": "list"}')

    assert len(ran) == 1
    assert capsys.readouterr().out.splitlines() == [
        "generation 7 is being built; the pages go over to it",
        '{"act": "list"}',
    ]


def test_the_described_api_is_the_one_of_the_documentation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    description_command.main()

    assert capsys.readouterr().out == DESCRIPTION.read_text("utf-8")
