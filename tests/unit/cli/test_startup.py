"""A command starts at once: what takes time to load is loaded by the work, not by the options."""

from __future__ import annotations

import subprocess
import sys

import pytest

from desk.commands.submission_fields import KINDS

SLOW = ("aiokafka", "bson", "faststream", "jinja2", "motor", "pymongo", "reportlab", "structlog")
OURS = ("shared.events.values", "shared.settings", "desk.embedded", "services")
COMMANDS = [
    "",
    "up",
    "demo",
    "inquiry",
    "mail",
    "publish",
    "verify",
    "doctor",
    "cancellation preview",
    *(f"submit {kind}" for kind in sorted(KINDS)),
    *(f"dead-letters {act}" for act in ("list", "show", "replay", "edit", "discard")),
]
SCRIPT = """
import sys
from desk.cli import app
try:
    app({arguments!r})
except SystemExit:
    pass
print([name for name in {names!r} if name in sys.modules], file=sys.stderr)
"""


def loaded_by(*arguments: str) -> str:
    script = SCRIPT.format(arguments=list(arguments), names=(*SLOW, *OURS))
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return ran.stderr.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_commands_help_loads_nothing_slow(command: str) -> None:
    assert loaded_by(*command.split(), "--help") == "[]"


def test_looking_at_mails_loads_nothing_slow(tmp_path: object) -> None:
    assert loaded_by("mail", "--mailbox", str(tmp_path)) == "[]"


def test_wrong_use_loads_nothing_slow() -> None:
    assert loaded_by("submit", "withdrawal", "--contract", "K-1").endswith("[]")
