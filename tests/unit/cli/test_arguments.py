"""The command line of `desk`: what may be typed, and what is said otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from desk.arguments.submission_fields import KINDS
from desk.arguments.submit import with_seconds
from desk.cli import app
from desk.commands.errors import DeskError
from shared.events.topics import TOPICS


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        (["--wait"], ["--wait", "15"]),
        (["--wait", "2.5"], ["--wait", "2.5"]),
        (["--wait", "--json"], ["--wait", "15", "--json"]),
        (["--wait", "request.json"], ["--wait", "15", "request.json"]),
        (["--wait=30"], ["--wait=30"]),
        (["--text", "wait"], ["--text", "wait"]),
        ([], []),
    ],
)
def test_wait_may_stand_without_a_number(typed: list[str], understood: list[str]) -> None:
    assert with_seconds(typed) == understood


def test_every_submission_type_has_a_kind() -> None:
    assert {ce_type for ce_type, _ in KINDS.values()} == {
        event.ce_type for event in TOPICS["desk.submissions"].events
    }


def test_a_mistyped_kind_is_told_with_the_near_ones() -> None:
    ended = CliRunner().invoke(app, ["submit", "cancelation"])

    assert isinstance(ended.exception, DeskError)
    assert "did you mean cancellation" in str(ended.exception)


@pytest.mark.parametrize("command", ["up", "doctor", "verify", "inquiry", "mail", "publish"])
def test_every_command_explains_itself_in_80_columns(command: str) -> None:
    ended = CliRunner().invoke(app, [command, "--help"], terminal_width=80)

    assert ended.exit_code == 0
    assert max(map(len, ended.output.splitlines())) <= 80


def test_only_commands_that_ask_the_database_take_its_address() -> None:
    """The others ask the services alone: an option without effect would mislead."""
    takers = {name for name, options in _below("", get_command(app)) if "--mongo" in options}

    partners = {f"partner {act}" for act in ("add", "grant", "list", "revoke")}
    staff = {f"staff {act}" for act in ("add", "list", "remove", "roles")}
    assert takers == {"case", "doctor", "restore", "up", "verify", *partners, *staff}


def _below(name: str, command: Any) -> Iterator[tuple[str, set[str]]]:
    """Each command with its options; typer's own copies of click's classes have no public name."""
    for word, below in getattr(command, "commands", {}).items():
        yield from _below(f"{name} {word}".strip(), below)
    yield name, {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_submission_takes_the_common_options(kind: str) -> None:
    ended = CliRunner().invoke(app, ["submit", kind, "--help"])

    assert ended.exit_code == 0
    assert "--received-at" in ended.output
    assert "--wait" in ended.output


def test_a_submission_without_its_customer_is_not_sent() -> None:
    ended = CliRunner().invoke(app, ["submit", "withdrawal", "--contract", "K-1"])

    assert ended.exit_code == 2
    assert "--customer" in ended.stderr


def test_a_preview_date_that_is_none_is_told() -> None:
    ended = CliRunner().invoke(
        app, ["cancellation", "preview", "K-1", "--requested-end", "31/01/2027"]
    )

    assert isinstance(ended.exception, DeskError)
    assert "write it like 2027-01-31" in str(ended.exception)


def test_the_version_is_told() -> None:
    ended = CliRunner().invoke(app, ["--version"])

    assert ended.output.startswith("contract-desk ")
