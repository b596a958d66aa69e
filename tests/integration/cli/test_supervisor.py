"""`desk up`: what it starts stays up, and goes when it goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from desk.local.child import ChildError
from desk.local.supervisor import desk_up
from shared.events.topics import SERVICES
from shared.operations.service_health import health_of, is_healthy
from tests.builders.desk_command import COMMAND, desk, environment

UP_WITHIN_S = 90.0


async def until_restarted(name: str, said: list[str]) -> None:
    """Until the supervisor has told of the death."""
    async with asyncio.timeout(90):
        while not any(line.startswith(name) for line in said):
            await asyncio.sleep(0.05)


@pytest.fixture
async def command(tmp_path: Path) -> asyncio.subprocess.Process:
    """`desk up` in a folder of its own, once it says that the desk is open."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "up",
        cwd=tmp_path,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(UP_WITHIN_S):
        async for line in process.stdout:
            if b"The desk is open" in line:
                break
    return process


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


async def test_addresses_are_kept_from_one_run_to_the_next(tmp_path: Path) -> None:
    async with desk_up(tmp_path) as running:
        first = {name: service.port for name, service in running.services.items()}
        page = await health_of(running.services["cancellation"].health_url)
        assert page is not None
        assert page["service"] == "cancellation"
    async with desk_up(tmp_path) as running:
        assert {name: service.port for name, service in running.services.items()} == first


async def test_a_service_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="ended") as told:
        async with desk_up(tmp_path, overrides={"BATCH_MAX_RECORDS": "none"}):
            pass

    assert "BATCH_MAX_RECORDS" in str(told.value)


async def test_up_stops_cleanly_on_sigterm(
    tmp_path: Path, command: asyncio.subprocess.Process
) -> None:
    ports = json.loads((tmp_path / ".desk" / "ports.json").read_text())
    urls = [f"http://127.0.0.1:{ports[name]}/health" for name in SERVICES]
    assert [await is_healthy(url) for url in urls] == [True] * len(SERVICES)

    command.send_signal(signal.SIGTERM)
    out, _ = await asyncio.wait_for(command.communicate(), 60)

    assert command.returncode == 0, out.decode()
    assert b"Stopped." in out
    assert [await health_of(url) for url in urls] == [None] * len(SERVICES)


async def test_a_second_up_in_the_same_folder_says_what_to_do(
    tmp_path: Path, command: asyncio.subprocess.Process
) -> None:
    second = await desk("up", cwd=tmp_path)

    command.send_signal(signal.SIGINT)
    await asyncio.wait_for(command.communicate(), 60)
    assert second.code == 1
    assert "is in use: stop the `desk` that runs there or take another directory" in second.err
    assert command.returncode == 0


async def test_endpoints_hold_exactly_the_agreed_keys(
    tmp_path: Path, command: asyncio.subprocess.Process
) -> None:
    noted = json.loads((tmp_path / ".desk" / "endpoints.json").read_text())

    command.send_signal(signal.SIGTERM)
    await asyncio.wait_for(command.communicate(), 60)
    assert sorted(noted) == [
        "internal",
        "internal_credential",
        "kafka_bootstrap_servers",
        "mailbox",
        "mongo_url",
        "portal",
        "smtp_url",
    ]
