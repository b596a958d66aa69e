"""Starts a service's own command on its own records: `python -m services.<name> verify`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from desk.commands.addresses import ENDPOINTS_FILE, Where
from desk.commands.errors import FAILED, DeskError
from shared.events.topics import SERVICES
from shared.settings import DEVELOPMENT_DEFAULTS


async def answers_of(
    command: str, where: Where, services: Sequence[str] = SERVICES
) -> list[dict[str, Any]]:
    """What each service says. Raises `DeskError` where one cannot do it."""
    return await asyncio.gather(*(_answer(command, name, where) for name in services))


async def _answer(command: str, service: str, where: Where) -> dict[str, Any]:
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": where.kafka_address,
        "MONGO_URL": where.mongo_address,
    }
    if (where.directory / ENDPOINTS_FILE).exists():
        environment[DEVELOPMENT_DEFAULTS] = "true"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{service}", command),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    if not said:
        words = complaint.decode(errors="replace").strip() or f"exit code {process.returncode}"
        raise DeskError(f"{service} cannot {command}: {words}", code=FAILED)
    answer: dict[str, Any] = json.loads(said)
    return answer
