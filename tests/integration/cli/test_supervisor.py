"""`desk up`: what it starts stays up, and goes when it goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from desk.local.child import ChildError
from desk.local.supervisor import desk_up
from shared.events.topics import SERVICES
from shared.operations.service_health import health_of, is_healthy
from tests.builders.desk_command import COMMAND, Ran, desk, environment

pytestmark = pytest.mark.long("four desks of their own, killed and stopped")

UP_WITHIN_S = 240.0


async def until_restarted(name: str, said: list[str]) -> None:
    """Until the supervisor has told of the death."""
    async with asyncio.timeout(90):
        while not any(line.startswith(name) for line in said):
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Run:
    """Describes one `desk up`: its services while it was open, and how it ended when told to."""

    endpoints: Mapping[str, Any]
    ports: Mapping[str, int]
    services: Sequence[str]
    """Who answered healthy at the services' ports, in the order of `SERVICES`."""
    second: Ran
    """Another `desk up` in the same folder, at that time."""
    code: int | None
    out: str
    left: Sequence[object]
    """The health pages' answers after the end."""


async def started(folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        COMMAND,
        "up",
        cwd=folder,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def until_open(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(UP_WITHIN_S):
        async for line in process.stdout:
            if b"The desk is open" in line:
                break


async def run_until(told: signal.Signals, folder: Path) -> Run:
    process = await started(folder)
    try:
        await until_open(process)
        endpoints = json.loads((folder / ".desk" / "endpoints.json").read_text())
        ports = json.loads((folder / ".desk" / "ports.json").read_text())
        urls = [f"http://127.0.0.1:{ports[name]}/health" for name in SERVICES]
        pages = [await health_of(url) for url in urls if await is_healthy(url)]
        second = await desk("up", cwd=folder)
        process.send_signal(told)
        out, _ = await asyncio.wait_for(process.communicate(), 120)
    finally:
        if process.returncode is None:
            process.kill()
    return Run(
        endpoints,
        ports,
        [page["service"] for page in pages if page],
        second,
        process.returncode,
        out.decode(),
        [await health_of(url) for url in urls],
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """`desk up` twice in one folder: ended by Ctrl-C, then as a service manager ends it."""
    folder = tmp_path_factory.mktemp("up")
    first = await run_until(signal.SIGINT, folder)
    return first, await run_until(signal.SIGTERM, folder)


async def test_killed_services_and_infrastructure_come_back_at_the_same_addresses(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    async with desk_up(tmp_path, overrides={"MAX_PAUSE_SECONDS": "1"}, say=said.append) as running:
        intake = running.services["inquiry_intake"]
        first = intake.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        running.stack.children["database"].kill()
        running.stack.children["broker"].kill()
        await until_restarted("inquiry_intake", said)
        await until_restarted("database", said)
        await until_restarted("broker", said)
        await asyncio.sleep(1)
        await running.healthy(within_s=60)

        assert intake.pid != first
        assert intake.restarts >= 1
        assert any(line.startswith("inquiry_intake was killed by SIGKILL") for line in said)
    assert not any(service.watched.child.alive for service in running.services.values())
    assert not any(child.alive for child in running.stack.children.values())


def test_addresses_are_kept_from_one_run_to_the_next(runs: tuple[Run, Run]) -> None:
    first, next_ = runs
    assert next_.ports == first.ports
    assert [run.services for run in runs] == [list(SERVICES)] * 2


async def test_a_service_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="ended") as told:
        async with desk_up(tmp_path, overrides={"BATCH_MAX_RECORDS": "none"}):
            pass

    assert "BATCH_MAX_RECORDS" in str(told.value)


def test_up_stops_cleanly_on_sigint_and_sigterm(runs: tuple[Run, Run]) -> None:
    for run in runs:
        assert run.code == 0, run.out
        assert "Stopped." in run.out
        assert run.left == [None] * len(SERVICES)


def test_a_second_up_in_the_same_folder_says_what_to_do(runs: tuple[Run, Run]) -> None:
    for run in runs:
        assert run.second.code == 1
        assert (
            "is in use: stop the `desk` that runs there or take another directory" in run.second.err
        )


def test_endpoints_hold_exactly_the_agreed_keys(runs: tuple[Run, Run]) -> None:
    assert sorted(runs[0].endpoints) == [
        "console",
        "internal",
        "internal_credential",
        "kafka_bootstrap_servers",
        "mailbox",
        "mongo_url",
        "portal",
        "smtp_url",
    ]
