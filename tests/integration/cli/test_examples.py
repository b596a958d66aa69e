"""The two example programs, as somebody elsewhere would run them, against a running desk."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from desk.local.supervisor import Desk
from tests.builders.desk_command import contract, desk
from tests.builders.users import environment_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = Path(__file__).parents[3] / "examples"
WITHIN_S = 45.0
NUMBER, CUSTOMER = "EX-1", "C-ex-1"


async def start(name: str, *arguments: str, cwd: Path, user: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLES / name), *arguments),
        cwd=cwd,
        env=os.environ | environment_of(user),
        stdout=PIPE,
        stderr=PIPE,
    )


async def subscribe(bootstrap: str, book: Path) -> Process:
    return await start(
        "billing_subscriber.py", bootstrap, str(book), cwd=book.parent, user="billing"
    )


async def says(subscriber: Process, line: str) -> None:
    """Return once the subscriber has printed this about the contract."""
    assert subscriber.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        async for raw in subscriber.stdout:
            if raw.decode().strip() == f"{NUMBER} {line}":
                return
    raise AssertionError(f"it ended without saying: {line}")


def known(file: Path) -> Any:
    return json.loads(file.read_text())["contracts"].get(NUMBER)


async def until_known(file: Path, last_billable_on: str | None) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (known(file) or {}).get("last_billable_on") != last_billable_on:
            await asyncio.sleep(0.1)


async def test_a_channel_asks_and_billing_stops_charging_also_after_a_kill(
    here: Path, running: Desk
) -> None:
    bootstrap, book = running.endpoints.kafka_bootstrap_servers, here / "billing.json"
    published = await desk("publish", "-", cwd=here, stdin=json.dumps(contract(NUMBER, CUSTOMER)))
    assert published.code == 0, published.err
    subscriber = await subscribe(bootstrap, book)
    channel = await start("channel.py", bootstrap, CUSTOMER, NUMBER, cwd=here, user="channels")
    out, err = await channel.communicate()
    told = out.decode()
    assert told.startswith("opened: INQ-"), err.decode()
    assert "scheduled: " in told

    async with asyncio.timeout(WITHIN_S):
        while not book.exists() or not known(book):
            await asyncio.sleep(0.1)
        while (last := known(book)["last_billable_on"]) is None:
            await asyncio.sleep(0.1)
    await says(subscriber, f"charge until {last}")
    subscriber.kill()
    await subscriber.wait()

    withdrawn = await desk(
        *("submit", "withdrawal", "--customer", CUSTOMER, "--contract", NUMBER, "--wait", "30"),
        cwd=here,
    )
    assert withdrawn.code == 0, withdrawn.err
    subscriber = await subscribe(bootstrap, book)
    try:
        await says(subscriber, "charge on")
        await until_known(book, None)
    finally:
        subscriber.kill()
        await subscriber.wait()
