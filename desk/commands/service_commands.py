"""Starts a service's own command on its own records: `python -m services.<name> verify`.

It works while the service is stopped.
"""

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
from shared.operations.database import client_of
from shared.outage import Forbidden, Outage
from shared.settings import DEVELOPMENT_DEFAULTS

OUTAGES = {os.EX_UNAVAILABLE: Outage, os.EX_NOPERM: Forbidden}
"""By exit code: what a service's command could not reach, or was not let in to."""
VERIFY = ("verify",)
COMPARE = ("verify", "--topics")
RESTORE = ("restore",)
PARTNER, STAFF = "partner", "staff"
NO_KEYS = frozenset({"verify", PARTNER, STAFF})
"""Commands that need no key or address of the service's: they decide and publish nothing."""


async def answers_of(
    command: Sequence[str], where: Where, services: Sequence[str] = SERVICES
) -> list[Any]:
    """Runs a command of each service. Returns or raises when all of them have ended.

    Raises `DeskError` where one cannot do it, `Outage` or `WrongDatabaseUrl` where it cannot read.
    """
    client_of(where.mongo_address).close()  # refuses a wrong URL before anything starts
    said = await asyncio.gather(
        *(_answer(command, name, where) for name in services), return_exceptions=True
    )
    for answer in said:
        if isinstance(answer, BaseException):
            raise answer
    return said


async def _answer(command: Sequence[str], service: str, where: Where) -> Any:
    environment = {**os.environ, "MONGO_URL": where.mongo_address}
    if command in (COMPARE, RESTORE):
        environment["KAFKA_BOOTSTRAP_SERVERS"] = where.kafka_address
    if command[0] in NO_KEYS or (where.directory / ENDPOINTS_FILE).exists():
        environment[DEVELOPMENT_DEFAULTS] = "true"
    process = await asyncio.create_subprocess_exec(
        # -P: a folder `services` where the command is typed must not be taken for ours.
        *(sys.executable, "-P", "-m", f"services.{service}", *command),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    if not said:
        words = complaint.decode(errors="replace").strip() or f"exit code {process.returncode}"
        if (outage := OUTAGES.get(process.returncode or 0)) is not None:
            dependency, _, why = words.removeprefix("error: ").partition(": ")
            raise outage(dependency, why)
        raise DeskError(f"{service} cannot {command[0]}: {words}", code=FAILED)
    return json.loads(said)
