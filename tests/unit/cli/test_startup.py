"""A command starts at once: what takes time to load is loaded by the work, not by the options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import typer

from desk.cli import app

SLOW = (
    "aiokafka",
    "bson",
    "faststream",
    "jinja2",
    "motor",
    "pydantic",
    "pymongo",
    "reportlab",
    "rich",
    "structlog",
)
OURS = ("shared.events.values", "shared.settings", "desk.local", "services")
EACH_HELP = """
import contextlib, io, json, sys
from desk.cli import app
loaded = {{}}
for command in json.loads({commands!r}):
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as shown:
        app([*command.split(), "--help"])
    assert shown.getvalue().startswith("Usage:"), command
    loaded[command] = [name for name in {names!r} if name in sys.modules]
print(json.dumps(loaded))
"""
SCRIPT = """
import sys
from desk.cli import app
try:
    app({arguments!r}, prog_name="desk")
except SystemExit:
    pass
print([name for name in {names!r} if name in sys.modules], file=sys.stderr)
"""
WITHOUT_WORKAROUNDS = """
import sys
from typing import Annotated
import typer
app = typer.Typer()
@app.command()
def command(option: Annotated[str | None, typer.Option()] = None): pass
try:
    app([])
except SystemExit:
    pass
print("pydantic" in sys.modules)
"""


def every_command() -> list[str]:
    return list(_names_below("", typer.main.get_command(app)))


def _names_below(name: str, command: object) -> Iterator[str]:
    yield name
    for below, its in getattr(command, "commands", {}).items():
        yield from _names_below(f"{name} {below}".strip(), its)


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def loaded_by(*arguments: str) -> str:
    script = SCRIPT.format(arguments=list(arguments), names=(*SLOW, *OURS))
    return run(script).stderr.strip()


def test_no_commands_help_loads_what_is_slow() -> None:
    commands = every_command()
    assert {"submit cancellation", "dead-letters replay", "acl kafka"} <= set(commands)
    script = EACH_HELP.format(commands=json.dumps(commands), names=(*SLOW, *OURS))

    assert json.loads(run(script).stdout) == {command: [] for command in commands}


def test_completion_in_a_shell_loads_nothing_slow() -> None:
    completing = {"_DESK_COMPLETE": "complete_bash", "COMP_CWORD": "4"}
    script = SCRIPT.format(arguments=[], names=(*SLOW, *OURS))
    completed = run(script, COMP_WORDS="desk mail --to anna --lan", **completing)

    assert (completed.stdout.strip(), completed.stderr.strip()) == ("--language", "[]")


def test_typer_alone_would_load_pydantic_for_an_option_that_is_not_given() -> None:
    """Once this fails, `convert_without_pydantic` is not needed any more."""
    assert run(WITHOUT_WORKAROUNDS).stdout.strip() == "True"


def test_looking_at_mails_loads_nothing_slow(tmp_path: object) -> None:
    needed = {"pydantic", "rich"}  # typer converts the path, rich shows the table
    loaded = json.loads(loaded_by("mail", "--mailbox", str(tmp_path)).replace("'", '"'))

    assert set(loaded) <= needed


def test_wrong_use_loads_nothing_slow() -> None:
    assert loaded_by("submit", "withdrawal", "--contract", "K-1").endswith("[]")


def test_the_module_is_the_command_too() -> None:
    """Audits run it so: what prints nothing and ends with 0 would prove nothing."""
    ran = subprocess.run(
        [sys.executable, "-m", "desk.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("contract-desk ")
