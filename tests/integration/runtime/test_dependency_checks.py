"""An idle service says that a dependency is down, and resumes by itself when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.runtime.wiring import Runtime
from tests.infra import resolved
from tests.integration.runtime import toy
from tests.integration.runtime.servers import Servers, own_servers
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

pytestmark = pytest.mark.long("servers of their own, stopped and frozen")


@pytest.fixture
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Servers]:
    choice = resolved(request.config.getoption("--infra"))
    async with own_servers(choice, tmp_path / "servers") as found:
        yield found


async def until(runtime: Runtime, status: str) -> None:
    async with asyncio.timeout(90):
        while runtime.health.status != status:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("dependency", ["kafka", "mongodb"])
@pytest.mark.parametrize(("lose", "regain"), [("stop", "start_again"), ("freeze", "thaw")])
async def test_an_idle_service_names_what_is_away_and_recovers_without_restart(
    servers: Servers, dependency: str, lose: str, regain: str
) -> None:
    settings = settings_for(servers.endpoints, "idle", pulse_seconds=0.2)
    async with running(toy.build(), settings) as runtime:
        await asyncio.sleep(0.5)
        before = runtime.health.status
        await getattr(servers, lose)(dependency)
        try:
            await until(runtime, "degraded")
            await asyncio.sleep(1)
            away, batches = set(runtime.health.away), runtime.health.batches
        finally:
            await getattr(servers, regain)(dependency)
        await until(runtime, "ok")
        registry = runtime.health.metrics.registry
        counted = registry.get_sample_value("desk_outages_total", {"dependency": dependency})
        async with outsider(servers.endpoints) as client:
            answers = await client.watch("desk.rejections")
            body = {"customer_id": "C-idle", "text": "hello"}
            headers = event_headers("submission.inquiry.v1", "i-1")
            await client.publish("desk.submissions", "C-idle", body, headers)
            [answer] = await collect(answers, 1, "C-idle", within=60)
    assert (before, away, batches, counted) == ("ok", {dependency}, 0, 1)
    assert headers_of(answer)["ce_causationid"] == "i-1"
