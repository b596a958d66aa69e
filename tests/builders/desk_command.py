"""The `desk` command as a person runs it, and events as a person writes them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.operations.rights import OPERATORS
from tests.builders.preloaded_command import forked
from tests.builders.users import environment_of

ENVIRONMENT = ("KAFKA_BOOTSTRAP_SERVERS", "MONGO_URL", "SMTP_URL", "COLUMNS", "FORCE_COLOR")
COMMAND = str(Path(sys.executable).with_name("desk"))
WITHIN_S = 180.0
"""`desk verify` starts four processes; on a busy machine that has taken over a minute."""


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """An operator's, without what would point to another desk or change the layout."""
    own = {name: v for name, v in os.environ.items() if name not in ENVIRONMENT}
    return own | environment_of(OPERATORS) | more


async def desk(
    *arguments: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None
) -> Ran:
    """Run `desk …` in `cwd` to its end. Raises TimeoutError."""
    async with asyncio.timeout(WITHIN_S):
        asked = environment(**(env or {}))
        return Ran(*await forked(arguments, cwd=cwd, env=asked, stdin=stdin))


def contract(number: str, customer: str, kind: str = "monthly_licence") -> dict[str, Any]:
    """A registry's contract record, as a file for `desk publish` holds it."""
    return {
        "ce_type": "registry.contract_recorded.v1",
        "data": {
            "contract_number": number,
            "customer_id": customer,
            "type": kind,
            "title": "Contrato de Prueba",
            "starts_on": "2025-01-01",
            "auto_renewal": False,
        },
    }
